"""Where an array came to be, and what the tracer must not do."""

import os
import sys
import unittest

from shapes import HEAD, Shapes
from support import Program

import numpy as np

from batchlint._capture.origin import Origins
from batchlint._capture.program import is_user
from batchlint._capture.tracer import Tracer
from batchlint._capture.tree import flatten


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


if __name__ == "__main__":
    unittest.main()
