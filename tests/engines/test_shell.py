"""docs/engines.md without an engine: xargs, a Slurm array, an indexed job of Kubernetes."""

import os
import pathlib
import subprocess
import unittest

import yaml
from support import Engine, block


class Shell(Engine):
    PROGRAM = "scan.sh"

    def sh(self, text, codes=(0,), **more):
        done = subprocess.run(
            ["sh", "-c", text],
            env=dict(os.environ, **more),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            universal_newlines=True,
        )
        self.assertIn(done.returncode, codes, done.stdout)
        return done.stdout

    def merged(self, *parts):
        words = [str(part) for part in parts] or sorted(str(path) for path in pathlib.Path("facts").iterdir())
        return self.command("merge", *words)

    def test_xargs(self):
        # The one that kills its parent would kill xargs: the first run is lost, and the second one makes up for it.
        self.sh(block("scan.sh"), codes=(-9, 2, 123, 137))
        said = self.sh(block("scan.sh"), codes=(1,))
        self.assertIn("label-out-of-range", said)
        self.is_the_single_run(pathlib.Path("all.jsonl").read_bytes())

    def test_a_slurm_array(self):
        self.array("array.sh", "SLURM_ARRAY_TASK_ID", block("array.sh"))

    def test_an_indexed_job_of_kubernetes(self):
        job = yaml.safe_load(block("job.yaml"))
        self.assertEqual(job["spec"]["completionMode"], "Indexed")
        (container,) = job["spec"]["template"]["spec"]["containers"]
        sh, flag, text = container["command"]
        self.assertEqual((sh, flag, job["spec"]["completions"]), ("sh", "-c", 16))
        self.array("job.yaml", "JOB_COMPLETION_INDEX", text)

    def array(self, name, variable, text):
        os.mkdir("facts")
        text = text.replace("/data/", "").replace("/facts/", "facts/")
        failed = [index for index in range(16) if self.code(text, variable, index) != 0]
        self.assertEqual(failed, [3], name)
        files = sorted(str(path) for path in pathlib.Path("facts").iterdir())
        self.assertEqual(len(files), 15)
        done = subprocess.run(["batchlint", "merge"] + files, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual((done.returncode, done.stdout), (2, b""))
        self.assertIn(b"1 of 16 shards is missing: 3", done.stderr)
        for _ in range(2):
            self.assertEqual(self.code(text, variable, 3), 0)
        self.is_the_single_run(self.merged())

    def code(self, text, variable, index):
        return subprocess.run(
            ["sh", "-c", text], env=dict(os.environ, **{variable: str(index)}), stderr=subprocess.DEVNULL
        ).returncode


if __name__ == "__main__":
    unittest.main()
