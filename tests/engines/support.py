"""A dump with faults, what one run says of it, and a command that kills whoever started it, once."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("BATCHLINT_BIN") or ROOT / "target" / "debug" / "batchlint").resolve()
SPEC = """framework = "torch"

[batch]
size = 4

[inputs.x]
dtype = "float32"
shape = ["batch", 3]
values = { min = 0, max = 1 }

[targets.y]
dtype = "int64"
shape = ["batch"]
classes = 3
"""
# The command as it is, but for the first time that shard 3, or a list with that file, is asked for.
DEADLY = """#!/bin/sh
case "$*" in *--shard=3/*|*--shard\\ 3/*) doomed=yes;; *--files-from*) doomed=list;; esac
if [ "$doomed" = list ]; then
    list=$(mktemp); cat >"$list"; exec <"$list"; rm "$list"
    case "$*" in *--shard*) ;; *) [ -e killed ] || doomed=yes;; esac
fi
if [ "$doomed" = yes ] && mkdir killed 2>/dev/null; then
    kill -9 $PPID
    exit 1
fi
exec %s "$@"
"""


def block(name):
    """The text of the block of docs/engines.md that has this name."""
    page = (ROOT / "docs" / "engines.md").read_text("utf-8")
    return re.search(r"^```\w+ %s\n(.*?)^```$" % re.escape(name), page, re.DOTALL | re.MULTILINE).group(1)


class Engine(unittest.TestCase):
    """The working folder is one with a dump, its spec, and the program of the page that `PROGRAM` names."""

    PROGRAM = None

    def setUp(self):
        held = tempfile.TemporaryDirectory()
        self.addCleanup(held.cleanup)
        self.folder = pathlib.Path(held.name)
        before = os.getcwd()
        os.chdir(held.name)
        self.addCleanup(os.chdir, before)
        (self.folder / "batchlint.toml").write_text(SPEC)
        (self.folder / "dump" / "deep").mkdir(parents=True)
        rng = np.random.default_rng(0)
        for index in range(60):
            x = rng.random((4, 3)).astype(np.float64 if index % 9 == 0 else np.float32)
            y = rng.integers(0, 3, 4)
            if index == 17:
                y[1] = 7
            if index == 23:
                x[2, 1] = np.nan
            np.savez("dump/batch_%03d.npz" % index, x=x, y=y)
            np.save("dump/deep/x_%d.npy" % index, x)
            np.save("dump/deep/y_%d.npy" % index, y)
        (self.folder / "dump" / "batch_030.npz").write_bytes(b"")
        os.symlink("nowhere", "dump/gone.npy")
        bin = self.folder / "bin"
        bin.mkdir()
        (bin / "batchlint").write_text(DEADLY % BINARY)
        (bin / "batchlint").chmod(0o755)
        self.facts = self.command("inspect", "dump", "--format", "jsonl")
        self.report = self.command("check", "dump", "--format", "json")
        paths = [str(bin), os.path.dirname(sys.executable), os.environ["PATH"]]
        self.environment(
            PATH=os.pathsep.join(paths),
            BATCHLINT_BIN=str(bin / "batchlint"),
            PYTHONPATH=os.pathsep.join([held.name, str(ROOT / "python")]),
        )
        if self.PROGRAM:
            (self.folder / self.PROGRAM).write_text(block(self.PROGRAM))
        for folder in (held.name, str(ROOT / "python")):
            sys.path.insert(0, folder)
            self.addCleanup(sys.path.remove, folder)
        if self.PROGRAM and self.PROGRAM.endswith(".py"):
            name = self.PROGRAM[:-3]
            self.program = __import__(name)
            self.addCleanup(sys.modules.pop, name)

    def environment(self, **values):
        before = {name: os.environ.get(name) for name in values}
        os.environ.update(values)

        def restore():
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})

        self.addCleanup(restore)

    def command(self, *words, stdin=b"", codes=(0, 1)):
        done = subprocess.run(
            [str(BINARY)] + list(words), input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self.assertIn(done.returncode, codes, done.stderr.decode())
        return done.stdout

    def is_the_single_run(self, facts):
        """Whether these bytes are the facts of one run, and are judged like the files. Somebody was killed before."""
        self.assertTrue(os.path.isdir("killed"), "nobody was killed")
        self.assertEqual(facts.decode("utf-8"), self.facts.decode("utf-8"))
        judged = self.command("check", "--format", "json", "--facts", "-", stdin=facts)
        self.assertEqual(judged.decode("utf-8"), self.report.decode("utf-8"))
        self.assertTrue(b"`y` holds labels outside 0 to 2" in self.report, "the dump has no fault")
