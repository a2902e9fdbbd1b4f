"""Where batches come from, for every kind of source: the text that is pointed at is cut out and compared."""

import asyncio
import os
import sys
import tempfile
import textwrap
import unittest

from support import Program

import numpy as np

from batchlint._capture.origin import Origins
from batchlint._capture.source import is_user
from batchlint._capture.tracer import Tracer
from batchlint._capture.tree import flatten

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


class OtherSources(Shapes):
    def test_a_list_made_by_a_factory(self):
        for text in (
            "def gen(): return [(np.ones(i), i) for i in range(3)]\n",
            "def gen():\n    made = [(np.ones(i), i) for i in range(3)]\n    return made\n",
        ):
            program = self.both(text, ["np.ones(i)", "i"], batches=3)
            self.assertEqual(self.told, [(0, False)] * 3)
            self.assertEqual(program.sites[0]["kind"], "element")

    def test_classes(self):
        text = "class Own:\n    def __iter__(self): return self\n    def __next__(self):\n        x = np.ones(3)\n        return x, 1\n"
        program = self.traced(text, ["x", "1"], "Own()", batches=4)
        self.assertEqual(self.told, [(0, False), (0, False), (0, True), (0, True)])
        self.assertEqual(program.sites[0]["kind"], "return")
        program = self.program(text, "Own()", traced=False)
        self.assertEqual(self.told, [(None, False)])
        self.both(
            "class Own:\n    def __iter__(self):\n        x = np.ones(3)\n        yield x, 1\n",
            ["x", "1"],
            "Own()",
        )

    def test_a_callable_until_a_sentinel(self):
        self.traced("def load():\n    return np.ones(3), 1\n", ["np.ones(3)", "1"], "iter(load, None)")

    def test_several_returns(self):
        program = self.program(
            """
            class D:
                n = 0
                def __iter__(self): return self
                def __next__(self):
                    self.n += 1
                    x = np.ones(3)
                    if self.n == 1:
                        return x, 1
                    return x, 2
            """,
            "D()",
            batches=2,
        )
        self.assertEqual([number for number, _ in self.told], [0, 1])
        self.assertEqual([program.elements(i)[1][2] for i in (0, 1)], ["1", "2"])

    def test_a_return_within_with_and_try(self):
        for text in (
            "with contextlib.suppress(KeyError):\n            return x, 1\n",
            "try:\n            return x, 1\n        finally:\n            x = x\n",
        ):
            self.traced(
                "class D:\n    def __iter__(self): return self\n    def __next__(self):\n        x = np.ones(3)\n        "
                + text,
                ["x", "1"],
                "D()",
            )

    def test_items_by_index(self):
        program = self.traced(
            """
            class Data:
                def __len__(self): return 3
                def __getitem__(self, i):
                    x = np.ones(3)
                    return {"x": x, "y": np.zeros(2)}
            """,
            ["x", "np.zeros(2)"],
            "Data()",
            wrap=lambda data: (data[i] for i in range(3)),
        )
        self.assertEqual(program.made(0, "x"), [("assign", "np.ones(3)")])

    def test_samples_that_a_loader_stacks_are_inferred(self):
        program = self.program(
            """
            class Data:
                def __len__(self): return 8
                def __getitem__(self, i):
                    x = np.ones(3)
                    return x, i
            """,
            "Data()",
            wrap=stacked,
        )
        site = program.sites[0]
        self.assertTrue(site["inferred"])
        self.assertEqual(site["func"].rpartition(".")[2], "__getitem__")
        self.assertEqual([(exact, cut) for _, exact, cut in program.elements()], [(True, "x"), (True, "i")])
        self.assertEqual(program.element(0, 0)["made"][0]["shape"], [3])

    def test_a_collate_function(self):
        program = self.program(
            """
            class Data:
                def __getitem__(self, i): return np.ones(3), i
            def collate(samples):
                xs = np.stack([s[0] for s in samples])
                return xs, np.asarray([s[1] for s in samples])
            """,
            "Data()",
            wrap=lambda data: iter(lambda: collated(data), None),
        )
        self.assertNotIn("inferred", program.sites[0])
        self.assertEqual(program.elements()[0], ((0,), True, "xs"))

    def test_code_without_a_file(self):
        for wrap in ("<generated>", "/nowhere/at/all.py"):
            names = {"np": np}
            exec(compile("def gen():\n    yield np.ones(3), 1\n", wrap, "exec"), names)
            sent = []
            origins = Origins(lambda kind, message, payload=b"": sent.append((kind, message)))
            tracer = Tracer(is_user)
            generator = names["gen"]()
            batch = next(generator)
            number, _ = origins.site(generator, batch, *flatten(batch), tracer)
            if wrap.startswith("<"):
                self.assertIsNone(number)
            else:
                self.assertEqual((sent[0][1]["how"], sent[0][1]["line"]), ("none", 2))
                self.assertNotIn("source", sent[0][1])
            self.assertNotIn(7, [kind for kind, _ in sent])

    def test_a_notebook_cell(self):
        import linecache

        name = "<ipython-input-1-0>"
        text = "import numpy as np\ndef gen():\n    x = np.ones(3)\n    yield x, 1\n"
        linecache.cache[name] = (len(text), None, text.splitlines(True), name)
        self.addCleanup(linecache.cache.pop, name)
        names = {}
        exec(compile(text, name, "exec"), names)
        sent = []
        generator = names["gen"]()
        batch = next(generator)
        Origins(lambda kind, message, payload=b"": sent.append((kind, message, payload))).site(
            generator, batch, *flatten(batch)
        )
        self.assertEqual([kind for kind, _, _ in sent], [6, 8])
        self.assertEqual(sent[0][1]["file"], name)
        self.assertFalse(sent[0][1]["on_disk"])
        self.assertEqual(sent[0][2].decode(), text)
        self.assertTrue(sent[1][1]["elements"][0]["exact"])


