"""`scan`, `judge` and `Facts`: put together in any way, they are those of one scan, and the report is that of `check`."""

import json
import os
import pickle
import random
import subprocess
import tempfile
import unittest

import numpy as np

import batchlint

BINARY = os.environ.get("BATCHLINT_BIN")
SPEC = {
    "framework": "torch",
    "inputs": {"x": {"dtype": "float32", "shape": ["batch", 3], "values": {"min": 0, "max": 1}}},
}


@unittest.skipUnless(BINARY, "BATCHLINT_BIN names no binary")
class Scanned(unittest.TestCase):
    def setUp(self):
        held = tempfile.TemporaryDirectory()
        self.addCleanup(held.cleanup)
        before = os.getcwd()
        self.addCleanup(os.chdir, before)
        os.chdir(held.name)
        os.mkdir("dump")
        rng = np.random.default_rng(0)
        for index in range(20):
            x = rng.random((4, 3)).astype(np.float64 if index % 5 == 0 else np.float32)
            if index == 7:
                x[1, 2] = np.nan
            np.savez("dump/batch_%d.npz" % index, x=x)
        with open("dump/broken.npy", "wb") as file:
            file.write(b"\x93NUMPY")

    def command(self, *words):
        return subprocess.run([BINARY] + list(words), stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout

    def test_facts_are_what_the_command_writes(self):
        facts = batchlint.scan("dump", spec=SPEC)
        with open("batchlint.toml", "w") as file:
            from batchlint._toml import dumps

            file.write(dumps(SPEC))
        self.assertEqual(bytes(facts), self.command("inspect", "dump", "--format", "jsonl"))
        self.assertEqual((len(facts), repr(facts)), (21, "<batchlint.Facts: 21 files>"))

    def test_any_order_grouping_and_repetition_is_the_scan(self):
        whole = batchlint.scan("dump", spec=SPEC)
        parts = [batchlint.scan("dump", spec=SPEC, shard=(index, 5)) for index in range(5)]
        for seed in range(4):
            chance = random.Random(seed)
            pool = parts + chance.choices(parts, k=3)
            chance.shuffle(pool)
            while len(pool) > 1:
                at = chance.randrange(len(pool) - 1)
                pool[at : at + 2] = [pool[at].merge(pool[at + 1])]
            self.assertEqual(pool[0], whole)
            self.assertEqual(pool[0].merge(chance.choice(parts)), whole)
        self.assertEqual(batchlint.Facts.merge_all(iter(parts)), whole)
        self.assertEqual(parts[0].merge(*parts[1:]), whole)
        self.assertEqual(hash(parts[0].merge(*parts[1:])), hash(whole))
        self.assertNotEqual(parts[0], parts[1])

    def test_facts_of_nothing_change_nothing(self):
        facts = batchlint.scan("dump", spec=SPEC)
        self.assertEqual(batchlint.Facts().merge(facts), facts)
        self.assertEqual(batchlint.Facts.merge_all([]), batchlint.Facts())
        self.assertEqual(len(batchlint.Facts()), 0)
        self.assertEqual(batchlint.judge(batchlint.Facts(), SPEC).exit_code, 3)

    def test_the_report_is_that_of_the_command(self):
        with open("batchlint.toml", "w") as file:
            from batchlint._toml import dumps

            file.write(dumps(SPEC))
        report = batchlint.judge(batchlint.scan(["dump"]))
        self.assertEqual(report.document, json.loads(self.command("check", "dump", "--format", "json")))
        rules = {finding.rule for finding in report.at_least("warning")}
        self.assertTrue({"non-finite-values", "double-precision", "unreadable-source"} <= rules, rules)
        self.assertIn("nan", report.text.lower())
        self.assertIn("20 batches in 21 files", report.text.rsplit("\n", 1)[-1])
        strict = batchlint.judge(batchlint.scan("dump"), level={"unreadable-source": "note"}, select=["source"])
        self.assertEqual(strict.at_least("warning"), [])

    def test_missing_shards_are_no_pass(self):
        facts = batchlint.scan("dump", spec=SPEC, shard=(1, 3))
        report = batchlint.judge(facts, SPEC)
        self.assertEqual((report.status, report.exit_code, report.ok), ("incomplete", 2, False))
        self.assertIn("2 of 3 shards are missing: 0, 2", report.text)
        self.assertEqual(report.coverage.shards_missing, 2)
        with self.assertRaises(batchlint.BatchlintError):
            batchlint.judge(facts, SPEC, select=["unused-allow"]).raise_for_findings()

    def test_pickles_are_small_and_files_are_whole(self):
        facts = batchlint.scan("dump", spec=SPEC)
        packed = pickle.dumps(facts)
        self.assertLess(len(packed), len(bytes(facts)) / 2)
        self.assertEqual(pickle.loads(packed), facts)
        facts.save("facts.jsonl")
        facts.save("facts.jsonl")
        self.assertEqual(batchlint.Facts.load("facts.jsonl"), facts)
        self.assertEqual(sorted(os.listdir(".")), ["dump", "facts.jsonl"])
        with self.assertRaises(OSError):
            facts.save("no/such/folder/facts.jsonl")

    def test_names_are_taken_as_they_are(self):
        np.save("dump/a\nb*.npy", np.zeros(3, np.float32))
        facts = batchlint.scan(["dump/a\nb*.npy", "no*.npy"])
        self.assertEqual(len(facts), 2)
        (finding,) = batchlint.judge(facts, select=["unreadable-source"]).diagnostics
        self.assertEqual(finding.places[0].source, "no*.npy")
        self.assertEqual(len(batchlint.scan([])), 0)

    def test_what_cannot_be_done_is_said(self):
        for shard, says in (((3, 3), "from 0/3 to 2/3"), ((0, 0), "no shard of 0")):
            with self.assertRaisesRegex(batchlint.BatchlintError, says):
                batchlint.scan("dump", shard=shard)
        with self.assertRaisesRegex(batchlint.BatchlintError, "unknown key `inptus`"):
            batchlint.scan("dump", spec={"inptus": {}})
        with self.assertRaisesRegex(batchlint.BatchlintError, "unknown key `inptus`"):
            batchlint.judge(batchlint.scan("dump"), {"inptus": {}})
        with self.assertRaisesRegex(batchlint.BatchlintError, "no-such-flag"):
            batchlint.judge(batchlint.scan("dump"), no_such_flag=1)
        whole = batchlint.scan("dump", spec=SPEC, shard=(0, 2))
        cut = batchlint.Facts(bytes(whole).rsplit(b"\n", 2)[0] + b"\n")
        for broken, says in ((cut, "stdin: the facts were cut off"), (batchlint.Facts(bytes(whole)[:-9]), "line ")):
            with self.assertRaisesRegex(batchlint.BatchlintError, says):
                broken.merge(batchlint.scan("dump", shard=(1, 2)))
            with self.assertRaisesRegex(batchlint.BatchlintError, says):
                batchlint.judge(broken, SPEC)
        for nothing in (b"", b"no facts\n"):
            with self.assertRaisesRegex(batchlint.BatchlintError, "not a facts file"):
                batchlint.Facts(nothing)


if __name__ == "__main__":
    unittest.main()
