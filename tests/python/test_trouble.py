"""What programs do to the process they run in: the frames stay intact and the trouble is told."""

import os
import signal
import sys
import time
import unittest

from parent import STOP, Child, Program, capture, leaf_bytes

LINUX = sys.platform.startswith("linux")


class Output(unittest.TestCase):
    def test_prints_of_every_sort_leave_the_frames_intact(self):
        child = capture("""
            import os, sys
            print("at import")
            def gen():
                for i in range(3):
                    print("printed", i)
                    os.write(1, b"written\\n")
                    os.system("echo echoed")
                    sys.stderr.write("to stderr\\n")
                    sys.__stdout__.write("BLF1")
                    yield bytearray(b"abc")
        """)
        self.assertEqual([leaf_bytes(batch, batch["leaves"][0]) for batch in child.of("BATCH")], [b"abc"] * 3)
        for word in (b"at import", b"printed 2", b"written", b"echoed", b"to stderr", b"BLF1"):
            self.assertIn(word, child.stderr)
        self.assertEqual(child.code, 0)

    def test_the_program_cannot_read_the_commands(self):
        child = capture("""
            import sys
            def gen():
                yield sys.stdin.read()
        """)
        self.assertEqual(child.one("BATCH")["leaves"][0]["repr"], "''")

    def test_program_sees_itself_as_if_it_had_been_started(self):
        with Program(
            train="""
            import sys
            def gen():
                yield {"argv": repr(sys.argv[1:]), "name": __name__, "path": sys.path[0], "main": repr("" in sys.path)}
        """
        ) as program:
            child = Child({"target": program.path("train.py") + ":gen", "argv": ["--fast", "1"]})
            child.run()
            told = {leaf["path"][0]: leaf["repr"] for leaf in child.one("BATCH")["leaves"]}
            self.assertEqual(told["argv"], repr(repr(["--fast", "1"])))
            self.assertEqual(told["name"], "'train'")
            self.assertEqual(os.path.realpath(eval(told["path"])), os.path.realpath(program.folder.name))
            self.assertEqual(told["main"], "'False'")


class Ends(unittest.TestCase):
    def end(self, text, **options):
        child = capture(text, options=options)
        return child, child.one("END")

    def test_exhausted(self):
        _, end = self.end("def gen():\n    yield 1\n    yield 2\n", batches=5)
        self.assertEqual((end["reason"], end["batches"]), ("exhausted", 2))

    def test_limit_pulls_no_batch_more_and_closes_the_generator(self):
        child, end = self.end(
            """
            def gen():
                try:
                    for i in range(10):
                        print("made", i)
                        yield i
                finally:
                    print("closed")
        """,
            batches=2,
        )
        self.assertEqual((end["reason"], end["batches"]), ("limit", 2))
        self.assertIn(b"closed", child.stderr)
        self.assertNotIn(b"made 2", child.stderr)

    def test_close_error_is_told(self):
        child, end = self.end("""
            def gen():
                try:
                    while True:
                        yield 1
                finally:
                    raise ValueError("no way out")
        """)
        self.assertEqual(end["reason"], "limit")
        self.assertEqual(end["close_error"], "ValueError: no way out")
        self.assertEqual(child.one("ERROR")["what"], "close")

    def test_time_limit(self):
        _, end = self.end(
            """
            import time
            def gen():
                while True:
                    time.sleep(0.02)
                    yield 1
        """,
            batches=None,
            time_limit=0.1,
        )
        self.assertEqual(end["reason"], "time-limit")
        self.assertGreater(end["batches"], 0)

    def test_stop_command(self):
        with Program(train="def gen():\n    while True:\n        yield 1\n") as program:
            child = Child(
                {"target": program.path("train.py") + ":gen", "batches": None},
                on_frame=lambda child, frame: (
                    frame.kind == "BATCH" and frame["i"] == 3 and child.command(STOP)
                ),
            )
            child.run()
            self.assertEqual(child.one("END")["reason"], "limit")
            self.assertGreaterEqual(child.one("END")["batches"], 4)

    def test_sys_exit_in_the_generator(self):
        child, end = self.end("import sys\ndef gen():\n    yield 1\n    sys.exit(5)\n")
        self.assertEqual((end["reason"], end["batches"]), ("exception", 1))
        self.assertEqual(child.one("ERROR")["error"]["type"], "SystemExit")

    def test_os_exit_leaves_no_end(self):
        child = capture("import os\ndef gen():\n    yield 1\n    os._exit(7)\n")
        self.assertEqual((child.code, len(child.of("BATCH")), child.of("END")), (7, 1, []))

    def test_two_runs(self):
        child = capture(
            "def gen():\n    yield 1\n    yield 2\n", options={"repeat": 2, "batches": None}, runs=2
        )
        self.assertEqual(
            [(frame.kind, frame["run"]) for frame in child.frames if frame.kind in ("HELLO", "BATCH", "END")],
            [(kind, run) for run in (0, 1) for kind in ("HELLO", "BATCH", "BATCH", "END")],
        )


