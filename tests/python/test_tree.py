"""A batch taken apart: every kind of container, what is a leaf, and that nothing of the user's classes
runs."""

import collections
import dataclasses
import os
import sys
import types
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "python"))

import numpy as np

from batchlint._capture.tree import dtype_and_shape, flatten, is_array

Pair = collections.namedtuple("Pair", "x y")


@dataclasses.dataclass
class Batch:
    x: object
    y: object = None
    count: dataclasses.InitVar[int] = 0


@dataclasses.dataclass
class Slotted:
    __slots__ = ("x", "y")
    x: object
    y: object


def paths(batch):
    return [path for path, _ in flatten(batch)[1]]


class Containers(unittest.TestCase):
    def test_each_kind_of_container_has_its_name_its_type_and_its_keys(self):
        x, y = np.zeros(3), np.ones(3)
        cases = [
            ((x, y), "tuple", "tuple", [0, 1]),
            ([x, y], "list", "list", [0, 1]),
            ({"x": x, 2: y}, "dict", "dict", ["x", 2]),
            (Pair(x, y), "namedtuple", "Pair", ["x", "y"]),
            (Batch(x, y), "dataclass", "Batch", ["x", "y"]),
            (Slotted(x, y), "dataclass", "Slotted", ["x", "y"]),
            (collections.OrderedDict(x=x, y=y), "dict", "OrderedDict", ["x", "y"]),
            (collections.UserDict(x=x, y=y), "dict", "UserDict", ["x", "y"]),
            (types.MappingProxyType({"x": x, "y": y}), "dict", "mappingproxy", ["x", "y"]),
        ]
        for batch, kind, name, keys in cases:
            with self.subTest(name):
                tree, leaves = flatten(batch)
                self.assertEqual(tree, {"t": kind, "py": name, "kids": [[key, "leaf"] for key in keys]})
                self.assertIs(leaves[0][1], x)
                self.assertIs(leaves[1][1], y)
                self.assertEqual([path for path, _ in leaves], [(key,) for key in keys])

    def test_a_leaf_alone(self):
        x = np.zeros(3)
        self.assertEqual(flatten(x)[0], "leaf")
        self.assertEqual(flatten(x)[1][0][0], ())
        self.assertEqual(paths(None), [()])
        self.assertEqual(paths("text"), [()])

    def test_nesting_is_followed_eight_deep(self):
        batch = 0
        for _ in range(12):
            batch = (batch,)
        self.assertEqual(paths(batch), [(0,) * 8])

    def test_itself_within_itself_ends(self):
        batch = []
        batch.append(batch)
        self.assertEqual(paths(batch), [(0,) * 8])

    def test_a_long_list_is_one_leaf_unless_it_holds_arrays(self):
        self.assertEqual(paths(["a"] * 65), [()])
        self.assertEqual(len(paths(["a"] * 64)), 64)
        self.assertEqual(len(paths([np.zeros(2)] * 65)), 65)
        self.assertEqual(len(paths(["a"] * 64 + [np.zeros(2)])), 65)
        self.assertEqual(len(paths([(np.zeros(2), 1)] * 65)), 130)
        self.assertEqual(paths([np.zeros(2)] * 5000), [()])

    def test_keys_that_are_no_text_and_no_integer(self):
        tree, leaves = flatten({True: 1, 1.5: 2, ("a", 1): 3, object(): 4, type("K", (), {})(): 5})
        self.assertEqual([key for key, _ in tree["kids"]], ["True", "1.5", "('a', 1)", "object", "K"])
        tree, _ = flatten({frozenset([1]): 1, frozenset([2]): 2})
        self.assertEqual([key for key, _ in tree["kids"]], ["frozenset", "frozenset#2"])


class NothingOfTheUserRuns(unittest.TestCase):
    def test_properties_and_overridden_methods_are_left_alone(self):
        ran = []

        class Tuple(tuple):
            def __iter__(self):
                ran.append("iter")
                return tuple.__iter__(self)

            def __len__(self):
                ran.append("len")
                return 0

        class Dict(dict):
            def items(self):
                ran.append("items")
                return ()

        class Arraylike:
            @property
            def shape(self):
                ran.append("shape")

            @property
            def dtype(self):
                ran.append("dtype")

            def __getattr__(self, name):
                ran.append(name)

        batch = (Tuple((1, 2)), Dict(a=1), Arraylike())
        self.assertEqual(paths(batch), [(0, 0), (0, 1), (1, "a"), (2,)])
        self.assertTrue(is_array(batch[2]))
        self.assertEqual(dtype_and_shape(batch[2]), (None, None))
        self.assertEqual(ran, [])

    def test_a_mapping_that_fails_is_a_leaf(self):
        class Broken(collections.abc.Mapping):
            def __getitem__(self, key):
                raise RuntimeError

            def __iter__(self):
                return iter("ab")

            def __len__(self):
                return 2

        self.assertEqual(paths(Broken()), [()])


class Arrays(unittest.TestCase):
    def test_what_is_an_array(self):
        for yes in (np.zeros(3), np.float32(1), np.ma.zeros(3)):
            self.assertTrue(is_array(yes), type(yes))
        for no in (1, "a", None, [1], np.ndarray, np, memoryview(b"a"), object()):
            self.assertFalse(is_array(no), no)

    def test_what_an_array_says_of_itself(self):
        self.assertEqual(dtype_and_shape(np.zeros((2, 3), np.float32)), ("float32", [2, 3]))
        self.assertEqual(dtype_and_shape(np.ma.zeros(4, "i8")), ("int64", [4]))


if __name__ == "__main__":
    unittest.main()
