"""The random programs of `fuzz.py`: nothing wrong, nothing missing, most of it exact."""

import unittest

import fuzz


class Positions(unittest.TestCase):
    def judge(self, counts, floor):
        for mode in ("traced", "untraced"):
            told = {what: count for (of, what), count in counts.items() if of == mode}
            total = sum(told.values())
            self.assertGreater(total, 1000)
            self.assertGreaterEqual(told["exact"], floor * total, told)

    def test_four_hundred_programs(self):
        found = fuzz.Fuzz(seed=7, around=fuzz.AROUND[: fuzz.Y_ONLY])
        found.run(400)
        self.assertEqual(found.wrong, [])
        self.assertEqual(found.logged, [])
        self.judge(found.counts, 0.94)

    def test_loops_handlers_delegation_and_assignment_first(self):
        found = fuzz.Fuzz(seed=11, around=fuzz.AROUND[fuzz.Y_ONLY :])
        found.run(400)
        self.assertEqual(found.wrong, [])
        self.assertEqual(found.logged, [])
        self.judge(found.counts, 0.94)


if __name__ == "__main__":
    unittest.main()