class Errors(unittest.TestCase):
    def test_exception_with_cause_in_batch_two(self):
        child = capture("""
            def gen():
                yield 1
                yield 2
                try:
                    {}["row"]
                except KeyError as error:
                    raise ValueError("no such row \\udcff") from error
        """)
        error = child.one("ERROR")
        self.assertEqual((error["what"], error["batch"], len(child.of("BATCH"))), ("exception", 2, 2))
        self.assertEqual(error["error"]["type"], "ValueError")
        self.assertEqual(error["error"]["cause"]["type"], "KeyError")
        frames = error["error"]["frames"]
        self.assertEqual(
            [(frame["line"], frame["func"], frame["user"]) for frame in frames], [(8, "gen", True)]
        )
        if sys.version_info >= (3, 11):
            self.assertEqual(frames[0]["span"][:2], [8, 8])
        self.assertIn("direct cause", error["error"]["text"])
        self.assertNotIn("batchlint", error["error"]["text"])

    def test_exception_at_import(self):
        child = capture("import nothing_of_the_kind\n")
        error = child.one("ERROR")
        self.assertEqual(
            (error["what"], error["phase"], error["error"]["type"]), ("load", "import", "ModuleNotFoundError")
        )
        self.assertEqual(child.one("END")["reason"], "load-failed")
        self.assertEqual([frame["line"] for frame in error["error"]["frames"]], [1])

    def test_syntax_error_names_its_line(self):
        child = capture("a = 1\ndef gen(:\n")
        self.assertEqual(child.one("ERROR")["error"]["frames"][-1]["line"], 2)

    def test_exception_whose_text_raises(self):
        child = capture("""
            class Bad(Exception):
                def __str__(self):
                    raise RuntimeError
            def gen():
                raise Bad()
                yield
        """)
        self.assertEqual(child.one("ERROR")["error"]["type"], "Bad")


