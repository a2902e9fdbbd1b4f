"""`watch`: what is handed out is what was put in, the report comes when it should, and nothing of ours
breaks a loop.
"""

import contextlib
import gc
import io
import os
import subprocess
import sys
import textwrap
import threading
import traceback
import types
import unittest
import warnings
import weakref

from listener import ROOT, Listener

import numpy as np

import batchlint
from batchlint import _look


def numbers(count, close=None):
    try:
        for index in range(count):
            yield np.full((2, 3), index, np.float32), np.arange(2)
    finally:
        if close is not None:
            close.append(True)


class Case(unittest.TestCase):
    def setUp(self):
        _look._warned.clear()

    @contextlib.contextmanager
    def listening(self, **told):
        """(listener, stderr)"""
        stderr = io.StringIO()
        with Listener(**told) as listener, contextlib.redirect_stderr(stderr):
            yield listener, stderr


class Generators(Case):
    def test_keras_takes_it_for_a_generator(self):
        with self.listening():
            self.assertIs(type(batchlint.watch(numbers(1))), types.GeneratorType)
            self.assertIs(type(batchlint.watch(iter([1]))), types.GeneratorType)

    def test_every_batch_comes_out_as_it_is(self):
        batches = list(numbers(7))
        with self.listening() as (listener, _):
            came = list(batchlint.watch(iter(batches), batches=3))
        self.assertEqual(len(came), 7)
        for one, other in zip(came, batches):
            self.assertIs(one, other)
        self.assertEqual(len(listener.of("BATCH")), 3)
        self.assertEqual([message["i"] for message in listener.of("BATCH")], [0, 1, 2])
        self.assertEqual(listener.of("END")[0]["reason"], "limit")
        self.assertEqual(listener.of("HELLO")[0]["kind"], "iterator")

    def test_nothing_runs_before_the_first_batch_is_asked_for(self):
        started = []

        def lazy():
            started.append(1)
            yield 1

        with self.listening() as (listener, _):
            made = batchlint.watch(lazy())
            self.assertEqual((started, listener.frames), ([], []))
            made.close()
            self.assertEqual((started, listener.frames), ([], []))

    def test_the_report_is_there_with_the_last_batch(self):
        reports = []
        with self.listening() as (_, stderr):
            made = batchlint.watch(numbers(9), batches=3, report=reports.append)
            next(made), next(made)
            self.assertEqual(reports, [])
            next(made)
            self.assertEqual(len(reports), 1)
            self.assertIs(batchlint.last_report(), reports[0])
            self.assertEqual(reports[0].coverage.batches, 3)
            self.assertEqual(stderr.getvalue(), "batchlint: 0 errors; 3 batches\n")
            self.assertEqual(len(list(made)), 6)
            self.assertEqual(len(reports), 1)

    def test_a_short_generator_is_exhausted(self):
        with self.listening() as (listener, _):
            self.assertEqual(len(list(batchlint.watch(numbers(2)))), 2)
        self.assertEqual(listener.of("END")[0]["reason"], "exhausted")
        self.assertEqual(listener.of("END")[0]["batches"], 2)

    def test_findings_are_printed_and_the_loop_goes_on(self):
        with self.listening(errors=1) as (_, stderr):
            self.assertEqual(len(list(batchlint.watch(numbers(5), batches=2))), 5)
        self.assertIn("error[shape-mismatch]", stderr.getvalue())

    def test_notes_alone_are_only_counted(self):
        with self.listening(errors=1, level="note", code=0) as (_, stderr):
            list(batchlint.watch(numbers(5), batches=2, on_findings="raise"))
        self.assertEqual(stderr.getvalue(), "batchlint: 1 errors; 2 batches\n")

    def test_ignore_is_silent(self):
        reports = []
        with self.listening(errors=1) as (_, stderr):
            list(batchlint.watch(numbers(5), batches=2, on_findings="ignore", report=reports.append))
        self.assertEqual(stderr.getvalue(), "")
        self.assertEqual(len(reports[0].diagnostics), 1)

    def test_raise_raises_in_place_of_the_last_batch(self):
        with self.listening(errors=1):
            made = batchlint.watch(numbers(5), batches=2, on_findings="raise")
            next(made)
            with self.assertRaises(batchlint.FindingsError) as caught:
                next(made)
        self.assertIn("error[shape-mismatch]", str(caught.exception))

    def test_raise_raises_at_the_end_of_a_short_one(self):
        with self.listening(errors=1):
            made = batchlint.watch(numbers(2), on_findings="raise")
            next(made), next(made)
            with self.assertRaises(batchlint.FindingsError):
                next(made)

    def test_raise_lets_clean_batches_pass(self):
        with self.listening():
            self.assertEqual(len(list(batchlint.watch(numbers(5), batches=2, on_findings="raise"))), 5)

    def test_a_loop_that_is_left_is_judged_by_what_it_took(self):
        closed, reports = [], []
        with self.listening(errors=1) as (listener, _):
            made = batchlint.watch(numbers(9, closed), on_findings="raise", report=reports.append)
            next(made), next(made)
            made.close()
        self.assertEqual(closed, [True])
        self.assertEqual(reports[0].coverage.batches, 2)
        self.assertEqual(listener.of("END")[0]["reason"], "limit")

    def test_a_dropped_generator_is_closed(self):
        closed = []
        with self.listening() as (listener, _):
            made = batchlint.watch(numbers(9, closed))
            next(made)
            del made
            gc.collect()
        self.assertEqual(closed, [True])
        self.assertEqual(len(listener.of("END")), 1)

    def test_what_the_user_raises_passes_through(self):
        class Mine(Exception):
            pass

        thrown = Mine("x")

        def failing():
            yield np.zeros(2)
            raise thrown

        with self.listening() as (listener, _):
            made = batchlint.watch(failing(), on_findings="raise")
            next(made)
            try:
                next(made)
            except Mine as caught:
                self.assertIs(caught, thrown)
                names = [frame.name for frame in traceback.extract_tb(caught.__traceback__)]
        self.assertIsNone(thrown.__cause__)
        self.assertIsNone(thrown.__context__)
        self.assertEqual(names[-1], "failing")
        (error,) = listener.of("ERROR")
        self.assertEqual((error["what"], error["batch"], error["error"]["type"]), ("exception", 1, "Mine"))
        self.assertEqual(
            [frame["func"].rpartition(".")[2] for frame in error["error"]["frames"]], ["failing"]
        )
        self.assertEqual(listener.of("END")[0]["reason"], "exception")

    def test_send_throw_and_return_reach_the_generator(self):
        def echo():
            got = []
            while len(got) < 4:
                try:
                    got.append((yield len(got)))
                except KeyError as error:
                    got.append(error.args[0])
            return got

        def drive(generator):
            out = [next(generator), generator.send("a"), generator.throw(KeyError("k")), next(generator)]
            try:
                generator.send("z")
            except StopIteration as stop:
                return out, stop.value

        want = drive(echo())
        for limit in (1, 2, 3, 20):
            with self.listening():
                self.assertEqual(drive(batchlint.watch(echo(), batches=limit)), want, limit)

    def test_what_is_thrown_into_an_iterator_comes_back(self):
        with self.listening():
            made = batchlint.watch(iter([1, 2]))
            next(made)
            with self.assertRaises(ZeroDivisionError):
                made.throw(ZeroDivisionError())

    def test_no_batch_is_kept_alive(self):
        class Batch:
            pass

        def making():
            for _ in range(6):
                yield Batch()

        with self.listening():
            old = None
            for batch in batchlint.watch(making(), batches=3):
                if old is not None:
                    self.assertIsNone(old())
                old = weakref.ref(batch)
                del batch

    def test_a_generator_of_another_thread(self):
        came = []
        with self.listening() as (listener, _):
            made = batchlint.watch(numbers(4))
            for _ in range(2):
                came.append(next(made))
            thread = threading.Thread(target=lambda: came.extend(made))
            thread.start()
            thread.join()
        self.assertEqual(len(came), 4)
        self.assertEqual(len(listener.of("BATCH")), 4)

    def test_large_batches_go_through_the_ring(self):
        large = [np.full(1 << 18, index, np.float64) for index in range(6)]
        for ring in (True, False):
            with self.listening(ring=ring) as (listener, _):
                came = list(batchlint.watch(iter(large)))
            self.assertTrue(all(one is other for one, other in zip(came, large)))
            self.assertEqual(listener.payloads(), [2 << 20] * 6)


