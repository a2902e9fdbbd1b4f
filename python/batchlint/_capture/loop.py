"""Pull batches, and say what each one is."""

from __future__ import annotations

import os
import time
from typing import Any, Dict, List, Optional, Tuple

from . import channel as wire
from . import errors, interrupts, leaves
from .adapters import Stream
from .program import is_user, rss
from .reuse import Reuse

_TRACED = 2  # batches that are traced: tracing makes Python code a hundred times slower
_ALIGNED = 64


class Capture:
    """What all runs of one program share: the channel, the ring, the watchdog, and what is known of its
    sources.
    """

    def __init__(self, channel: wire.Channel, ring: Any, dog: Any, options: Dict[str, Any]) -> None:
        self.channel, self.ring, self.dog, self.options = channel, ring, dog, options
        self.casts = {tuple(path): dtype for path, dtype in options.get("cast") or ()}
        channel.limit(options)
        self.payload = options.get("payload") or "ring"
        self.run = 0
        self.batch = 0
        self._origins = None  # type: Any

    @property
    def origins(self) -> Any:
        """Where batches come from; None where that part fails or positions are not wanted."""
        if self._origins is None and self.options.get("trace") is not False:
            try:
                from .origin import Origins

                self._origins = Origins(self._send_position)
            except Exception as error:
                self.channel.log("no positions: %r" % (error,))
                self._origins = False
        return self._origins or None

    def _send_position(self, kind: int, message: Any, payload: bytes = b"") -> None:
        self.channel.send(kind, message, (payload,))

    def tracer(self) -> Any:
        """A fresh tracer, or None."""
        if self.origins is None:
            return None
        try:
            from . import site  # noqa: F401  (so that the first batch need not wait for it)
            from .tracer import Tracer

            return Tracer(is_user)
        except Exception as error:
            self.channel.log("no tracing: %r" % (error,))
            return None

    def look_at_samples(self, samples: List[Any]) -> None:
        """Tell how the samples of the batch under way differ. Called in the middle of the user's code."""
        with interrupts.Ours():
            try:
                from .samples import differences

                told = differences(list(samples))
                if told is not None:
                    self.channel.send(wire.SAMPLES, dict(told, batch=self.batch))
            except Exception as error:
                self.channel.log("samples: %r" % (error,))

    def error(
        self,
        what: str,
        phase: str,
        error: Optional[BaseException] = None,
        message: Optional[str] = None,
        help: Optional[List[str]] = None,
        batch: Optional[int] = None,
    ) -> None:
        """Send an ERROR frame."""
        told = {"what": what, "phase": phase}  # type: Dict[str, Any]
        if batch is not None:
            told["batch"] = batch
        if message is not None:
            told["message"] = message
        if help:
            told["help"] = help
        if error is not None:
            told["error"] = errors.describe(error, self.origins.text if self.origins is not None else None)
        self.channel.send(wire.ERROR, told)

    def end(
        self,
        reason: str,
        wall: float = 0.0,
        times: Optional[List[float]] = None,
        close_error: Optional[BaseException] = None,
    ) -> None:
        """Send an END frame. `times`: seconds per batch."""
        times = sorted(times or [])
        told = {
            "run": self.run,
            "reason": reason,
            "batches": len(times),
            "wall_s": round(wall, 6),
            "rss": rss(),
        }
        if times:
            told["next_ms"] = {
                "min": round(times[0] * 1e3, 3),
                "median": round(times[len(times) // 2] * 1e3, 3),
                "max": round(times[-1] * 1e3, 3),
            }
        if close_error is not None:
            told["close_error"] = errors.line(close_error)
        self.channel.send(wire.END, told)

    def pull(self, stream: Stream, tracer: Any = None) -> None:
        """Send the batches of one stream, then END."""
        limit, time_limit = self.options.get("batches"), self.options.get("time_limit")
        iterator, times = stream.iterator, []  # type: Any, List[float]
        describe = _Describer(self, iterator)
        process, began = os.getpid(), time.perf_counter()
        close_error = None
        self.batch = 0
        if tracer is not None and not _guarded(tracer.start):
            tracer = None
        while True:
            index = self.batch = len(times)
            self.channel.poll()
            if limit is not None and index >= limit or self.channel.stopped:
                reason = "limit"
                break
            if time_limit is not None and time.perf_counter() - began >= time_limit:
                reason = "time-limit"
                break
            if tracer is not None:
                if index >= _TRACED:
                    _guarded(tracer.stop)
                    tracer = None
                else:
                    _guarded(tracer.reset)
            self.dog.mark("next", index)
            try:
                with interrupts.User():
                    if tracer is not None:
                        tracer.active = True
                    asked = time.perf_counter()
                    try:
                        batch = next(iterator)
                    finally:
                        took = time.perf_counter() - asked
                        if tracer is not None:
                            tracer.active = False
            except StopIteration:
                reason = "exhausted"
                break
            except KeyboardInterrupt as error:
                self.dog.mark(None)
                self.error("interrupt", "next", error, batch=index)
                reason = "interrupt"
                break
            except BaseException as error:  # sys.exit in a generator too
                self.dog.mark(None)
                self.error("exception", "next", error, batch=index)
                reason = "exception"
                break
            finally:
                if os.getpid() != process:
                    os._exit(0)  # a child of a fork in the generator: the batches are its parent's to tell
            self.dog.mark(None)
            times.append(took)
            describe.send(index, batch, took, tracer)
            del batch  # so that memory that the program has let go is free before the next batch
        if tracer is not None:
            _guarded(tracer.stop)
        if reason in ("limit", "time-limit"):
            close_error = self._close(stream, index)
        self.dog.mark(None)
        self.end(reason, time.perf_counter() - began, times, close_error)

    def _close(self, stream: Stream, index: int) -> Optional[BaseException]:
        self.dog.mark("close", index)
        try:
            with interrupts.User():
                stream.close()
        except BaseException as error:
            self.error("close", "close", error, batch=index)
            return error
        return None


class _Describer:
    """The BATCH frames of one run."""

    def __init__(self, capture: Capture, iterator: Any) -> None:
        self.capture, self.iterator = capture, iterator
        self.reuse = Reuse()
        self.tree = None  # type: Any
        self.failed = False

    def send(self, index: int, batch: Any, took: float, tracer: Any) -> None:
        capture = self.capture
        message = {"run": capture.run, "i": index, "next_s": round(took, 9)}  # type: Dict[str, Any]
        try:
            from .tree import flatten

            tree, found = flatten(batch)
        except Exception as error:
            capture.channel.log("batch %d: %r" % (index, error))
            tree, found = "leaf", [((), batch)]
        self._add_site(message, index, batch, tree, found, tracer)
        headers, bodies = [], []  # type: List[Dict[str, Any]], List[Tuple[Dict[str, Any], leaves.Bytes]]
        for path, leaf in found:
            cast = capture.casts.get(tuple(path)) if capture.casts else None
            header, body, array = leaves.describe(path, leaf, cast)
            if array is not None and cast is None:
                try:
                    again = self.reuse.look(index, path, leaf, array)
                    if again:
                        header["reuse"] = again
                except Exception as error:
                    header["note"] = ("reuse: %r" % (error,))[:200]
            headers.append(header)
            if body is not None:
                bodies.append((header, body))
        if tree != self.tree:
            message["tree"] = self.tree = tree
        message["leaves"] = headers
        self._send_payload(message, bodies)

    def _add_site(
        self, message: Dict[str, Any], index: int, batch: Any, tree: Any, found: Any, tracer: Any
    ) -> None:
        origins = self.capture.origins
        if origins is None or self.failed:
            return
        try:
            site, assumed = origins.site(self.iterator, batch, tree, found, tracer)
        except Exception as error:
            self.failed = True
            self.capture.channel.log("position of batch %d: %r" % (index, error))
            return
        if site is not None:
            message["site"] = site
            if assumed:
                message["assumed"] = True

    def _send_payload(
        self, message: Dict[str, Any], bodies: List[Tuple[Dict[str, Any], leaves.Bytes]]
    ) -> None:
        capture, total = self.capture, 0
        places = []
        for _, body in bodies:
            total = -(-total // _ALIGNED) * _ALIGNED
            places.append(total)
            total += body.count
        if capture.payload == "none" or not capture.channel.values:
            why = "headers"  # type: Optional[str]
        else:
            why = None if capture.channel.allows(total) else "limit"
        if why:
            for header, _ in bodies:
                header["unsent"] = why
            capture.channel.send(wire.BATCH, message)
            return
        slot = capture.ring.claim(capture.channel, total) if capture.ring is not None else None
        parts, at = [], 0  # type: List[Any], int
        for (header, body), place in zip(bodies, places):
            try:
                if slot is not None:
                    body.write(capture.ring.buffer(), slot * capture.ring.slot_bytes + place)
                elif body.count:
                    part = body.view()
                    parts.extend((bytes(place - at), part))
                    at = place + body.count
                header["off"], header["len"] = place, body.count
            except Exception as error:
                header["unsent"] = "failed"
                header["note"] = ("%s: %s" % (type(error).__name__, error))[:200]
        capture.channel.send(wire.BATCH, message, parts, slot, total)


def _guarded(action: Any) -> bool:
    try:
        action()
        return True
    except Exception:
        return False
