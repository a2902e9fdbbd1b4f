"""The first batches of a stream, described to the side process while somebody else uses them."""

from __future__ import annotations

import os
import sys
import time
import warnings
from typing import Any, Callable, Dict, List, Optional, Set

from ._capture import channel as wire
from ._report import BatchlintError, Report

_TRACED = 2  # batches made under tracing, for places in the source: it makes Python code slow
_FRAMEWORKS = ("torch", "tensorflow", "keras", "tf_keras", "jax", "lightning", "datasets", "grain")


class Look:
    """Takes up to `limit` batches by calling `step`, describes each, and ends with a report.

    Whatever goes wrong on our side makes `active` False and leaves the reason in `trouble`; what the user's
    code raises is raised. In a process that was forked off it is never active.
    """

    def __init__(
        self, flags: List[str], limit: int, hello: Dict[str, Any], iterator: Any, traced: bool = True
    ) -> None:
        """Starts the side process. `hello`: fields of the HELLO frame. `iterator`: where the batches come
        from. `traced`: whether they are made by the user's code while `take` runs, so that their lines can be
        found.
        """
        self.limit, self.taken = limit, 0
        self.report: Optional[Report] = None
        self.trouble: Optional[BatchlintError] = None
        self._process, self._began = os.getpid(), time.perf_counter()
        self._times: List[float] = []
        self._open = False
        self._tracer: Any = None
        try:
            self._start(flags, hello, iterator)
            if traced:
                self._tracer = self._capture.tracer()
            self._open = True
        except BatchlintError as error:
            self.trouble = error
        except Exception as error:
            self.trouble = _own(error)

    @property
    def active(self) -> bool:
        """Whether the next batch is to be looked at."""
        return self._open and self.taken < self.limit and os.getpid() == self._process

    def take(self, step: Callable[[], Any]) -> Any:
        """The batch that `step()` makes; raises what it raises. The report is there when the last one was
        taken.
        """
        index = self.taken
        tracer = self._tracer if index < _TRACED else None
        if tracer is not None and not _guarded(tracer.start if index == 0 else tracer.reset):
            tracer = self._tracer = None
        asked = time.perf_counter()
        try:
            if tracer is not None:
                tracer.active = True
            batch = step()
        finally:
            took = time.perf_counter() - asked
            if tracer is not None:
                tracer.active = False
                if sys.exc_info()[0] is not None:
                    self._stop_tracing()
        if os.getpid() != self._process:
            return batch
        self.taken, self._times = index + 1, self._times + [took]
        try:
            self._describe.send(index, batch, took, tracer)
        except Exception as error:
            self._give_up(_own(error))
        if self.taken >= _TRACED:
            self._stop_tracing()
        if self._open:
            self._side.channel.poll()
            if self.taken >= self.limit or self._side.channel.ended:
                self.end("limit")
        return batch

    def samples(self, samples: List[Any]) -> None:
        """The samples that the batch under way is made of, before they are put together."""
        if self._open:
            self._capture.batch = self.taken
            self._capture.look_at_samples(samples)

    def failed(self, error: BaseException) -> None:
        """The user's code raised this instead of a batch."""
        if not self._open or os.getpid() != self._process:
            return
        interrupt = isinstance(error, KeyboardInterrupt)
        traceback = error.__traceback__
        try:
            begin = traceback
            while begin is not None and begin.tb_frame.f_code.co_filename.startswith(_HERE):
                begin = begin.tb_next
            error.__traceback__ = begin
            self._capture.error("interrupt" if interrupt else "exception", "next", error, batch=self.taken)
        except Exception as own:
            self._give_up(_own(own))
        finally:
            error.__traceback__ = traceback
        self.end("interrupt" if interrupt else "exception")

    def end(self, reason: str) -> None:
        """No further batch is looked at: `report` or `trouble` is there. Waits for the side process."""
        if not self._open or os.getpid() != self._process:
            return
        self._open = False
        self._stop_tracing()
        try:
            self._capture.end(reason, time.perf_counter() - self._began, self._times)
            self.report = self._side.finish()
        except BatchlintError as error:
            self.trouble = error
        except Exception as error:
            self.trouble = _own(error)
        self._let_go()

    def abandon(self) -> None:
        """End the side process; nobody wants a report."""
        if self._open and os.getpid() == self._process:
            self._open = False
            self._stop_tracing()
            self._side.abandon()
            self._let_go()

    def _start(self, flags: List[str], hello: Dict[str, Any], iterator: Any) -> None:
        from ._capture.loop import Capture, _Describer
        from ._capture.program import version_of
        from ._side import Side

        self._side = Side(flags)
        channel = self._side.channel
        try:
            from ._capture.ring import Ring

            # A number beyond those in use makes the kernel wait, where the program has threads.
            self._ring: Any = Ring(lowest=3)
        except Exception:
            self._ring = None  # payloads follow their frames
        channel.send(
            wire.START,
            {
                "v": 1,
                "python": sys.version.split()[0],
                "implementation": sys.implementation.name,
                "executable": sys.executable,
                "pid": os.getpid(),
                "platform": sys.platform,
                "ring": self._ring.announcement() if self._ring is not None else None,
            },
        )
        self._capture = Capture(channel, self._ring, _NoWatchdog(), {"batches": self.limit})
        told = dict(
            hello,
            run=0,
            numpy=version_of("numpy"),
            frameworks={name: version_of(name) for name in _FRAMEWORKS if version_of(name)},
        )
        channel.send(wire.HELLO, {key: value for key, value in told.items() if value is not None})
        self._describe = _Describer(self._capture, iterator)

    def _stop_tracing(self) -> None:
        tracer, self._tracer = self._tracer, None
        if tracer is not None:
            _guarded(tracer.stop)

    def _give_up(self, trouble: BatchlintError) -> None:
        self.trouble = trouble
        self.abandon()

    def _let_go(self) -> None:
        # The ring takes twice the size of a batch.
        ring, self._ring = self._ring, None
        self._capture = self._describe = None  # type: ignore[assignment]
        if ring is not None:
            _guarded(ring.remove)
            _guarded(lambda: ring._map is not None and ring._map.close())
            _guarded(lambda: os.close(ring.fd))


class _NoWatchdog:
    def mark(self, phase: Optional[str], batch: Optional[int] = None) -> None:
        pass


# As code objects have it: a folder on sys.path need not be in its shortest form.
_HERE = os.path.dirname(Look.take.__code__.co_filename) + os.sep
_warned: Set[str] = set()


def warn_once(trouble: BaseException) -> None:
    """Say that nothing is checked, and why; each reason once per process. Never raises, whatever the
    warning filters.
    """
    text = "batchlint: not checked: %s" % trouble
    if text in _warned:
        return
    _warned.add(text)
    level = 2
    frame: Any = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_HERE):
        level, frame = level + 1, frame.f_back
    try:
        warnings.warn(text, RuntimeWarning, stacklevel=level)
    except RuntimeWarning:
        print(text, file=sys.stderr)


def _own(error: Exception) -> BatchlintError:
    return BatchlintError("batchlint itself failed: %s: %s" % (type(error).__name__, error))


def _guarded(action: Callable[[], Any]) -> bool:
    try:
        action()
        return True
    except Exception:
        return False
