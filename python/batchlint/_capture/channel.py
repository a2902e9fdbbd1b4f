"""Frames out, commands in: `docs/capture-protocol.md`. Never on descriptors 0, 1 and 2."""

from __future__ import annotations

import errno
import json
import os
import select
import struct
import sys
import threading
from typing import Any, Iterable, NoReturn, Optional, Tuple

MAGIC = b"BLF1"
GREETING = b"batchlint-frames"
START, HELLO, BATCH, ERROR, END, PROGRESS, SOURCE, LOG, SITE, SAMPLES, EDITS = range(11)
ACK, RING, PLAN, STOP, BYE, REPORT = range(32, 38)
IN_BAND, IN_RING = 1, 2
MAX_BATCH = 1 << 30

# Exit codes, told apart by batchlint from those of the program.
CLOSED_BY_PROGRAM = 81
READER_GONE = 82

_pollers = {}  # type: dict
_HEAD = struct.Struct("<4sBBHIIQ")
# `default`: nothing of the user may be asked for its text while we send.
_encode = json.JSONEncoder(
    separators=(",", ":"), ensure_ascii=False, default=lambda value: type(value).__name__
).encode


class Channel:
    """Both streams. Sending is safe from any thread; commands are read by one thread."""

    def __init__(self, commands: int, frames: int) -> None:
        self.commands, self.frames = commands, frames
        self.stopped = False
        self.ended = False  # BYE, or the end of the commands
        self._later = []  # type: list
        self.ring: Optional[bool] = None  # what batchlint answered about the ring
        self.free = set()  # slots of the ring that may be written
        self.most_batch = MAX_BATCH  # bytes of a payload
        self.values = True  # whether batchlint looks at any
        self._number = 0
        self._lock = threading.Lock()
        self._identity = _identity(frames)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forked)

    def greet(self) -> None:
        self._write([GREETING])

    def send(
        self,
        kind: int,
        message: Any,
        payload: Iterable[Any] = (),
        slot: Optional[int] = None,
        in_ring: int = 0,
    ) -> None:
        """One frame. `payload`: byte buffers that follow it; or `slot` and the number of bytes `in_ring`."""
        text = _encode(message).encode("utf-8", "replace")
        buffers = [part for part in payload if len(part)]
        count = in_ring if slot is not None else sum(len(part) for part in buffers)
        flags = IN_RING if slot is not None else IN_BAND if count else 0
        with self._lock:
            if self.frames < 0:
                return
            head = _HEAD.pack(MAGIC, kind, flags, slot or 0, len(text), self._number & 0xFFFFFFFF, count)
            self._number += 1
            self._write([head + text] + buffers)

    def log(self, message: str) -> None:
        self.send(LOG, {"message": message[:2000]})

    def poll(self) -> None:
        """Take the commands that have come; never waits."""
        while self.commands >= 0 and not self.ended and _readable(self.commands):
            self._take()

    def heard(self, answer: Any) -> None:
        """Take what RING says: whether the ring can be used, and what may be sent."""
        answer = answer or {}
        self.ring = bool(answer.get("ok"))
        self.values = answer.get("values") is not False
        self.limit(answer)

    def limit(self, given: Any) -> None:
        """Set the limit that `given` names, in bytes."""
        self.most_batch = given.get("max_batch_bytes") or self.most_batch

    def allows(self, count: int) -> bool:
        """Whether a batch of `count` bytes may be sent. Waits for the limits where the usual one says no."""
        while count > self.most_batch and self.ring is None and not self.ended:
            self._take()
        return count <= self.most_batch

    def wait_for_command(self, seconds: float) -> None:
        """Take the commands that have come, after waiting for one for so long at most."""
        if self.commands >= 0 and not self.ended and _readable(self.commands, seconds):
            self._take()
            self.poll()

    def wait_for_slot(self) -> bool:
        """Wait until a slot of the ring is free; False where none will ever be."""
        while not self.free and not self.ended:
            self._take()
        return bool(self.free)

    def wait(self) -> Optional[Tuple[int, Any]]:
        """The next PLAN (kind, JSON), those first that came earlier; None after BYE or at the end of the
        commands.
        """
        while not self._later and not self.ended:
            self._take()
        return self._later.pop(0) if self._later else None

    def reader_is_gone(self) -> bool:
        """Nobody can read our frames any more."""
        if self.frames < 0 or not hasattr(select, "poll"):
            return False
        poller = select.poll()
        poller.register(self.frames, 0)
        try:
            return any(events & select.POLLERR for _, events in poller.poll(0))
        except OSError:
            return False

    def _take(self) -> None:
        """Read one command and do what it says; others than those that change our state wait for `wait`."""
        head = self._read(_HEAD.size)
        if head is None or head[:4] != MAGIC:
            self.stopped = self.ended = True
            return
        _, kind, _, slot, count, _, payload = _HEAD.unpack(head)
        text = self._read(count + payload) or b""
        message = json.loads(text[:count].decode("utf-8")) if count else None
        if kind == ACK:
            self.free.add(slot)
        elif kind == RING:
            self.heard(message)
        elif kind == STOP:
            self.stopped = True
        elif kind == BYE:
            self.stopped = self.ended = True
        elif kind == PLAN:
            self._later.append((kind, message))

    def _read(self, count: int) -> Optional[bytes]:
        parts = []
        while count:
            if not self._comes():
                return None
            try:
                part = os.read(self.commands, min(count, 1 << 20))
            except OSError:
                part = b""
            if not part:
                return None
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def _comes(self) -> bool:
        """Whether it is worth waiting for a command."""
        return True

    def _write(self, buffers: list) -> None:
        # The number may belong to a file of the program by now: then nothing may be written to it.
        if self._identity is not None and _identity(self.frames) != self._identity:
            _leave(CLOSED_BY_PROGRAM)
        views = [memoryview(part) for part in buffers]
        views = [view if view.format == "B" and view.ndim == 1 else view.cast("B") for view in views]
        try:
            while views:
                if hasattr(os, "writev"):
                    written = os.writev(self.frames, views[:512])
                else:
                    written = os.write(self.frames, views[0][: 1 << 20])
                while views and written >= len(views[0]):
                    written -= len(views.pop(0))
                if written:
                    views[0] = views[0][written:]
        except OSError as error:
            _leave(CLOSED_BY_PROGRAM if error.errno == errno.EBADF else READER_GONE)

    def _forked(self) -> None:
        # A child process must not hold the pipe open, nor write into it.
        for fd in (self.frames, self.commands):
            try:
                os.close(fd)
            except OSError:
                pass
        self.frames = self.commands = -1
        self._lock = threading.Lock()


def _leave(code: int) -> NoReturn:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass
    os._exit(code)


def _identity(fd: int) -> Optional[Tuple[int, int]]:
    try:
        status = os.fstat(fd)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _readable(fd: int, seconds: float = 0.0) -> bool:
    """Whether something can be read, within so many seconds; on Windows, at once."""
    if hasattr(select, "poll"):
        poller = _pollers.get(fd)
        if poller is None:
            poller = _pollers[fd] = select.poll()
            poller.register(fd, select.POLLIN)
        try:
            # A descriptor that the program closed is not readable: waiting for it would never end.
            return any(events & (select.POLLIN | select.POLLHUP) for _, events in poller.poll(seconds * 1e3))
        except OSError:
            return False
    try:
        import ctypes
        import msvcrt

        ready = ctypes.c_ulong()
        handle = ctypes.c_void_p(msvcrt.get_osfhandle(fd))
        done = ctypes.windll.kernel32.PeekNamedPipe(handle, None, 0, None, ctypes.byref(ready), None)
        return bool(done and ready.value)
    except Exception:
        return False
