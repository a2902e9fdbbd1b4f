"""The real libraries, the real binary: $BATCHLINT_BIN, or that of `cargo build`."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
sys.path.insert(0, str(ROOT / "python"))
os.environ.setdefault("BATCHLINT_BIN", str(ROOT / "target" / "debug" / "batchlint"))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")


class Run:
    """One `batchlint run`: `code`, `report` (the JSON document), `said` (stderr), `findings` {rule:
    diagnostic}.
    """

    def __init__(self, folder, *arguments):
        done = subprocess.run(
            [os.environ["BATCHLINT_BIN"], "run", "--python", sys.executable, "--format", "json", *arguments],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
            timeout=300,
        )
        self.code, self.said = done.returncode, done.stderr
        self.report = json.loads(done.stdout) if done.stdout else {}
        self.findings = {one["rule"]: one for one in self.report.get("diagnostics", ())}

    def __repr__(self):
        return "exit %s, %s\n%s\n%s" % (
            self.code,
            sorted(self.findings),
            self.report.get("errors"),
            self.said,
        )


@pytest.fixture
def program(tmp_path):
    """`program(**files)(target, *arguments)`: writes NAME.py files in a new folder and runs one of them
    there.
    """

    def written(**files):
        for name, text in files.items():
            (tmp_path / (name + ".py")).write_text(text)
        return lambda *arguments: Run(tmp_path, *arguments)

    return written


@pytest.fixture
def example(tmp_path):
    """Runs an example in a copy of the folder that has no spec."""
    for path in EXAMPLES.glob("*.py"):
        shutil.copy(path, tmp_path)
    return lambda *arguments: Run(tmp_path, *arguments)


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    """No batchlint.toml of this repository applies."""
    monkeypatch.chdir(tmp_path)