class Texts(Shapes):
    def test_encodings_line_ends_tabs_and_form_feeds(self):
        body = "def gen():\n\té = 'ü'; x = np.ones(3)\n\tyield é, x\n"
        for name, data in [
            ("latin-1", ("# -*- coding: latin-1 -*-\n" + HEAD + body).encode("latin-1")),
            ("mark", ("\ufeff" + HEAD + body).encode()),
            ("crlf", (HEAD + body).replace("\n", "\r\n").encode()),
            ("form feed", (HEAD + "\f\n" + body.replace("; x", ";\f x")).encode()),
        ]:
            with self.subTest(name):
                program = self.program("", head="", data=data)
                self.assertEqual(program.elements(), [((0,), True, "é"), ((1,), True, "x")])
        self.assertEqual(program.sources[0]["encoding"], "utf-8")

    def test_the_source_is_sent_once_with_its_hash(self):
        import hashlib

        program = self.program("def gen():\n    yield np.ones(3), 1\n    yield np.ones(4), 2\n", batches=2)
        self.assertEqual([kind for kind, _ in program.frames], [6, 8, 8])
        source = program.sources[0]
        with open(program.path, "rb") as file:
            self.assertEqual(source["sha256"], hashlib.sha256(file.read()).hexdigest())
        self.assertEqual(source["path"], program.path)
        self.assertTrue(source["on_disk"])
        self.assertEqual(program.texts[0], program.text)

    def test_a_file_below_the_working_directory_is_shown_from_there(self):
        before = os.getcwd()
        self.addCleanup(os.chdir, before)
        os.chdir(self.folder)
        os.mkdir("sub")
        self.folder = os.path.join(os.getcwd(), "sub")
        program = self.program("def gen():\n    yield np.ones(3)\n")
        self.assertEqual(program.sites[0]["file"], "sub/" + os.path.basename(program.path))


