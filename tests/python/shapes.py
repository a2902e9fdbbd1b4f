"""What the tests of positions share: a program, and the texts that must be pointed at."""

import sys
import tempfile
import textwrap
import unittest

from support import Program

HEAD = "import numpy as np, itertools, functools, contextlib, collections\n"
COLUMNS = sys.version_info >= (3, 11)


class Shapes(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def program(self, text, target="gen()", head=HEAD, traced=True, **kept):
        options = {key: kept.pop(key) for key in ("encoding", "data") if key in kept}
        program = Program(self.folder, head + textwrap.dedent(text).lstrip("\n"), **options)
        self.told = program.pull(target, traced=traced, **kept)
        self.assertEqual(program.logged, [])
        return program

    def both(self, text, expected, target="gen()", func=None, **kept):
        """Every element is exact and is the expected text, traced and not."""
        for traced in (True, False):
            with self.subTest(traced=traced):
                program = self.program(text, target, traced=traced, **kept)
                self.assertEqual(
                    [(exact, cut) for _, exact, cut in program.elements()], [(True, cut) for cut in expected]
                )
                if func is not None:
                    self.assertEqual(program.sites[0]["func"].rpartition(".")[2], func)
        return program

    def traced(self, text, expected, target="gen()", **kept):
        program = self.program(text, target, **kept)
        self.assertEqual(
            [(exact, cut) for _, exact, cut in program.elements()], [(True, cut) for cut in expected]
        )
        return program
