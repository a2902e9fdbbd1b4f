"""`check`: what it takes, what it says, and what it leaves alone. With the real binary where there is one."""

import io
import os
import tempfile
import unittest

from listener import Listener

import numpy as np

import batchlint
from batchlint._toml import dumps

BINARY = os.environ.get("BATCHLINT_BIN")
SPEC = {
    "framework": "torch",
    "batch": {"size": 4},
    "inputs": {"x": {"dtype": "float32", "shape": ["batch", 3]}},
    "targets": {"y": {"dtype": "int64", "shape": ["batch"], "encoding": "index", "classes": 2}},
}


def batches(count=5, dtype=np.float32, rows=4):
    rng = np.random.default_rng(0)
    for _ in range(count):
        yield rng.random((rows, 3)).astype(dtype), rng.integers(0, 2, rows)


class Taking(unittest.TestCase):
    def taken(self, obj, **more):
        with Listener() as listener:
            batchlint.check(obj, **more)
        return listener

    def test_an_iterator_is_moved_on_and_not_closed(self):
        generator = batches(5)
        listener = self.taken(generator, batches=3)
        self.assertEqual(len(listener.of("BATCH")), 3)
        self.assertEqual(len(list(generator)), 2)

    def test_whatever_hands_out_batches(self):
        class Iterable:
            def __iter__(self):
                return batches(2)

        class Indexed:
            def __len__(self):
                return 2

            def __getitem__(self, index):
                return list(batches(2))[index]

        for obj, kind in (
            (batches(2), "generator"),
            (iter(list(batches(2))), "iterator"),
            (list(batches(2)), "sequence"),
            (Iterable(), "iterable"),
            (Indexed(), "sequence"),
            (lambda: batches(2), "generator"),
            (lambda: list(batches(2)), "sequence"),
        ):
            listener = self.taken(obj)
            self.assertEqual(listener.of("HELLO")[0]["kind"], kind)
            self.assertEqual(len(listener.of("BATCH")), 2)
            self.assertEqual(listener.of("END")[0]["reason"], "exhausted")

    def test_one_batch(self):
        for obj in (np.zeros((4, 3)), (np.zeros((4, 3)), np.zeros(4)), {"x": np.zeros((4, 3))}):
            listener = self.taken(obj)
            self.assertEqual(listener.of("HELLO")[0]["kind"], "batch")
            self.assertEqual(len(listener.of("BATCH")), 1)

    def test_the_name_is_that_of_what_was_given(self):
        self.assertEqual(self.taken(batches(1)).of("HELLO")[0]["target"], "batches")
        self.assertEqual(self.taken(batches).of("HELLO")[0]["target"], "batches")

    def test_what_hands_out_nothing_is_refused(self):
        for odd in (3, "text", None, object()):
            with Listener() as listener, self.assertRaises(batchlint.BatchlintError):
                batchlint.check(odd)
            self.assertEqual(listener.frames, [])
        with self.assertRaises(ValueError):
            batchlint.check(batches(1), batches=0)

    def test_what_the_user_raises_in_a_batch_is_reported(self):
        def failing():
            yield from batches(1)
            raise KeyError("lost")

        listener = self.taken(failing())
        (error,) = listener.of("ERROR")
        self.assertEqual(
            (error["error"]["type"], error["batch"], error["what"]), ("KeyError", 1, "exception")
        )
        self.assertEqual(
            [os.path.basename(frame["file"]) for frame in error["error"]["frames"]],
            [os.path.basename(__file__)],
        )

    def test_what_the_user_raises_before_the_first_batch_is_raised(self):
        def factory():
            raise KeyError("lost")

        with Listener() as listener, self.assertRaises(KeyError):
            batchlint.check(factory)
        self.assertEqual(listener.frames, [])

    def test_an_interrupt_is_raised_and_ends_the_side_process(self):
        def interrupted():
            yield from batches(1)
            raise KeyboardInterrupt

        with Listener() as listener, self.assertRaises(KeyboardInterrupt):
            batchlint.check(interrupted())
        self.assertEqual(listener.of("END"), [])

    def test_async_generators(self):
        async def later():
            for batch in batches(2):
                yield batch

        self.assertEqual(len(self.taken(later()).of("BATCH")), 2)

        async def inside():
            with Listener(), self.assertRaises(batchlint.BatchlintError):
                batchlint.check(later())

        import asyncio

        asyncio.run(inside())

    def test_without_a_binary_it_raises(self):
        with Listener(mute=True):
            with self.assertRaisesRegex(batchlint.BatchlintError, "out of words"):
                batchlint.check(batches(1))
            os.environ["BATCHLINT_BIN"] = "/no/such/binary"
            with self.assertRaisesRegex(batchlint.BatchlintError, "no such file"):
                batchlint.check(batches(1))