class Made(Shapes):
    def test_a_function_handed_it_out_before(self):
        program = self.traced(
            """
            def load():
                img = np.ones(3)
                return img
            def again():
                return load()
            def gen():
                x = again()
                yield x, 1
            """,
            ["x", "1"],
        )
        made = program.element(0, 0)["made"]
        self.assertEqual(program.made(0, 0), [("returned", "img"), ("assign", "np.ones(3)")])
        self.assertEqual((made[0]["dtype"], made[0]["shape"], made[0]["certain"]), ("float64", [3], True))

    def test_the_dtypes_that_a_name_had(self):
        program = self.traced(
            """
            def gen():
                x = np.ones(3, np.uint8)
                x = x.astype(np.float32)
                x = x.astype(
                    np.float64)
                yield x, 1
            """,
            ["x", "1"],
        )
        self.assertEqual(
            program.became(0, 0),
            [
                ("uint8", "float32", "x.astype(np.float32)"),
                ("float32", "float64", "x.astype(\n        np.float64)"),
            ],
        )

    def test_what_the_source_alone_says(self):
        for body, expected in [
            ("x = np.ones(3)", [("assign", "np.ones(3)", True)]),
            (
                "x = np.ones(3)\n    if flag: x = np.ones(4)",
                [("assign", "np.ones(4)", False), ("assign", "np.ones(3)", False)],
            ),
            ("x = np.ones(3)\n    x -= 1", [("modify", "x -= 1", True), ("assign", "np.ones(3)", True)]),
            ("x, y = np.ones((2, 3))", [("unpack", "np.ones((2, 3))", True)]),
            ("a = np.ones(3)\n    x = a", [("assign", "np.ones(3)", True)]),
            (
                "with contextlib.nullcontext(np.ones(3)) as x: pass",
                [("with", "contextlib.nullcontext(np.ones(3))", False)],
            ),
            (
                "try: x = np.ones(3)\n    except KeyError: x = None",
                [("assign", "None", False), ("assign", "np.ones(3)", False)],
            ),
            ("x = flag", [("parameter", "flag", True)]),
        ]:
            with self.subTest(body):
                program = self.program(
                    "def gen(flag=np.ones(1)[0]):\n    %s\n    yield x, 1\n"
                    % body.replace("flag:", "flag > 0:"),
                    traced=False,
                )
                made = [
                    (one["why"], program.where(one), one["certain"]) for one in program.element(0, 0)["made"]
                ]
                self.assertEqual(made, expected)

    def test_loops_attributes_and_keys(self):
        program = self.program(
            "def gen():\n    for x in np.ones((2, 3)):\n        yield x, 1\n", traced=False
        )
        self.assertEqual(program.made(0, 0), [("for", "np.ones((2, 3))")])
        program = self.program(
            "def gen():\n    x = np.ones(3)\n    while True:\n        yield x, 1\n        x = np.ones(4)\n",
            traced=False,
        )
        self.assertEqual(program.made(0, 0), [("loop", "np.ones(4)"), ("assign", "np.ones(3)")])
        program = self.program(
            "def gen():\n    d = {}\n    d['k'] = np.ones(3)\n    yield d['k'], 1\n", traced=False
        )
        self.assertEqual(program.made(0, 0), [("attribute", "np.ones(3)")])
        program = self.program(
            "class L:\n    def __init__(self): self.x = np.ones(3)\n    def gen(self):\n        yield self.x, 1\n",
            "L().gen()",
            traced=False,
        )
        self.assertEqual(program.made(0, 0), [("attribute", "np.ones(3)")])
        program = self.program("def gen():\n    x = np.ones(3)\n    yield x / 2, 1\n", traced=False)
        self.assertEqual(program.made(0, 0), [("inline", "x / 2"), ("input", "np.ones(3)")])


