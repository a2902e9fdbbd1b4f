"""Where a generator stands: the text that is pointed at is cut out and compared."""

import asyncio
import unittest

from shapes import COLUMNS, HEAD, Shapes
from support import Program


from batchlint._capture.origin import Origins
from batchlint._capture.program import is_user
from batchlint._capture.tracer import Tracer
from batchlint._capture.tree import flatten


class Expressions(Shapes):
    def test_a_tuple(self):
        program = self.both("def gen():\n    x = np.ones(3); y = np.zeros(2)\n    yield x, y\n", ["x", "y"])
        site = program.sites[0]
        self.assertEqual(site["line"], 4)
        self.assertEqual(site["span"], [4, 10, 4, 14])
        self.assertEqual(site["kind"], "yield")
        self.assertEqual(site["how"], "exact" if COLUMNS else "only")
        self.assertEqual(program.made(0, 0), [("assign", "np.ones(3)")])
        self.assertEqual(program.element(0, 0)["name"], "x")

    def test_two_yields_on_one_line(self):
        program = self.program(
            "def gen():\n    a, b = np.ones(3), np.zeros(3)\n    yield a, b; yield b, a\n", batches=2
        )
        self.assertEqual([number for number, _ in self.told], [0, 1])
        self.assertEqual([cut for _, _, cut in program.elements(0)], ["a", "b"])
        self.assertEqual([cut for _, _, cut in program.elements(1)], ["b", "a"])
        if not COLUMNS:
            self.assertEqual(program.sites[1]["how"], "ordinal")

    def test_over_several_lines(self):
        self.both(
            "def gen():\n    x = np.ones(3)\n    yield (\n        x,\n        np.stack([\n            x, x]),\n    )\n",
            ["x", "np.stack([\n            x, x])"],
        )

    def test_nested_dictionaries_and_lists(self):
        self.both(
            "def gen():\n    x = np.ones(3)\n    yield {'a': [x, x + 1], 'b': {'c': -x}}, x * 2\n",
            ["x", "x + 1", "-x", "x * 2"],
        )

    def test_the_call_of_dict_and_of_a_namedtuple_and_a_dataclass(self):
        self.both(
            """
            import dataclasses
            P = collections.namedtuple("P", "x y")
            @dataclasses.dataclass
            class D:
                x: object
                y: object = None
            def gen():
                x = np.ones(3)
                yield dict(a=x + 1, b=P(x * 2, y=x - 1)), D(x * 3, y=x * 4)
            """,
            ["x + 1", "x * 2", "x - 1", "x * 3", "x * 4"],
        )

    def test_a_class_that_changes_what_it_is_given_proves_nothing(self):
        program = self.program("""
            import dataclasses
            @dataclasses.dataclass
            class D:
                x: object
                def __post_init__(self): self.x = self.x * 2
            def gen():
                x = np.ones(3)
                yield D(x)
            """)
        self.assertEqual(program.elements(), [(("x",), False, "D(x)")])

    def test_stars(self):
        self.both(
            "def gen():\n    a, b = np.ones(3), np.ones(4)\n    yield (a + 1, *[b], a * 2)\n",
            ["a + 1", "b", "a * 2"],
        )
        program = self.program("def gen():\n    a = np.ones(3)\n    yield (a + 1, *[a * 3, a * 4], a * 2)\n")
        self.assertEqual([cut for _, exact, cut in program.elements() if exact], ["a + 1", "a * 2"])
        self.assertEqual([exact for _, exact, _ in program.elements()], [True, False, False, True])

    def test_a_dictionary_with_another_one_in_it(self):
        program = self.program(
            "def gen():\n    d = {'a': np.ones(3)}\n    yield {'a': np.ones(2), 'b': np.ones(4), **d}\n"
        )
        self.assertEqual([exact for _, exact, _ in program.elements()], [False, False])

    def test_the_branch_that_ran(self):
        self.both(
            "def gen(c=False):\n    x, y = np.ones(3), np.ones(4)\n    yield (x, y) if c else (y, x)\n",
            ["y", "x"],
        )

    def test_a_walrus_and_brackets(self):
        self.both("def gen():\n    a = np.ones(3)\n    yield (b := a + 1), (a)\n", ["b := a + 1", "a"])

    def test_a_tuple_that_was_put_together_before(self):
        self.both("def gen():\n    a = np.ones(3)\n    batch = (a, a + 1)\n    yield batch\n", ["a", "a + 1"])

    def test_a_list_that_was_changed_after_it_was_put_together(self):
        program = self.program(
            "def gen():\n    a = np.ones(3)\n    b = [a, a + 1]\n    b[1] = a * 2\n    yield b\n"
        )
        self.assertEqual([exact for _, exact, _ in program.elements()], [False, False])

    def test_a_name_within_a_call(self):
        self.both(
            "def pack(*a): return tuple(a)\ndef gen():\n    x, d = np.ones(3), {'k': np.ones(4)}\n"
            "    yield pack(x, d['k'])\n",
            ["x", "d['k']"],
        )

    def test_no_property_runs_to_find_a_name(self):
        program = self.program("""
            ran = []
            class S:
                @property
                def x(self):
                    ran.append(1)
                    return np.ones(3)
            def pack(a): return (a,)
            def gen():
                s = S()
                yield pack(s.x)
            """)
        self.assertEqual(program.module.ran, [1])

    def test_yield_within_yield(self):
        program = self.program("def gen():\n    a = np.ones(3)\n    z = yield (yield a)\n")
        if COLUMNS:
            self.assertEqual(program.elements(), [((), True, "a")])

    def test_what_is_sent_back_to_a_generator(self):
        self.both("def gen():\n    while True:\n        command = yield np.ones(3), 1\n", ["np.ones(3)", "1"])