class Toml(unittest.TestCase):
    def test_what_a_spec_is_made_of(self):
        self.assertEqual(
            dumps(
                {
                    "framework": "keras",
                    "batch": {"size": 32, "partial": False},
                    "inputs": {"a b": {"dtype": ["float32", "float16"], "values": {"min": 0.0, "max": 1e16}}},
                    "allow": [{"rule": "r", "reason": 'x\ny"\\'}],
                    "none": None,
                }
            ),
            'framework = "keras"\n'
            'allow = [{rule = "r", reason = "x\\ny\\"\\\\"}]\n\n'
            "[batch]\nsize = 32\npartial = false\n\n[inputs]\n\n"
            '[inputs."a b"]\ndtype = ["float32", "float16"]\n\n'
            '[inputs."a b".values]\nmin = 0.0\nmax = 1e+16\n',
        )

    def test_python_reads_back_what_was_written(self):
        try:
            import tomllib
        except ImportError:
            self.skipTest("Python 3.11 has the reader")
        table = {
            "a": {"b.c": {"": 1, "é\u2028\x7f\x01\t": [1, -2.5, True, "\U0001f600", {"x": [{}]}, []]}},
            "inf": float("inf"),
            "n": -float("inf"),
            "f": 1e-7,
            "big": 2**53,
        }
        self.assertEqual(tomllib.loads(dumps(table)), table)

    def test_other_types_are_refused(self):
        for odd in ({"a": object()}, {1: 2}, {"a": {2: 1}}):
            with self.assertRaises(TypeError):
                dumps(odd)


@unittest.skipUnless(BINARY, "BATCHLINT_BIN names no binary")
class Binary(unittest.TestCase):
    def test_clean_batches(self):
        report = batchlint.check(batches(), SPEC)
        self.assertEqual((report.status, report.exit_code, report.ok), ("clean", 0, True), report.text)
        self.assertEqual((report.coverage.batches, report.coverage.samples), (5, 20))
        self.assertGreater(report.coverage.passed, 10)
        self.assertTrue(report.text.startswith("clean; 5 batches, 20 samples"), report.text)

    def test_a_wrong_dtype(self):
        report = batchlint.check(batches(dtype=np.float64), SPEC)
        (finding,) = report.at_least("warning")
        self.assertEqual((finding.rule, finding.count, finding.of), ("double-precision", 5, 5))
        self.assertIn("float32", finding.fix.python)
        with self.assertRaises(batchlint.FindingsError) as caught:
            report.raise_for_findings(finding.level)
        self.assertEqual(str(caught.exception), report.text)

    def test_values_are_looked_at(self):
        def spoiled():
            for index, (x, y) in enumerate(batches()):
                if index == 3:
                    x[2, 1] = np.nan
                yield x, y

        report = batchlint.check(spoiled(), SPEC)
        (finding,) = report.at_least("error")
        self.assertEqual(finding.rule, "non-finite-values")
        self.assertEqual((finding.places[0].batch, finding.places[0].index), (3, [2, 1]))
        self.assertFalse(report.ok)

    def test_large_batches(self):
        def large():
            for index in range(4):
                x = np.zeros((4, 1 << 18), np.float32)
                x[3, -1] = index
                x[1, 5] = np.inf if index == 2 else 1
                yield x

        (finding,) = batchlint.check(large(), {}, select=["non-finite-values"]).at_least("warning")
        self.assertEqual((finding.places[0].batch, finding.places[0].index), (2, [1, 5]))

    def test_a_spec_as_a_file_and_as_text(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "spec.toml")
            with open(path, "w") as file:
                file.write(dumps(SPEC))
            for spec in (path, dumps(SPEC)):
                self.assertEqual(
                    batchlint.check(batches(dtype=np.float64), spec).at_least("warning")[0].rule,
                    "double-precision",
                )

    def test_a_wrong_spec_and_a_wrong_flag(self):
        with self.assertRaisesRegex(batchlint.BatchlintError, "unknown key `inptus`"):
            batchlint.check(batches(), {"inptus": {}})
        with self.assertRaisesRegex(batchlint.BatchlintError, "no-such-flag"):
            batchlint.check(batches(), SPEC, no_such_flag=True)
        with self.assertRaises(batchlint.BatchlintError):
            batchlint.check(batches(), "/no/such/spec.toml")

    def test_an_empty_generator_is_not_clean(self):
        report = batchlint.check(batches(0), SPEC)
        self.assertFalse(report.ok, report.text)
        with self.assertRaises(batchlint.BatchlintError):
            report.raise_for_findings()

    def test_an_exception_is_a_finding(self):
        def failing():
            yield from batches(2)
            raise ValueError("bad file")

        report = batchlint.check(failing(), SPEC)
        self.assertFalse(report.ok)
        self.assertIn("bad file", report.text)
        self.assertEqual(report.coverage.batches, 2)

    def test_select_and_level(self):
        report = batchlint.check(
            batches(dtype=np.float64), SPEC, select=["double-precision"], level={"double-precision": "error"}
        )
        self.assertEqual(report.exit_code, 1)
        self.assertEqual({check.rule for check in report.checks}, {"double-precision"})

    def test_a_watched_loop(self):
        from contextlib import redirect_stderr

        stderr = io.StringIO()
        with redirect_stderr(stderr):
            count = sum(1 for _ in batchlint.watch(batches(30, np.float64), SPEC, batches=10))
        self.assertEqual(count, 30)
        self.assertIn("double-precision", stderr.getvalue())
        self.assertEqual(batchlint.last_report().coverage.batches, 10)


if __name__ == "__main__":
    unittest.main()
