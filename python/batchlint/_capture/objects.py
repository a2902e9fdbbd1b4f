"""What stands in an array of objects: tallies of the live elements, without running any code of theirs."""

from __future__ import annotations

import sys
from typing import Any, Dict, List

from .program import type_name

_LOOKED_AT = 100000
_TOLD = 16


def tally(array: Any) -> Dict[str, Any]:
    """`objects` of the protocol; `first` is the flat index of the first of its sort. `looked` where not all
    were seen.
    """
    kinds = {}  # type: Dict[Any, List[int]]
    shapes = {}  # type: Dict[Any, List[int]]
    dtypes = {}  # type: Dict[Any, List[int]]
    np = sys.modules["numpy"]
    for index, element in enumerate(array.flat):
        if index == _LOOKED_AT:
            break
        cls = type(element)
        _count(kinds, type_name(cls), index)
        if issubclass(cls, (np.ndarray, np.generic)):
            plain = (
                element
                if cls is np.ndarray
                else np.ndarray.view(element, np.ndarray)
                if issubclass(cls, np.ndarray)
                else np.asarray(element)
            )
            _count(shapes, plain.shape, index)
            _count(dtypes, plain.dtype, index)
        elif cls in (list, tuple):
            _count(shapes, (len(element),), index)
        elif type_name(cls).startswith("torch."):
            _count(shapes, tuple(element.shape), index)
            _count(dtypes, str(element.dtype).rpartition(".")[2], index)
    told = {
        "elements": array.size,
        "kinds": _listed(kinds, str),
        "shapes": _listed(shapes, list),
        "dtypes": _listed(dtypes, lambda dtype: getattr(dtype, "name", dtype)),
    }  # type: Dict[str, Any]
    if array.size > _LOOKED_AT:
        told["looked"] = _LOOKED_AT
    return told


def _count(into: Dict[Any, List[int]], what: Any, index: int) -> None:
    seen = into.get(what)
    if seen is None:
        into[what] = [1, index]
    else:
        seen[0] += 1


def _listed(counts: Dict[Any, List[int]], name: Any) -> List[Any]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1][0], item[1][1]))
    return [[name(what), count, first] for what, (count, first) in ordered[:_TOLD]]