@unittest.skipUnless(LINUX, "signals and memory files of Linux")
class Process(unittest.TestCase):
    def test_hang_is_told_with_the_line_of_the_user(self):
        def on_frame(child, frame):
            if frame.kind == "PROGRESS":
                child.seen = child.seen + 1 if hasattr(child, "seen") else 1
                if child.seen == 2:
                    child.kill()

        with Program(
            train="import time\ndef gen():\n    yield 1\n    time.sleep(60)\n    yield 2\n"
        ) as program:
            child = Child({"target": program.path("train.py") + ":gen", "stall": 0.2}, on_frame=on_frame)
            child.run()
        first, second = child.of("PROGRESS")[:2]
        self.assertEqual((first["phase"], first["batch"]), ("next", 1))
        self.assertEqual((first["stack"][0]["line"], first["stack"][0]["func"]), (4, "gen"))
        self.assertGreaterEqual(second["stalled_s"], 2 * 0.2)

    def test_dump_names_the_line_while_the_interpreter_is_held(self):
        with Program(
            train="""
            import re
            def gen():
                yield 1
                print("begin")
                re.match("(a+)+$", "a" * 40 + "b")
                yield 2
        """
        ) as program:

            def on_frame(child, frame):
                if frame.kind == "BATCH":
                    time.sleep(0.5)
                    os.kill(child.process.pid, signal.SIGUSR1)
                    time.sleep(0.5)
                    child.kill()

            child = Child({"target": program.path("train.py") + ":gen"}, on_frame=on_frame)
            child.run()
            self.assertIn("line 6 in gen", child.dump_text)

    def test_segmentation_fault(self):
        child = capture("import ctypes\ndef gen():\n    yield 1\n    ctypes.string_at(0)\n    yield 2\n")
        self.assertEqual(child.code, -signal.SIGSEGV)
        self.assertIn("line 4 in gen", child.dump_text)

    def test_memory_limit(self):
        child = capture(
            "def gen():\n    yield 1\n    yield bytearray(3 << 30)\n", options={"max_memory": 2 << 30}
        )
        self.assertEqual(child.one("ERROR")["error"]["type"], "MemoryError")
        self.assertEqual(child.one("ERROR")["batch"], 1)

    def test_interrupt(self):
        with Program(
            train="""
            import sys, time
            def gen():
                yield 1
                time.sleep(60)
        """
        ) as program:

            def on_frame(child, frame):
                if frame.kind == "BATCH":
                    time.sleep(0.3)
                    os.kill(child.process.pid, signal.SIGINT)

            child = Child({"target": program.path("train.py") + ":gen"}, on_frame=on_frame)
            child.run()
        error = child.one("ERROR")
        self.assertEqual((error["what"], error["error"]["frames"][-1]["line"]), ("interrupt", 5))
        self.assertEqual((child.one("END")["reason"], child.code), ("interrupt", 0))

    def test_interrupts_never_break_a_frame(self):
        def on_frame(child, frame):
            if frame.kind == "BATCH" and frame["i"] == 0:
                for _ in range(20):
                    os.kill(child.process.pid, signal.SIGINT)
                    time.sleep(0.001)

        with Program(train="def gen():\n    while True:\n        yield bytearray(60000)\n") as program:
            child = Child({"target": program.path("train.py") + ":gen", "batches": None}, on_frame=on_frame)
            child.run()
        self.assertEqual(child.one("END")["reason"], "interrupt")

    def test_descriptors_closed_by_the_program(self):
        child = capture("import os\ndef gen():\n    yield 1\n    os.closerange(3, 256)\n    yield 2\n")
        self.assertEqual(len(child.of("BATCH")), 2)
        child = capture(
            "import os\ndef gen():\n    yield 1\n    os.closerange(3, 1024)\n    yield 2\n", acknowledge=False
        )
        self.assertEqual((len(child.of("BATCH")), child.code), (1, 81))

    def test_nothing_is_written_into_a_file_that_took_our_number(self):
        with Program(
            train="""
            import os
            def gen():
                yield 1
                os.closerange(3, 1024)
                low = os.open("taken", os.O_CREAT | os.O_WRONLY)
                for number in range(512, 530):
                    os.dup2(low, number)
                yield 2
        """
        ) as program:
            child = Child({"target": program.path("train.py") + ":gen"}, cwd=program.folder.name)
            child.run()
            self.assertEqual(child.code, 81)
            self.assertEqual(os.path.getsize(program.path("taken")), 0)

    def test_pools(self):
        for method in ("fork", "spawn"):
            with self.subTest(method):
                child = capture(
                    """
                    import multiprocessing
                    def square(x):
                        return x * x
                    def gen():
                        with multiprocessing.get_context(%r).Pool(2) as pool:
                            for i in range(3):
                                yield tuple(pool.map(square, [i, i + 1]))
                """
                    % method
                )
                self.assertEqual(
                    [[leaf["repr"] for leaf in batch["leaves"]] for batch in child.of("BATCH")],
                    [["0", "1"], ["1", "4"], ["4", "9"]],
                    child.stderr.decode(),
                )

    def test_a_fork_that_returns_to_us_sends_nothing(self):
        child = capture(
            """
            import os
            def gen():
                yield 1
                os.fork()
                yield 2
        """,
            options={"batches": None},
        )
        self.assertEqual([batch["leaves"][0]["repr"] for batch in child.of("BATCH")], ["1", "2"])
        self.assertEqual(child.one("END")["reason"], "exhausted")

    def test_child_ends_when_nobody_reads(self):
        with Program(train="def gen():\n    while True:\n        yield 1\n") as program:
            child = Child({"target": program.path("train.py") + ":gen", "batches": None})
            child.process.stdout.read(64)
            child.process.stdout.close()
            self.assertEqual(child.process.wait(), 82)
            child.process.stdout = open(os.devnull, "rb")
            child.finish()


if __name__ == "__main__":
    unittest.main()