class Trouble(Case):
    def test_no_binary_is_said_once_and_the_loop_goes_on(self):
        with self.listening():
            os.environ["BATCHLINT_BIN"] = "/no/such/binary"
            for policy in ("warn", "raise", "ignore"):
                _look._warned.clear()
                with warnings.catch_warnings(record=True) as caught:
                    warnings.simplefilter("always")
                    self.assertEqual(len(list(batchlint.watch(numbers(3), on_findings=policy))), 3)
                    self.assertEqual(len(list(batchlint.watch(numbers(3), on_findings=policy))), 3)
                (warned,) = caught
                self.assertIn("not checked: BATCHLINT_BIN names '/no/such/binary'", str(warned.message))
                self.assertEqual(warned.category, RuntimeWarning)
                self.assertEqual(warned.filename, __file__)

    def test_warnings_as_errors_do_not_break_the_loop(self):
        with self.listening() as (_, stderr):
            os.environ["BATCHLINT_BIN"] = "/no/such/binary"
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                self.assertEqual(len(list(batchlint.watch(numbers(3)))), 3)
        self.assertIn("not checked", stderr.getvalue())

    def test_a_side_process_that_dies(self):
        for told in ({"die": 1}, {"die": 2, "ring": True}, {"mute": True}):
            _look._warned.clear()
            with self.listening(**told), warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                batches = [np.zeros(1 << 17) for _ in range(8)]
                came = list(batchlint.watch(iter(batches), on_findings="raise"))
            self.assertEqual(len(came), 8)
            (warned,) = [one for one in caught if one.category is RuntimeWarning]
            self.assertIn("no report", str(warned.message))
        self.assertIn("out of words", str(warned.message))

    def test_a_wrong_spec_is_raised_only_where_asked_for(self):
        with self.listening(refuse=True):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                self.assertEqual(len(list(batchlint.watch(numbers(3)))), 3)
            self.assertIn("unknown key `x`", str(caught[0].message))
            with self.assertRaises(batchlint.BatchlintError) as raised:
                list(batchlint.watch(numbers(3), on_findings="raise"))
            self.assertEqual(str(raised.exception), "error: unknown key `x`")

    def test_a_forked_worker_sends_nothing(self):
        if not hasattr(os, "fork"):
            self.skipTest("no fork here")
        with self.listening() as (listener, _):
            made = batchlint.watch(numbers(5))
            next(made)
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    code = 0 if len(list(made)) == 4 else 3
                finally:
                    os._exit(code)
            self.assertEqual(os.waitpid(child, 0)[1], 0)
            self.assertEqual(len(list(made)), 4)
        self.assertEqual(len(listener.of("BATCH")), 5)
        self.assertEqual(len(listener.of("END")), 1)

    def test_descriptors_and_processes_are_given_back(self):
        if not os.path.isdir("/proc/self/fd"):
            self.skipTest("no /proc here")
        with self.listening(ring=True):
            list(batchlint.watch(numbers(5), batches=2))
            before = sorted(os.listdir("/proc/self/fd"))
            for _ in range(3):
                list(batchlint.watch(iter([np.zeros(1 << 18)] * 3), batches=2))
            self.assertEqual(sorted(os.listdir("/proc/self/fd")), before)
            with self.assertRaises(ChildProcessError):
                os.waitpid(-1, os.WNOHANG)

    def test_a_loop_that_is_never_closed_is_judged_at_exit(self):
        with self.listening(errors=1) as (listener, _):
            program = textwrap.dedent(
                """
                import sys
                sys.path.insert(0, %r)
                import batchlint
                kept = batchlint.watch(iter([1, 2, 3]))
                next(kept)
                import atexit, os
                atexit.register(lambda: None)
                """
                % os.path.join(ROOT, "python")
            )
            done = subprocess.run(
                [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(b"error[shape-mismatch]", done.stderr)
            self.assertEqual(len(listener.of("END")), 1)


class Arguments(Case):
    def test_what_is_asked_for_reaches_the_binary(self):
        with self.listening() as (listener, _):
            list(
                batchlint.watch(
                    numbers(1),
                    "some/spec.toml",
                    framework="torch",
                    batch_size=32,
                    select=["a", "b"],
                    level={"r": "note"},
                    headers_only=True,
                    require_complete=False,
                    ignore=None,
                )
            )
            self.assertEqual(
                listener.flags,
                [
                    "listen",
                    "--spec=some/spec.toml",
                    "--batch-size=32",
                    "--select=a",
                    "--select=b",
                    "--level=r=note",
                    "--headers-only",
                    "--framework=torch",
                ],
            )

    def test_a_spec_is_a_path_a_text_or_a_dict(self):
        with self.listening() as (listener, _):
            list(batchlint.watch(numbers(1), "framework = 'any'\n"))
            self.assertEqual(listener.flags, ["listen", "--spec-text=framework = 'any'\n"])
            list(batchlint.watch(numbers(1), {"inputs": {"x": {"dtype": "float32"}}}))
            self.assertEqual(
                listener.flags, ["listen", '--spec-text=\n[inputs]\n\n[inputs.x]\ndtype = "float32"\n']
            )
            with self.assertRaises(batchlint.BatchlintError):
                batchlint.watch(numbers(1), 3)

    def test_mistakes_are_told_before_the_training(self):
        with self.assertRaises(ValueError):
            batchlint.watch(numbers(1), on_findings="throw")
        with self.assertRaises(ValueError):
            batchlint.watch(numbers(1), batches=0)
        for odd in (
            numbers,
            3,
            np.zeros((4, 2)),
            (np.zeros(2), np.zeros(2)),
            {"x": np.zeros(2)},
            "text",
            None,
        ):
            with self.assertRaises(TypeError):
                batchlint.watch(odd)


if __name__ == "__main__":
    unittest.main()
