"""Edits of the source: each case with the exact text that comes out, or why nothing does."""

import tempfile
import textwrap
import unittest

from support import Program

import ast

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


class Casts(Plans):
    def test_at_creation_where_the_name_is_only_yielded(self):
        told = self.becomes(
            """
            def gen(batch_size=8):
                for _ in range(3):
                    data = np.random.rand(batch_size, 4)
                    labels = np.random.randint(0, 2, size=batch_size)
                    yield data, labels
            """,
            [((0,), "float32"), ((1,), "float32")],
            """
            def gen(batch_size=8):
                for _ in range(3):
                    data = np.random.rand(batch_size, 4).astype(np.float32)
                    labels = np.random.randint(0, 2, size=batch_size).astype(np.float32)
                    yield data, labels
            """,
            ["creation", "creation"],
        )
        self.assertEqual(told["results"][0]["python"], "np.random.rand(batch_size, 4).astype(np.float32)")

    def test_at_the_yield_where_the_name_is_used_for_something_else(self):
        self.becomes(
            """
            def gen():
                labels = np.random.randint(0, 2, size=8)
                hot = np.eye(2)[labels]
                yield hot, labels
            """,
            [((1,), "float32")],
            """
            def gen():
                labels = np.random.randint(0, 2, size=8)
                hot = np.eye(2)[labels]
                yield hot, labels.astype(np.float32, copy=False)
            """,
            ["yield"],
        )

    def at_the_yield(self, before):
        before = textwrap.dedent(before)
        self.becomes(
            before,
            [((0,), "float32")],
            before.replace("yield x,", "yield x.astype(np.float32, copy=False),"),
            ["yield"],
        )

    def test_at_the_yield_where_it_was_bound_in_more_than_one_place(self):
        self.at_the_yield("""
            def gen(flag=True):
                x = np.random.rand(3)
                if flag:
                    x = np.random.rand(4)
                yield x, 1
            """)

    def test_at_the_yield_where_it_was_changed_in_place(self):
        self.at_the_yield("""
            def gen():
                x = np.random.rand(3)
                x -= 0.5
                yield x, 1
            """)
        self.at_the_yield("""
            def gen():
                x = np.empty(3)
                x[:] = 2
                yield x, 1
            """)

    def test_at_the_yield_where_a_closure_reads_it(self):
        self.at_the_yield("""
            def gen():
                x = np.random.rand(3)
                def mean(): return x.mean()
                yield x, mean()
            """)

    def test_at_the_yield_where_it_was_unpacked_or_is_another_name(self):
        self.at_the_yield("""
            def gen():
                x, y = np.random.rand(2, 3)
                yield x, y
            """)
        self.at_the_yield("""
            def gen():
                a = np.random.rand(3)
                x = a
                yield x, a
            """)
        self.at_the_yield("""
            def gen():
                for x in np.random.rand(2, 3):
                    yield x, 1
            """)
        self.at_the_yield("""
            def gen():
                a = x = np.random.rand(3)
                yield x, 1
            """)

    def test_a_parameter_is_cast_at_the_yield(self):
        self.at_the_yield("""
            def gen(x=np.random.rand(3)):
                yield x, 1
            """)

    def test_an_expression_that_is_no_primary_gets_parentheses(self):
        self.becomes(
            """
            def gen():
                x = np.random.rand(3) * 2
                yield x, -np.random.rand(3)
            """,
            [((0,), "float32"), ((1,), "float16")],
            """
            def gen():
                x = (np.random.rand(3) * 2).astype(np.float32)
                yield x, (-np.random.rand(3)).astype(np.float16)
            """,
            ["creation", "yield"],
        )

    def test_dtype_is_given_to_constructors_where_that_stores_the_same(self):
        for before, after in [
            ("np.zeros((3, 4))", "np.zeros((3, 4), dtype=np.float32)"),
            ("np.zeros(((3)))", "np.zeros(((3)), dtype=np.float32)"),
            ("np.ones(3, order='C')", "np.ones(3, order='C', dtype=np.float32)"),
            ("np.zeros(3, dtype=np.float64)", "np.zeros(3, dtype=np.float32)"),
            ("np.full(3, 7)", "np.full(3, 7, dtype=np.float32)"),
            ("np.array([1.5, 2])", "np.array([1.5, 2], dtype=np.float32)"),
            ("np.arange(5)", "np.arange(5, dtype=np.float32)"),
            ("np.eye(3)", "np.eye(3, dtype=np.float32)"),
            ("np.zeros_like([1., 2.])", "np.zeros_like([1., 2.], dtype=np.float32)"),
            ("np.ones(3).astype(np.float64)", "np.ones(3).astype(np.float32)"),
            ("np.ones(3).astype(dtype='float64')", "np.ones(3).astype(dtype=np.float32)"),
            ("np.zeros(\n        (3, 4),\n    )", "np.zeros(\n        (3, 4), dtype=np.float32,\n    )"),
        ]:
            with self.subTest(before):
                self.becomes(
                    "def gen():\n    x = %s\n    yield x, 1\n" % before,
                    [((0,), "float32")],
                    "def gen():\n    x = %s\n    yield x, 1\n" % after,
                    ["creation"],
                )

    def test_dtype_is_not_given_where_it_would_mean_something_else(self):
        for before in (
            "np.frombuffer(b'12345678')",
            "np.random.default_rng(0).random(3)",
            "np.arange(0.0, 5.0)",
            "np.array([1.5, 2.0]).view()",
            "np.zeros(3, np.float64)",
            "np.zeros(3, # why\n    )",
            "np.linspace(0, 1)",
            "np.full(3, 2, dtype=np.int64)",
            "np.ones(3).astype(np.int64)",
            "np.array([1, 2], dtype=np.int64)",
            "np.zeros(*[3])",
            "np.zeros(**{'shape': 3})",
        ):
            with self.subTest(before):
                self.becomes(
                    "def gen():\n    x = %s\n    yield x, 1\n" % before,
                    [((0,), "float32")],
                    "def gen():\n    x = %s.astype(np.float32)\n    yield x, 1\n" % before,
                    ["creation"],
                )

    def test_wrapping_of_integers_is_kept(self):
        self.becomes(
            "def gen():\n    x = np.array([300, -1])\n    yield x, 1\n",
            [((0,), "uint8")],
            "def gen():\n    x = np.array([300, -1]).astype(np.uint8)\n    yield x, 1\n",
        )

    def test_numpy_under_the_name_that_the_file_gives_it(self):
        self.becomes(
            "def gen():\n    x = numpy.random.rand(3)\n    yield x, 1\n",
            [((0,), "bool")],
            "def gen():\n    x = numpy.random.rand(3).astype(numpy.bool_)\n    yield x, 1\n",
            head="import numpy\n",
        )
        self.becomes(
            "def gen():\n    x = rand(3)\n    yield x, 1\n",
            [((0,), "float32")],
            'def gen():\n    x = rand(3).astype("float32")\n    yield x, 1\n',
            head="from numpy.random import rand\n",
        )
        self.becomes(
            "def gen():\n    from numpy import random as np\n    x = np.rand(3)\n    yield x, 1\n",
            [((0,), "float32")],
            "def gen():\n    from numpy import random as np\n"
            '    x = np.rand(3).astype("float32")\n    yield x, 1\n',
        )

    def test_nested_displays_and_dictionaries(self):
        self.becomes(
            """
            def gen():
                x = np.random.rand(3)
                yield {"in": [x, np.random.rand(2)], "é": dict(y=x.sum())}
            """,
            [(("in", 0), "float32"), (("in", 1), "float32")],
            """
            def gen():
                x = np.random.rand(3)
                yield {"in": [x.astype(np.float32, copy=False), np.random.rand(2).astype(np.float32)], "é": dict(y=x.sum())}
            """,
            ["yield", "yield"],
        )

    def test_a_tuple_that_was_put_together_before(self):
        self.becomes(
            """
            def gen():
                x = np.random.rand(3)
                batch = (x, np.random.rand(2))
                yield batch
            """,
            [((0,), "float32"), ((1,), "float32")],
            """
            def gen():
                x = np.random.rand(3).astype(np.float32)
                batch = (x, np.random.rand(2).astype(np.float32))
                yield batch
            """,
            ["creation", "creation"],
        )
        self.refused(
            """
            def gen():
                batch = (np.random.rand(3), 1)
                len(batch)
                yield batch
            """,
            [((0,), "float32")],
            "used in other places",
        )

    def test_a_batch_that_is_one_array(self):
        self.becomes(
            "def gen():\n    yield np.random.rand(3)\n",
            [((), "float32")],
            "def gen():\n    yield np.random.rand(3).astype(np.float32)\n",
            ["yield"],
        )

    def test_generator_expression_and_return(self):
        self.becomes(
            "def gen():\n    return ((x, 1) for x in np.random.rand(2, 3))\n",
            [((0,), "float32")],
            "def gen():\n    return ((x.astype(np.float32, copy=False), 1) for x in np.random.rand(2, 3))\n",
            ["yield"],
        )
        self.becomes(
            """
            class Data:
                def __iter__(self): return self
                def __next__(self):
                    x = np.random.rand(3)
                    return x, 1
            """,
            [((0,), "float32")],
            """
            class Data:
                def __iter__(self): return self
                def __next__(self):
                    x = np.random.rand(3).astype(np.float32)
                    return x, 1
            """,
            ["creation"],
            target="Data()",
        )

    def test_a_number_becomes_an_array(self):
        self.becomes(
            "def gen():\n    yield np.zeros(3), 1.5\n",
            [((1,), "float32")],
            "def gen():\n    yield np.zeros(3), np.asarray(1.5, dtype=np.float32)\n",
        )

    def test_one_creation_for_two_wants_is_one_edit(self):
        told = self.becomes(
            "def gen():\n    x = np.random.rand(3)\n    yield x\n",
            [((), "float32"), ((), "float32")],
            "def gen():\n    x = np.random.rand(3).astype(np.float32)\n    yield x\n",
        )
        self.assertEqual(len(told["files"][0]["edits"]), 1)

    def test_line_ends_and_columns_of_bytes_are_kept(self):
        text = HEAD + "def gen():\n    é = 'ü'; x = np.random.rand(3)\n\tyield x, é\n".replace("\t", "    ")
        told, _ = self.plan(text, [((0,), "float32")], data=text.replace("\n", "\r\n").encode())
        self.assertEqual(
            told["files"][0]["text"],
            text.replace("rand(3)", "rand(3).astype(np.float32)").replace("\n", "\r\n"),
        )
        self.assertEqual(told["files"][0]["edits"][0]["span"], [3, 36, 3, 36])

    def test_what_cannot_be_cast(self):
        self.refused(
            "def gen():\n    x = np.array(['a', None], object)\n    yield x, 1\n",
            [((0,), "float32")],
            "object cannot be cast",
        )
        self.refused("def gen():\n    yield np.array(['a']), 1\n", [((0,), "float32")], "cannot be cast")
        self.refused("def gen():\n    yield np.zeros(1, 'M8[s]'), 1\n", [((0,), "float32")], "cannot be cast")
        self.refused("def gen():\n    yield np.zeros(3, complex), 1\n", [((0,), "float32")], "imaginary")
        self.refused("def gen():\n    yield np.zeros(3, 'f4'), 1\n", [((0,), "float32")], "float32 already")
        self.refused("def gen():\n    yield np.zeros(3), 'text'\n", [((1,), "float32")], "no array")
        self.refused(
            "def pack(*a): return a\ndef gen():\n    yield pack(np.zeros(3), 1)\n",
            [((0,), "float32")],
            "alone",
        )
        self.refused("def gen():\n    yield np.zeros(3), 1\n", [((7,), "float32")], "no such element")
        self.refused("def gen():\n    yield np.zeros(3), 1\n", [((0,), "float32; import os")], "no cast")
        self.refused(
            "def gen():\n    yield np.zeros(3), 1\n",
            [{"site": 9, "path": [], "do": "cast", "dtype": "int8"}],
            "not known",
        )
        self.refused(
            "def gen():\n    yield np.zeros(3), 1\n",
            [{"site": 0, "path": [], "do": "sing"}],
            "no such change",
        )


class Torch(Plans):
    HEAD = """class Tensor:
    dtype = property(lambda self: Dtype())
    shape = property(lambda self: (3,))
class Dtype:
    def __str__(self): return "torch.float64"
Tensor.__module__ = "torch"
"""

    def test_a_tensor_is_cast_with_to(self):
        self.becomes(
            "def gen():\n    x = Tensor()\n    yield x, 1\n",
            [((0,), "bfloat16")],
            "def gen():\n    x = Tensor().bfloat16()\n    yield x, 1\n",
            ["creation"],
            head=self.HEAD,
        )

    def test_through_the_name_that_torch_was_imported_under(self):
        import sys
        import types

        self.addCleanup(sys.modules.pop, "torch", None) if "torch" not in sys.modules else None
        sys.modules.setdefault("torch", types.ModuleType("torch"))
        self.becomes(
            "def gen():\n    yield Tensor() or 1, 1\n",
            [((0,), "float32")],
            "def gen():\n    yield (Tensor() or 1).to(t.float32), 1\n",
            ["yield"],
            head="import torch as t\n" + self.HEAD,
        )


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
