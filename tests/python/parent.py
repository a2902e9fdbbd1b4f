"""The other side of the capture protocol, small: starts the helper as batchlint does and decodes its frames."""

import json
import mmap
import os
import signal
import struct
import subprocess
import sys
import tempfile
import textwrap
import threading

PYTHON = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "python")
PACKAGE = os.path.join(PYTHON, "batchlint", "_capture")
if PYTHON not in sys.path:
    sys.path.insert(0, PYTHON)

HEAD = struct.Struct("<4sBBHIIQ")
KINDS = ["START", "HELLO", "BATCH", "ERROR", "END", "PROGRESS", "SOURCE", "LOG", "SITE", "SAMPLES", "EDITS"]
ACK, RING, PLAN, STOP, BYE = 32, 33, 34, 35, 36


def modules():
    texts = {}
    for name in os.listdir(PACKAGE):
        if name.endswith(".py"):
            with open(os.path.join(PACKAGE, name), encoding="utf-8") as file:
                texts[name[:-3]] = file.read()
    return texts


class Frame:
    def __init__(self, kind, flags, slot, message, payload):
        self.kind, self.flags, self.slot, self.message, self.payload = kind, flags, slot, message, payload

    def __getitem__(self, key):
        return self.message[key]

    def get(self, key, default=None):
        return self.message.get(key, default)

    def __repr__(self):
        return "%s %r" % (self.kind, self.message)


class Broken(Exception):
    """The stream of frames ended in the middle of one, or is none."""


class Child:
    """One run of the helper. `on_frame(child, frame)` sees each frame as it comes and may send commands."""

    def __init__(self, options, cwd=None, env=None, ring=True, on_frame=None, acknowledge=True, timeout=60):
        with open(os.path.join(PACKAGE, "boot.py"), encoding="utf-8") as file:
            boot = file.read()
        self.ring, self.on_frame, self.acknowledge = ring, on_frame, acknowledge
        self.frames, self.map, self.dump, self.stderr = [], None, None, b""
        options = dict({"batches": 3}, **options)
        sent = json.dumps({"modules": modules(), "options": options}).encode()
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-c", boot],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env=env,
            start_new_session=True,
        )
        self.timer = threading.Timer(timeout, self.kill)
        self.timer.start()
        self.reader = threading.Thread(target=self._read_stderr)
        self.reader.start()
        self.process.stdin.write(b"BATCHLINT %d\n" % len(sent) + sent)
        self.process.stdin.flush()

    def kill(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def command(self, kind, message=None, slot=0):
        text = json.dumps(message).encode() if message is not None else b""
        try:
            self.process.stdin.write(HEAD.pack(b"BLF1", kind, 0, slot, len(text), 0, 0) + text)
            self.process.stdin.flush()
        except (BrokenPipeError, ValueError):
            pass

    def run(self, bye=True):
        """Read to the end; the frames. Says BYE at the END."""
        out = self.process.stdout
        try:
            if out.read(16) != b"batchlint-frames":
                raise Broken("no greeting")
            while True:
                head = out.read(HEAD.size)
                if not head:
                    break
                if len(head) < HEAD.size:
                    raise Broken("short head")
                frame = self._frame(head, out)
                self.frames.append(frame)
                if self.on_frame:
                    self.on_frame(self, frame)
                if frame.kind == "END" and bye and frame["run"] + 1 >= getattr(self, "runs", 1):
                    self.command(BYE)
        finally:
            self.finish()
        return self.frames

    def finish(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.code = self.process.wait()
        self.timer.cancel()
        self.kill()
        self.reader.join()
        self.process.stdout.close()
        self.process.stderr.close()
        if self.map:
            self.map.close()
        if self.dump:
            self.dump.seek(0)
            self.dump_text = self.dump.read().decode()
            self.dump.close()

    def of(self, kind):
        return [frame for frame in self.frames if frame.kind == kind]

    def one(self, kind):
        found = self.of(kind)
        assert len(found) == 1, (kind, self.frames, self.stderr.decode())
        return found[0]

    def _frame(self, head, out):
        magic, kind, flags, slot, count, number, payload = HEAD.unpack(head)
        if magic != b"BLF1" or number != len(self.frames):
            raise Broken("bad head %r" % head)
        message = json.loads(out.read(count).decode("utf-8"))
        body = b""
        if flags & 1:
            body = out.read(payload)
        elif flags & 2:
            begin = slot * self.slot_bytes
            body = self.map[begin : begin + payload]
            if self.acknowledge:
                self.command(ACK, slot=slot)
        frame = Frame(KINDS[kind], flags, slot, message, body)
        if frame.kind == "START":
            self._start(message)
        return frame

    def _start(self, message):
        if message.get("dump"):
            self.dump = open(message["dump"], "rb")
        ring = message.get("ring")
        if ring:
            self.slot_bytes = ring["slot_bytes"]
            if self.ring:
                with open(ring["path"], "rb") as file:
                    self.map = mmap.mmap(
                        file.fileno(), ring["slots"] * ring["slot_bytes"], access=mmap.ACCESS_READ
                    )
            self.command(RING, {"ok": self.ring})

    def _read_stderr(self):
        self.stderr = self.process.stderr.read()


def leaf_bytes(frame, leaf):
    """The payload of one leaf."""
    return frame.payload[leaf["off"] : leaf["off"] + leaf["len"]]


class Program:
    """A folder with the user's files, for as long as a test."""

    def __init__(self, **files):
        self.folder = tempfile.TemporaryDirectory()
        for name, text in files.items():
            self.write(name + ".py", text)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(textwrap.dedent(text))
        return self.path(name)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.folder.cleanup()


def capture(text, target="gen", options=None, runs=1, **more):
    """Run `train.py:target` with this text; the finished Child."""
    with Program(train=text) as program:
        chosen = {"target": program.path("train.py") + ":" + target}
        chosen.update(options or {})
        child = Child(chosen, cwd=program.folder.name, **more)
        child.runs = runs
        child.run()
        return child
