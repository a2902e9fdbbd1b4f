"""Loaders and datasets that are watched and still are what they were: `isinstance`, `len`, every
attribute.
"""

from __future__ import annotations

import functools
import os
import threading
import weakref
from typing import Any, Dict, Iterator, Optional, Set

from ._capture.program import defines
from ._look import Look, warn_once
from ._report import BatchlintError
from ._watch import Watching, watched


def watched_iterable(given: Any, watching: Watching, kind: str) -> Any:
    """Something iterable whose first iteration is looked at; every later one is its own."""
    once = _Once(watching)

    def first(self: Any, iterator: Iterator[Any]) -> Iterator[Any]:
        if not once.take():
            return iterator
        return watched(
            given,
            watching,
            kind,
            type(given).__name__,
            source=iterator,
            length=_length(given),
            workers=getattr(given, "num_workers", None) or None,
        )

    if not hasattr(given, "__dict__"):
        return _Iterable(given, first)
    cls = type(given)

    def __iter__(self: Any) -> Iterator[Any]:
        return first(self, cls.__iter__(self))

    return _disguised(given, {"__iter__": __iter__})


def watched_dataset(given: Any, watching: Watching) -> Any:
    """A Keras PyDataset or Sequence whose `__getitem__` is looked at, each index once."""
    cls = type(given)
    look = _DatasetLook(given, watching)
    held = getattr(given, "__dict__", {})
    if held.get("_use_multiprocessing", held.get("use_multiprocessing")):
        warn_once(
            BatchlintError(
                "%s makes its batches in other processes (use_multiprocessing): use `batchlint.check`, or "
                "workers without it" % cls.__name__
            )
        )

    def __getitem__(self: Any, index: Any) -> Any:
        return look.item(functools.partial(cls.__getitem__, self, index), index)

    made = _disguised(given, {"__getitem__": __getitem__})
    try:
        weakref.finalize(made, look.dropped)
    except TypeError:
        pass  # it takes no weak references
    return made


class _DatasetLook:
    """Keras asks for batches from several threads, in any order, and for the first one twice."""

    def __init__(self, given: Any, watching: Watching) -> None:
        self.given, self.watching = given, watching
        self.lock = threading.Lock()
        self.look: Optional[Look] = None
        self.seen: Set[Any] = set()
        self.done = False

    def item(self, step: Any, index: Any) -> Any:
        if self.done or os.getpid() != self.watching.process:
            return step()
        with self.lock:
            # One batch at a time while they are looked at: two that are traced at once cannot be told apart.
            if self.done or index in self.seen:
                return step()
            if self.look is None:
                self._begin()
            look = self.look
            if look is None or not look.active:
                self.done = True
                return step()
            self.seen.add(index)
            try:
                batch = look.take(step)
            except BaseException as error:
                self.done = True
                look.failed(error)
                self.watching.settle(look, may_raise=False)
                raise
            if not look.active:
                self.done = True
                self.watching.settle(look)
            return batch

    def dropped(self) -> None:
        """The dataset is gone, or the program ends: judge what was taken."""
        if self.look is not None:
            self.done = True
            self.look.end("limit")
            self.watching.settle(self.look, may_raise=False)

    def _begin(self) -> None:
        length = _length(self.given)
        limit = self.watching.batches if not length else min(length, self.watching.batches)
        self.look = self.watching.look(
            type(self.given).__name__, "keras.PyDataset", self.given, self.given, length=length, limit=limit
        )


class _Once:
    """True for the first who asks, in the process that made it."""

    def __init__(self, watching: Watching) -> None:
        self.watching, self.lock, self.taken = watching, threading.Lock(), False

    def take(self) -> bool:
        if os.getpid() != self.watching.process:
            return False
        with self.lock:
            taken, self.taken = self.taken, True
        return not taken


class _Iterable:
    """A list of batches, or another iterable that no subclass can stand in for."""

    def __init__(self, given: Any, first: Any) -> None:
        self._given, self._first = given, first

    def __iter__(self) -> Iterator[Any]:
        return self._first(self, iter(self._given))

    def __len__(self) -> int:
        return len(self._given)

    def __getitem__(self, index: Any) -> Any:
        return self._given[index]

    def __getattr__(self, name: str) -> Any:
        return getattr(object.__getattribute__(self, "_given"), name)


def _disguised(given: Any, methods: Dict[str, Any]) -> Any:
    """An object of a subclass of `given`'s class that shares its `__dict__`: what is set on one is set on
    both.
    """
    cls = type(given)

    def __reduce_ex__(self: Any, protocol: int) -> Any:
        # A worker process that is started afresh gets the original: nothing is looked at there.
        return _original, (given,)

    methods = dict(
        methods,
        __reduce_ex__=__reduce_ex__,
        __module__=cls.__module__,
        __qualname__=cls.__qualname__,
        __doc__=cls.__doc__,
    )
    try:
        disguised = type(cls)(cls.__name__, (cls,), methods)  # type: ignore[misc]
        made = object.__new__(disguised)
        object.__setattr__(made, "__dict__", given.__dict__)
    except Exception as error:
        raise TypeError(
            "%s cannot be watched (%s): watch `iter(...)` of it" % (cls.__name__, error)
        ) from None
    for base in cls.__mro__:
        for slot in _slots(base):
            if hasattr(given, slot):
                object.__setattr__(made, slot, getattr(given, slot))
    return made


def _original(given: Any) -> Any:
    return given


def _slots(cls: type) -> Any:
    slots = cls.__dict__.get("__slots__", ())
    return [
        slot
        for slot in ((slots,) if isinstance(slots, str) else slots)
        if slot not in ("__dict__", "__weakref__") and not slot.startswith("__")
    ]


def _length(given: Any) -> Optional[int]:
    try:
        return len(given) if defines(type(given), "__len__") else None
    except Exception:
        return None
