"""Says where the program stands when nothing happens for a while, and leaves when nobody listens any more."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import Any, Dict, List, Optional

from .channel import PROGRESS, READER_GONE, Channel
from .program import frame_of, is_ours, is_user, rss

_STACK = 30


class Watchdog(threading.Thread):
    """`mark` says what the watched thread has begun; a phase of None is not watched."""

    def __init__(self, channel: Channel, stall: float) -> None:
        super().__init__(name="batchlint", daemon=True)
        self.channel, self.stall = channel, max(0.05, stall)
        self.watched = threading.get_ident()
        self._now = (None, None, 0.0)  # type: Any

    def mark(self, phase: Optional[str], batch: Optional[int] = None) -> None:
        self._now = (phase, batch, time.perf_counter())

    def run(self) -> None:
        told, wait = None, self.stall
        while True:
            time.sleep(min(1.0, self.stall / 4))
            if self.channel.frames < 0:
                return
            if self.channel.reader_is_gone():
                os._exit(READER_GONE)
            now = self._now
            if now is not told:
                told, wait = now, self.stall
            phase, batch, since = now
            stalled = time.perf_counter() - since
            if phase is None or stalled < wait:
                continue
            wait = max(2 * wait, 2 * stalled)
            try:
                stack = self._stack()
                if now is self._now:
                    self.channel.send(
                        PROGRESS,
                        {
                            "phase": phase,
                            "batch": batch,
                            "stalled_s": round(stalled, 3),
                            "stack": stack,
                            "rss": rss(),
                        },
                    )
            except Exception:
                pass

    def _stack(self) -> List[Dict[str, Any]]:
        found = []  # type: List[Dict[str, Any]]
        frame = sys._current_frames().get(self.watched)
        while frame is not None and len(found) < 2 * _STACK:
            code = frame.f_code
            # Imports of large libraries are deep; the line of the user that asked for them stands far out.
            wanted = is_user(code.co_filename) or len(found) < _STACK
            if (
                wanted
                and not is_ours(code.co_filename)
                and not code.co_filename.startswith("<frozen")
                and code.co_filename != "<string>"
            ):
                found.append(frame_of(code, frame.f_lineno, frame.f_lasti))
            frame = frame.f_back
        return found


def dump_on_trouble() -> Optional[str]:
    """Let faulthandler write all stacks on a crash and on SIGUSR1; the path of the file, or None.

    It works while a library holds the interpreter and no Python code can run.
    """
    import faulthandler

    from .ring import memory_file

    try:
        fd = memory_file("batchlint-dump", 512)
        if fd is None:
            return None
        faulthandler.enable(file=fd, all_threads=True)
        if hasattr(faulthandler, "register"):
            faulthandler.register(signal.SIGUSR1, file=fd, all_threads=True, chain=False)
        return "/proc/%d/fd/%d" % (os.getpid(), fd)
    except (OSError, RuntimeError, ValueError):
        return None


def end_with_parent() -> None:
    """Linux: the kernel ends this process when batchlint ends, even while a library holds the interpreter."""
    if not sys.platform.startswith("linux"):
        return
    try:
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG
    except Exception:
        pass


def limit_memory(count: int) -> Optional[str]:
    """Let allocations beyond `count` bytes of address space fail with MemoryError; why not, where that is
    impossible.
    """
    try:
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (count, hard))
        return None
    except Exception as error:
        return "memory is not limited: %s" % error