class Generators(Shapes):
    INNER = "def inner():\n    for i in range(9):\n        x = np.ones(3)\n        yield x, i\n"

    def test_method_closure_and_partial(self):
        self.both(
            "class L:\n    def batches(self):\n        self.x = np.ones(3)\n        yield self.x, 1\n",
            ["self.x", "1"],
            "L().batches()",
        )
        self.both(
            "def make(x):\n    def gen():\n        yield x, 1\n    return gen()\n",
            ["x", "1"],
            "make(np.ones(3))",
        )
        self.both("def gen(n, x):\n    yield x, n\n", ["x", "n"], "functools.partial(gen, 3)(np.ones(3))")

    def test_yield_from(self):
        program = self.both(self.INNER + "def gen():\n    yield from inner()\n", ["x", "i"], func="inner")
        self.assertEqual([one["func"] for one in program.sites[0]["through"]], ["gen"])

    def test_yield_from_beside_a_yield_is_not_taken_for_it(self):
        text = self.INNER + "def gen():\n    yield from inner()\n    yield np.zeros(1), np.zeros(2)\n"
        self.both(text, ["x", "i"], func="inner")

    def test_a_wrapper_that_yields_on(self):
        program = self.both(
            self.INNER + "def gen():\n    for b in inner():\n        yield b\n", ["x", "i"], func="inner"
        )
        self.assertEqual([one["func"] for one in program.sites[0]["through"]], ["gen"])

    def test_an_inner_generator_with_two_yields_has_two_sites_untraced_too(self):
        self.program(
            """
            def inner():
                while True:
                    x, y = np.ones(3), np.ones(4)
                    yield x, y
                    yield y, x
            def gen():
                for b in inner():
                    yield b
            """,
            batches=5,
        )
        self.assertEqual([number for number, _ in self.told], [0, 1, 0, 1, 0])
        self.assertEqual([assumed for _, assumed in self.told], [False] * 5)

    def test_a_decorated_generator(self):
        self.both(
            "def twice(f):\n    @functools.wraps(f)\n    def wrapper(*a):\n        for b in f(*a):\n            yield b\n"
            "    return wrapper\n@twice\ndef gen():\n    x = np.ones(3)\n    yield x, 1\n",
            ["x", "1"],
            func="gen",
        )
        self.both(
            "def same(f):\n    def wrapper(*a): return f(*a)\n    return wrapper\n@same\ndef gen():\n    x = np.ones(3)\n"
            "    yield x, 1\n",
            ["x", "1"],
            func="gen",
        )

    def test_a_generator_expression(self):
        self.both("def gen():\n    return ((np.ones(i), i) for i in range(3))\n", ["np.ones(i)", "i"])

    def test_two_generator_expressions_on_one_line(self):
        program = self.program(
            "gen = lambda: zip((np.ones(i) for i in range(3)), (np.zeros(i) for i in range(3)))\n"
        )
        if COLUMNS:
            self.assertEqual(
                [(exact, cut) for _, exact, cut in program.elements()],
                [(True, "np.ones(i)"), (True, "np.zeros(i)")],
            )

    def test_two_generators_zipped_have_a_place_per_leaf(self):
        program = self.traced(
            """
            def numbers(k):
                while True:
                    x = np.full(3, k)
                    yield x
            def others():
                while True: yield np.ones(3)
            """,
            ["x", "np.ones(3)"],
            "zip(numbers(1), others())",
        )
        self.assertTrue(program.sites[0]["partial"])
        self.assertEqual(program.made(0, 0), [("assign", "np.full(3, k)")])

    def test_islice_chain_and_map(self):
        self.both(self.INNER, ["x", "i"], "itertools.islice(inner(), 5)", func="inner")
        self.both(self.INNER, ["x", "i"], "itertools.chain(inner(), inner())", func="inner")
        self.traced(
            self.INNER + "def gen(): return map(lambda b: (b[0], -b[0]), inner())\n", ["b[0]", "-b[0]"]
        )

    def test_an_asynchronous_generator(self):
        program = Program(self.folder, HEAD + "async def gen():\n    x = np.ones(3)\n    yield x, 1\n")
        for traced in (True, False):
            generator = program.module.gen()
            tracer = Tracer(is_user)
            origins = Origins(program.send)
            if traced:
                tracer.start()
            tracer.active = True
            loop = asyncio.new_event_loop()
            batch = loop.run_until_complete(generator.__anext__())
            tracer.active = False
            tree, leaves = flatten(batch)
            self.assertEqual(origins.site(generator, batch, tree, leaves, tracer), (0, False))
            tracer.stop()
            loop.run_until_complete(generator.aclose())
            loop.close()
            self.assertEqual(program.elements(), [((0,), True, "x"), ((1,), True, "1")])


if __name__ == "__main__":
    unittest.main()
