"""The pytest plugin, as a test run sees it. Needs pytest and the binary."""

import importlib.util
import os
import subprocess
import sys
import tempfile
import textwrap
import unittest

from listener import ROOT, Listener

BINARY = os.environ.get("BATCHLINT_BIN")

TESTS = """
    import numpy as np
    import pytest

    def batches(dtype):
        for _ in range(3):
            yield np.random.rand(4, 3).astype(dtype), np.arange(4) % 2

    def test_clean(batchlint):
        report = batchlint.check(batches("float32"), "spec.toml")
        assert report.coverage.batches == 3

    def test_dtype(batchlint):
        batchlint.check(batches("float64"), "spec.toml", level="warning")

    def test_below_the_level(batchlint):
        assert batchlint.check(batches("float64"), "spec.toml").at_least("warning")

    def test_nothing(batchlint):
        batchlint.check(iter(()), "spec.toml")
"""

SPEC = """
    framework = "keras"
    [inputs.x]
    dtype = "float32"
    shape = ["batch", 3]
    [targets.y]
    dtype = "integer"
    shape = ["batch"]
"""


@unittest.skipUnless(BINARY and importlib.util.find_spec("pytest"), "needs pytest, and BATCHLINT_BIN")
class Plugin(unittest.TestCase):
    def run_pytest(self, *arguments):
        environment = dict(
            os.environ, PYTHONPATH=os.path.join(ROOT, "python"), PYTEST_DISABLE_PLUGIN_AUTOLOAD="1"
        )
        # With one of these set, pytest ends with every failure's whole text once more.
        for name in ("CI", "BUILD_NUMBER"):
            environment.pop(name, None)
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "batchlint.pytest_plugin", "-p", "no:cacheprovider", "-q"]
            + list(arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            universal_newlines=True,
            cwd=os.path.dirname(os.path.abspath(__file__)),
        )

    def test_findings_fail_the_test_with_the_report(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in (("test_it.py", TESTS), ("spec.toml", SPEC)):
                with open(os.path.join(folder, name), "w") as file:
                    file.write(textwrap.dedent(text))
            done = self.run_pytest(folder)
        self.assertIn("2 failed, 2 passed", done.stdout)
        self.assertIn("nothing checked", done.stdout)
        self.assertEqual(done.stdout.count("expected: `x` has dtype float32."), 1)
        self.assertIn("warning[double-precision]: input `x` is float64, the model takes float32", done.stdout)
        # The reader wants the report, not the inside of the plugin.
        self.assertNotIn("pytest.fail(", done.stdout)

    def test_the_example_holds(self):
        done = self.run_pytest(os.path.join(ROOT, "examples", "test_batches.py"))
        self.assertIn("3 passed", done.stdout)


class Entry(unittest.TestCase):
    def test_the_package_tells_pytest_of_it(self):
        with open(os.path.join(ROOT, "pyproject.toml"), encoding="utf-8") as file:
            text = file.read()
        self.assertIn('[project.entry-points.pytest11]\nbatchlint = "batchlint.pytest_plugin"\n', text)
        self.assertTrue(os.path.isfile(os.path.join(ROOT, "python", "batchlint", "pytest_plugin.py")))

    def test_the_package_has_its_types(self):
        self.assertTrue(os.path.isfile(os.path.join(ROOT, "python", "batchlint", "py.typed")))


class Command(unittest.TestCase):
    def test_python_m_runs_the_binary(self):
        with Listener(refuse=True) as listener:
            done = subprocess.run(
                [sys.executable, "-m", "batchlint", "listen", "--x=y"],
                stdout=subprocess.PIPE,
                env=dict(os.environ, PYTHONPATH=os.path.join(ROOT, "python")),
            )
            self.assertEqual(done.returncode, 2)
            self.assertEqual(listener.flags, ["listen", "--x=y"])


if __name__ == "__main__":
    unittest.main()
