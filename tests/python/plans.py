"""What the tests of edits share: a program, wants, and the text that must come out."""

import ast
import tempfile
import textwrap
import unittest

from support import Program

from batchlint._capture.plan import plan

HEAD = "import numpy as np\n"


class Plans(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def plan(self, text, wants, target="gen()", batches=1, **kept):
        """(EDITS of the wants, the text before); a want is (path, dtype) or a number of rows."""
        program = Program(self.folder, text, **kept)
        program.pull(target, batches=batches)
        self.assertEqual(program.logged, [])
        wishes = []
        for want in wants:
            if isinstance(want, dict):
                wishes.append(want)
            elif isinstance(want, int):
                wishes.append({"site": 0, "path": [], "do": "split", "rows": want})
            else:
                path, dtype = want
                wishes.append({"site": 0, "path": list(path), "do": "cast", "dtype": dtype})
        return plan(wishes, program.origins), program

    def becomes(self, before, wants, after, where=None, head=HEAD, **kept):
        """The text around `gen` is the same; each edit applied by hand gives the whole text too."""
        before, after = (
            head + textwrap.dedent(before).lstrip("\n"),
            head + textwrap.dedent(after).lstrip("\n"),
        )
        told, program = self.plan(before, wants, **kept)
        for result in told["results"]:
            self.assertTrue(result["ok"], result)
        self.assertEqual(told["files"][0]["text"], after)
        self.assertEqual(by_hand(before, told["files"][0]["edits"]), after)
        ast.parse(after)
        if where is not None:
            self.assertEqual([result["where"] for result in told["results"]], where)
        return told

    def refused(self, text, wants, why, head=HEAD, **kept):
        told, _ = self.plan(head + textwrap.dedent(text).lstrip("\n"), wants, **kept)
        self.assertEqual([result["ok"] for result in told["results"]], [False] * len(wants), told)
        for result in told["results"]:
            self.assertIn(why, result["why"])
        self.assertEqual(told["files"], [])


def by_hand(text, edits):
    lines = text.encode().split(b"\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    data = text.encode()
    for edit in sorted(edits, key=lambda edit: edit["span"], reverse=True):
        first, begin, last, end = edit["span"]
        low, high = starts[first - 1] + begin, starts[last - 1] + end
        data = data[:low] + edit["text"].encode() + data[high:]
    return data.decode()
