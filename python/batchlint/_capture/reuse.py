"""Whether a batch stands in memory that an earlier batch was yielded in.

An earlier leaf counts only while the object that owns its memory is alive: the allocator may give the same
address to a
fresh array, which is no reuse. Whether the contents changed in between is for batchlint to tell, from its
hashes.
"""

from __future__ import annotations

import collections
import sys
import weakref
from typing import Any, Dict, Optional, Sequence, Tuple

_REMEMBERED = 16


class Reuse:
    """The memory of the last leaves that were yielded."""

    def __init__(self) -> None:
        self._old = collections.deque(maxlen=_REMEMBERED)  # type: Any

    def look(self, batch: int, path: Sequence[Any], leaf: Any, array: Any) -> Optional[Dict[str, Any]]:
        """`reuse` of the protocol for a leaf read as `array` (numpy), or None. Holds nothing alive."""
        if array is None or not array.size or array.dtype.hasobject:
            return None
        owner = _owner(leaf, array)
        if owner is None:
            return None
        low, high = _range(array)
        # Interleaved views share a range of addresses and not one element.
        dense = high - low == array.nbytes
        found = None
        for earlier, at, other, other_low, other_high, other_strides, other_dense in reversed(self._old):
            if earlier == batch or other() is None or not (low < other_high and other_low < high):
                continue
            same = (low, high, array.strides) == (other_low, other_high, other_strides)
            if same or dense and other_dense:
                found = {"batch": earlier, "path": list(at), "same": same}
                break
        self._old.append((batch, path, owner, low, high, array.strides, dense))
        return found


def _owner(leaf: Any, array: Any) -> Optional[Any]:
    """A weak reference to whatever holds the memory; None where it takes none."""
    np = sys.modules["numpy"]
    owner = leaf
    if isinstance(leaf, np.ndarray):
        while isinstance(owner, np.ndarray) and owner.base is not None:
            owner = owner.base
        if isinstance(owner, memoryview):
            # Each np.frombuffer makes its own view: what lives on is what they are views of.
            owner = owner.obj
    elif type(leaf).__module__.split(".")[0] == "torch":
        base = getattr(leaf, "_base", None)
        owner = base if base is not None else leaf
    elif isinstance(leaf, np.generic):
        return None
    try:
        return weakref.ref(owner)
    except TypeError:
        return None


def _range(array: Any) -> Tuple[int, int]:
    low = high = array.__array_interface__["data"][0]
    for count, stride in zip(array.shape, array.strides):
        if stride < 0:
            low += (count - 1) * stride
        else:
            high += (count - 1) * stride
    return low, high + array.itemsize
