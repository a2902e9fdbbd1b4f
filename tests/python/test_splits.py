"""Whole datasets split in the source: each case with the exact text that comes out, or why nothing does."""

import unittest

from plans import HEAD, Plans


class Splits(Plans):
    def test_whole_arrays_become_slices_by_the_parameter(self):
        told = self.becomes(
            """
            def gen(steps=3, batch_size=8):
                data = np.random.rand(steps * batch_size, 4)
                labels = np.random.randint(0, 2, size=steps * batch_size)
                yield data, labels
            """,
            [8, ((0,), "float32"), ((1,), "float32")],
            """
            def gen(steps=3, batch_size=8):
                data = np.random.rand(steps * batch_size, 4).astype(np.float32)
                labels = np.random.randint(0, 2, size=steps * batch_size).astype(np.float32)
                for start in range(0, len(data), batch_size):
                    yield data[start:start + batch_size], labels[start:start + batch_size]
            """,
            ["yield", "creation", "creation"],
        )
        self.assertNotIn("note", told["results"][0])

    def test_a_remainder_is_told_and_a_number_is_used_without_a_parameter(self):
        told = self.becomes(
            """
            def gen(steps=8):
                data = np.random.rand(20, 4)
                yield data
            """,
            [8],
            """
            def gen(steps=8):
                data = np.random.rand(20, 4)
                for start in range(0, len(data), 8):
                    yield data[start:start + 8]
            """,
        )
        self.assertEqual(told["results"][0]["note"], "the last batch has 4 rows")

    def test_what_has_no_name_is_hoisted_and_casts_stay_in_it(self):
        told = self.becomes(
            """
            def gen(n=4):
                start = np.arange(8)
                start.sum()
                yield {"x": np.random.rand(8, 2), "s": start}  # all of it
            """,
            [(("s",), "float32"), 4],
            """
            def gen(n=4):
                start = np.arange(8)
                start.sum()
                batch_x = np.random.rand(8, 2)
                batch_s = start.astype(np.float32, copy=False)
                for offset in range(0, len(batch_x), n):
                    yield {"x": batch_x[offset:offset + n], "s": batch_s[offset:offset + n]}  # all of it
            """,
        )
        self.assertEqual(told["results"][0]["python"], "start.astype(np.float32, copy=False)")

    def test_several_lines_tabs_and_line_ends(self):
        text = HEAD + "def gen():\n\tx = np.zeros((8, 2))\n\tyield (\n\t\tx,\n\t\tnp.ones(\n\t\t\t8),\n\t)\n"
        after = HEAD + (
            "def gen():\n\tx = np.zeros((8, 2))\n\tbatch_1 = np.ones(\n\t\t\t8)\n\tfor start in range(0, len(x), 4):\n"
            "\t\tyield (\n\t\t\tx[start:start + 4],\n\t\t\tbatch_1[start:start + 4],\n\t\t)\n"
        )
        told, _ = self.plan(text, [4], data=text.replace("\n", "\r\n").encode())
        self.assertEqual(told["files"][0]["text"], after.replace("\n", "\r\n"), told)

    def test_an_attribute_of_the_object_is_the_batch_size(self):
        self.becomes(
            """
            class Data:
                def __init__(self):
                    self.batch_size = 4
                    self.x = np.zeros(12)
                def batches(self):
                    yield self.x
            """,
            [4],
            """
            class Data:
                def __init__(self):
                    self.batch_size = 4
                    self.x = np.zeros(12)
                def batches(self):
                    for start in range(0, len(self.x), self.batch_size):
                        yield self.x[start:start + self.batch_size]
            """,
            target="Data().batches()",
        )

    def test_what_cannot_be_split(self):
        self.refused("def gen():\n    x = np.zeros(8)\n    z = yield x\n", [4], "value of the yield")
        self.refused("def gen():\n    x = np.zeros(8); yield x\n", [4], "shares its line")
        self.refused("def gen():\n    x = np.zeros(8)\n    yield x; x = 1\n", [4], "shares its line")
        self.refused("def gen():\n    x = np.zeros(8)\n    if True: yield x\n", [4], "shares its line")
        self.refused(
            "def gen():\n    yield np.zeros(8), np.zeros(9)\n", [4], "differ in their leading size: 8, 9"
        )
        self.refused("def gen():\n    yield np.zeros(8), 3\n", [4], "1 has no leading axis")
        self.refused("def gen():\n    yield np.zeros(8)\n", [8], "only 8 rows")
        self.refused("def gen():\n    yield np.zeros(8)\n", [0], "not known")
        self.refused(
            "def pack(*a): return a\ndef gen():\n    yield pack(np.zeros(8))\n", [4], "no expression"
        )
        self.refused("def gen():\n    return (np.zeros(8) for _ in range(2))\n", [4], "could be made a loop")


if __name__ == "__main__":
    unittest.main()
