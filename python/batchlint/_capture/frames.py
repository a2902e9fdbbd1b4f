"""The suspended generators behind an iterator, found without running anything."""

from __future__ import annotations

import gc
import itertools
import types
from typing import Any, Callable, List, NamedTuple

_GENERATORS = (types.GeneratorType, types.AsyncGeneratorType)
_PASSING = (
    itertools.islice,
    itertools.chain,
    itertools.takewhile,
    itertools.dropwhile,
    itertools.starmap,
    itertools.cycle,
    itertools.tee(())[0].__class__,
    map,
    filter,
    zip,
    enumerate,
    types.CoroutineType,
)
_MOST = 32
_DEPTH = 6


class Suspended(NamedTuple):
    """`direct`: the iterator itself, or what it delegates to with `yield from`: it stands where the batch
    was yielded."""

    frame: Any
    direct: bool


def suspended(iterator: Any, is_user: Callable[[str], bool]) -> List[Suspended]:
    """User-written generators that stand still behind an iterator, outermost first."""
    found: List[Suspended] = []
    seen = set()
    todo = [(iterator, True, 0)]
    while todo and len(seen) < _MOST:
        obj, direct, depth = todo.pop(0)
        if id(obj) in seen:
            continue
        seen.add(id(obj))
        cls = type(obj)
        if cls in _GENERATORS:
            frame = obj.gi_frame if cls is types.GeneratorType else obj.ag_frame
            if frame is None:
                continue
            inner = obj.gi_yieldfrom if cls is types.GeneratorType else None
            if is_user(frame.f_code.co_filename):
                found.append(Suspended(frame, direct))
            else:
                direct = False
            if type(inner) in _GENERATORS:
                todo.insert(0, (inner, direct, depth + 1))
                continue
            if depth < _DEPTH:
                # What a loop goes over stands on the frame's stack, where only the garbage collector sees it.
                todo += [
                    (near, False, depth + 1)
                    for near in gc.get_referents(obj) + gc.get_referents(frame)
                    if type(near) in _GENERATORS or type(near) in _PASSING
                ]
        elif depth == 0 or cls in _PASSING:
            for near in gc.get_referents(obj):
                if type(near) is tuple and cls in _PASSING or type(near) is dict and depth == 0:
                    near = near if type(near) is tuple else list(near.values())
                    todo += [
                        (part, False, depth + 1) for part in near if type(part) in _GENERATORS + _PASSING
                    ]
                elif type(near) in _GENERATORS or type(near) in _PASSING:
                    todo.append((near, False, depth + 1))
    return found
