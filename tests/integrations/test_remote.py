"""Data in a store that speaks S3 as others implemented it: moto, asked by boto3 for what is in it.

Run by scripts/test-integrations. The command is $BATCHLINT_BIN, or that of `cargo build`.
"""

import io
import json
import logging
import os
import pathlib
import subprocess
import tempfile
import unittest

import boto3
import numpy as np
from moto.server import ThreadedMotoServer

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("BATCHLINT_BIN") or ROOT / "target" / "debug" / "batchlint").resolve()
BUCKET = "bkt"
SPEC = """framework = "keras"

[inputs.x]
dtype = "float32"
shape = ["batch", 8]
"""


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def npz(save=np.savez, **arrays):
    file = io.BytesIO()
    save(file, **arrays)
    return file.getvalue()


def dumps():
    """Good and faulty dumps by name."""
    random = np.random.default_rng(0)
    def normal(*shape):
        return random.normal(size=shape).astype("f4")
    found = {"good/x_%d.npy" % n: npy(normal(32, 8)) for n in range(12)}
    found["bad/x_0.npy"] = npy(random.normal(size=(32, 8)))
    found["bad/empty.npy"] = b""
    found["bad/text.npy"] = b"hello" * 9000
    found["bad/cut.npy"] = npy(normal(5000, 8))[:-100]
    found["bad/cut.npz"] = npz(x=normal(1000, 8))[:-100]
    nan = normal(32, 8)
    nan[3, 1] = np.nan
    found["bad/x_1.npy"] = npy(nan)
    found["npz/large.npz"] = npz(x=normal(40000, 8), y=np.arange(40000))
    found["npz/many.npz"] = npz(**{"k%d" % n: normal(50, 20) for n in range(100)})
    found["npz/packed.npz"] = npz(np.savez_compressed, x=normal(40000, 8), y=np.arange(40000))
    found["npz/odd name +%25é&.npz"] = npz(x=normal(3, 8))
    return found


class Remote(unittest.TestCase):
    """A folder with dumps, and a bucket with the same."""

    @classmethod
    def setUpClass(cls):
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        cls.server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)
        host, port = cls.server.get_host_and_port()
        cls.endpoint = "http://%s:%d" % (host, port)
        held = tempfile.TemporaryDirectory()
        cls.addClassCleanup(held.cleanup)
        cls.folder = pathlib.Path(held.name)
        (cls.folder / ".git").mkdir()
        (cls.folder / "batchlint.toml").write_text(SPEC)
        cls.client = boto3.client(
            "s3", endpoint_url=cls.endpoint, aws_access_key_id="a", aws_secret_access_key="b", region_name="us-east-1",
        )
        cls.client.create_bucket(Bucket=BUCKET)
        for name, content in dumps().items():
            (cls.folder / name).parent.mkdir(exist_ok=True)
            (cls.folder / name).write_bytes(content)
            cls.client.put_object(Bucket=BUCKET, Key=name, Body=content)

    def batchlint(self, *arguments, **more):
        """The exit code and what was printed, with addresses as paths and without what depends on them."""
        keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "us-east-1"}
        environment = dict({} if "AWS_ACCESS_KEY_ID" in more else keys, AWS_ENDPOINT_URL=self.endpoint, HOME=str(self.folder))
        environment.update((key, value) for key, value in more.items() if value)
        done = subprocess.run(
            [str(BINARY)] + list(arguments), cwd=str(self.folder), env=environment, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=300,
        )
        self.assertNotIn(b"panicked", done.stderr)
        text = done.stdout.decode("utf-8").replace("s3://%s/" % BUCKET, "")
        return done.returncode, "\n".join(line for line in text.splitlines() if '"fingerprint"' not in line)

    def same(self, command, paths):
        files = self.batchlint(*(command + paths))
        objects = self.batchlint(*(command + ["s3://%s/%s" % (BUCKET, path) for path in paths]))
        self.assertEqual(files, objects)
        return files

    def test_findings_are_those_of_the_files(self):
        check = ["check", "--format", "json"]
        for command in (check, check + ["--headers-only"]):
            code, text = self.same(command, ["bad", "npz"])
            self.assertEqual(code, 1)
            found = {finding["rule"] for finding in json.loads(text)["diagnostics"]}
            self.assertLessEqual({"unreadable-source", "truncated-array", "missing-input"}, found)
            self.assertEqual("non-finite-values" in found, "--headers-only" not in command)
        self.assertEqual(self.same(check + ["--select", "truncated-array,unreadable-source"], ["good"])[0], 0)

    def test_what_is_saved_is_that_of_the_files(self):
        code, text = self.same(["inspect", "--format", "jsonl"], ["good", "bad", "npz"])
        self.assertEqual(code, 0)
        self.assertEqual(len(text.splitlines()), 1 + len(dumps()))

    def test_globs_find_what_they_find_in_files(self):
        for pattern, count in (("good/x_1*.npy", 3), ("*/x_0.npy", 2), ("**/*.npz", 5)):
            _, text = self.same(["inspect", "--format", "jsonl"], [pattern])
            self.assertEqual(len(text.splitlines()), 1 + count, pattern)

    def test_a_public_bucket_needs_no_credentials(self):
        named = "s3://%s/good" % BUCKET
        code, text = self.batchlint("check", "--anonymous", "--format", "json", "--headers-only", named, AWS_ACCESS_KEY_ID="")
        self.assertEqual(json.loads(text)["coverage"]["sources"], 12)
        self.assertLess(code, 2)

    def test_what_is_not_there_is_told(self):
        for address, message in (
            ("s3://%s/good/other.npy" % BUCKET, "object does not exist"),
            ("s3://other/x.npy", "bucket does not exist"),
            ("s3://other/folder", "bucket does not exist"),
        ):
            code, text = self.batchlint("check", "--format", "json", address)
            self.assertEqual((code, json.loads(text)["diagnostics"][0]["message"]), (1, message), address)


if __name__ == "__main__":
    unittest.main()