class Quiet(Shapes):
    def test_trouble_is_told_once_and_nothing_is_raised(self):
        sent = []
        origins = Origins(lambda kind, message, payload=b"": sent.append(kind))
        origins.sources = None
        batch = (np.ones(3), 1)
        for _ in range(3):
            self.assertEqual(origins.site((b for b in [batch]), batch, *flatten(batch)), (None, False))
            generator = Program(self.folder, HEAD + "def gen():\n    yield np.ones(3)\n").module.gen()
            self.assertEqual(origins.site(generator, next(generator), "leaf", [((), 1)]), (None, False))
        self.assertEqual(sent, [7])

    def test_a_tracer_of_somebody_else_is_left_alone(self):
        def other(frame, event, arg):
            return None

        before = sys.gettrace()
        sys.settrace(other)
        try:
            tracer = Tracer(is_user)
            tracer.start()
            self.assertEqual(tracer.mode, "off")
            self.assertIs(sys.gettrace(), other)
        finally:
            sys.settrace(before)

    def test_lines_end_with_the_budget_and_exits_go_on(self):
        program = Program(
            self.folder,
            HEAD + "def gen():\n    for k in range(3):\n        for i in range(2000):\n            i += 1\n"
            "        x = np.ones(k)\n        yield x, k\n",
        )
        tracer = Tracer(is_user, budget=100)
        tracer.start()
        try:
            generator = program.module.gen()
            for _ in range(3):
                tracer.reset()
                tracer.active = True
                batch = next(generator)
                tracer.active = False
                self.assertIs(tracer.exits[-1].value, batch)
                self.assertIsNone(tracer.first_binding(batch[0]))
                del batch
        finally:
            tracer.stop()

    def test_no_array_is_kept_alive(self):
        import gc
        import weakref

        program = Program(
            self.folder, HEAD + "def gen():\n    while True:\n        x = np.ones(3)\n        yield x, 1\n"
        )
        generator = program.module.gen()
        tracer = Tracer(is_user)
        tracer.start()
        tracer.active = True
        batch = next(generator)
        tracer.active = False
        program.origins.site(generator, batch, *flatten(batch), tracer)
        alive = weakref.ref(batch[0])
        tracer.reset()
        tracer.active = True
        del batch
        next(generator)
        tracer.active = False
        gc.collect()
        self.assertIsNone(alive())
        tracer.stop()

    def test_a_loop_over_many_arrays_keeps_only_the_last(self):
        program = Program(
            self.folder,
            HEAD
            + "import weakref\nalive = []\ndef load():\n    x = np.ones(3)\n    alive.append(weakref.ref(x))\n"
            "    return x\ndef gen():\n    for _ in range(50):\n        img = load()\n"
            "    yield img, sum(one() is not None for one in alive)\n",
        )
        tracer = Tracer(is_user)
        tracer.start()
        tracer.active = True
        batch = next(program.module.gen())
        tracer.active = False
        tracer.stop()
        self.assertLessEqual(batch[1], 3)

    def test_which_files_are_the_users(self):
        from batchlint._capture import tree

        self.assertTrue(is_user(os.path.join(self.folder, "train.py")))
        self.assertTrue(is_user("<ipython-input-3-abc>"))
        for other in (
            os.__file__,
            np.__file__,
            tree.__file__,
            "<string>",
            "<frozen importlib>",
            "<batchlint>/x.py",
        ):
            self.assertFalse(is_user(other), other)


# A library's code: it has no file of the user's.
_LOADER = """
def stacked(data):
    while True:
        samples = [data[i] for i in range(4)]
        yield tuple(np.stack([np.asarray(part) for part in parts]) for parts in zip(*samples))
"""
exec(compile(_LOADER, "<loader>", "exec"), globals())


def collated(data):
    return sys.modules[type(data).__module__].collate([data[i] for i in range(4)])


if __name__ == "__main__":
    unittest.main()
