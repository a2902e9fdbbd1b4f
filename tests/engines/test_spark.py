"""docs/engines.md with Spark: a Python worker is killed in the middle of a partition."""

import os
import pathlib
import sys
import unittest

from pyspark import SparkConf, SparkContext
from support import Engine


class Spark(Engine):
    PROGRAM = "engine_spark.py"

    def test_a_pipe_over_paths(self):
        self.environment(PYSPARK_PYTHON=sys.executable, SPARK_LOCAL_IP="127.0.0.1")
        conf = SparkConf().setMaster("local[2,4]").set("spark.ui.enabled", "false")
        context = SparkContext(conf=conf)
        self.addCleanup(context.stop)
        context.setLogLevel("OFF")
        paths = sorted(str(path) for path in pathlib.Path("dump").rglob("*.np[yz]"))
        # Facts of files that were named themselves.
        listed = ("\n".join(paths) + "\n").encode()
        self.facts = self.command("inspect", "--files-from", "-", "--format", "jsonl", stdin=listed)
        self.report = self.command("check", "--files-from", "-", "--format", "json", stdin=listed)
        self.program.scan(context, paths, "facts", parts=6)
        parts = sorted(str(path) for path in pathlib.Path("facts").glob("part-*"))
        self.assertEqual(len(parts), 6)
        self.is_the_single_run(self.command("merge", *parts))
        # Partitions that came twice change nothing, and neither does `cat`.
        text = b"".join(pathlib.Path(part).read_bytes() for part in parts[::-1] + parts[:2])
        self.is_the_single_run(self.command("merge", "-", stdin=text))
        self.assertTrue(os.path.exists("facts/_SUCCESS"))


if __name__ == "__main__":
    unittest.main()
