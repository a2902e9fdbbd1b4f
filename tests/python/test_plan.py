"""Casts in the source: each case with the exact text that comes out, or why nothing does."""

import sys
import textwrap
import types
import unittest

from plans import HEAD, Plans


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
        self.addCleanup(sys.modules.pop, "torch", None) if "torch" not in sys.modules else None
        sys.modules.setdefault("torch", types.ModuleType("torch"))
        self.becomes(
            "def gen():\n    yield Tensor() or 1, 1\n",
            [((0,), "float32")],
            "def gen():\n    yield (Tensor() or 1).to(t.float32), 1\n",
            ["yield"],
            head="import torch as t\n" + self.HEAD,
        )


if __name__ == "__main__":
    unittest.main()
