"""Samples before they are put together: how they differ, and batches made of them."""

from __future__ import annotations

import sys
from typing import Any, Dict, Iterator, List, Optional, Tuple

from .leaves import read

_LOOKED_AT = 4096
_TOLD = 64


def differences(samples: List[Any]) -> Optional[Dict[str, Any]]:
    """`count`, `groups` and `lost` of a SAMPLES frame; None where all samples are alike."""
    from .tree import flatten

    groups = {}  # type: Dict[Tuple[Any, ...], Dict[Tuple[Any, ...], List[int]]]
    present = {}  # type: Dict[Tuple[Any, ...], List[int]]
    looked = samples[:_LOOKED_AT]
    for index, sample in enumerate(looked):
        for path, leaf in flatten(sample)[1]:
            path = tuple(path)
            likes = groups.setdefault(path, {})
            like = likes.setdefault(_like(leaf), [0, index])
            like[0] += 1
            present.setdefault(path, []).append(index)
    lost = []
    for path, where in present.items():
        if len(where) < len(looked):
            first = next(index for index, at in enumerate(where + [-1]) if index != at)
            lost.append(
                {
                    "key": path[0] if len(path) == 1 else list(path),
                    "missing": len(looked) - len(where),
                    "first": first,
                }
            )
    told = [
        {"path": list(path), "dtype": dtype, "shape": list(shape), "count": count, "first": first}
        for path, likes in groups.items()
        if len(likes) > 1
        for (dtype, shape), (count, first) in likes.items()
    ]
    if not told and not lost:
        return None
    return {"count": len(samples), "groups": told[:_TOLD], "lost": lost[:_TOLD]}


class Stacked:
    """Batches of `rows` samples. Arrays that differ in shape become one array of objects, as they are."""

    def __init__(self, samples: Iterator[Any], rows: int, look: Any = None) -> None:
        self.samples, self.rows, self.look = samples, rows, look

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        taken = []
        for sample in self.samples:
            taken.append(sample)
            if len(taken) == self.rows:
                break
        if not taken:
            raise StopIteration
        if self.look is not None:
            self.look(taken)
        try:
            return stack(taken)
        except Exception:  # ours, not the program's: the samples as they are
            return taken


def stack(samples: List[Any]) -> Any:
    """One batch in the structure of the first sample; without numpy the list itself."""
    first = samples[0]
    if isinstance(first, dict):
        keys = [key for key in first if all(isinstance(sample, dict) and key in sample for sample in samples)]
        return {key: stack([sample[key] for sample in samples]) for key in keys}
    if isinstance(first, tuple) or type(first) is list and any(read(part)[0] is not None for part in first):
        if all(isinstance(sample, (tuple, list)) and len(sample) == len(first) for sample in samples):
            return tuple(stack([sample[index] for sample in samples]) for index in range(len(first)))
    return _rows(samples)


def _rows(leaves: List[Any]) -> Any:
    np = sys.modules.get("numpy")
    if np is None:
        return leaves
    torch = sys.modules.get("torch")
    tensor = getattr(torch, "Tensor", None)
    if (
        tensor is not None
        and all(isinstance(leaf, tensor) for leaf in leaves)
        and len({(tuple(leaf.shape), leaf.dtype) for leaf in leaves}) == 1
    ):
        return torch.stack([leaf.detach() for leaf in leaves])
    arrays = [_array(np, leaf) for leaf in leaves]
    if all(array is not None for array in arrays) and len({array.shape for array in arrays}) == 1:
        return np.stack(arrays)
    rows = np.empty(len(leaves), object)
    for index, leaf in enumerate(leaves):
        rows[index] = leaf
    return rows


def _array(np: Any, leaf: Any) -> Any:
    if type(leaf) in (bool, int, float, complex):
        return np.asarray(leaf)
    if type(leaf) is list:
        if all(type(part) in (bool, int, float, list) for part in leaf):
            try:
                array = np.array(leaf)
            except ValueError:
                return None
            return None if array.dtype.hasobject else array
        return None
    array = read(leaf)[0]
    return np.asarray(array) if isinstance(array, memoryview) else array


def _like(leaf: Any) -> Tuple[str, Tuple[int, ...]]:
    cls = type(leaf)
    if cls not in (bool, int, float, complex, str, bytes, type(None), list):
        dtype, shape = getattr(leaf, "dtype", None), getattr(leaf, "shape", None)
        try:
            if dtype is not None and shape is not None:
                return getattr(dtype, "name", None) or str(dtype).rpartition(".")[2], tuple(
                    int(size) for size in shape
                )
        except Exception:
            pass
    return cls.__name__, (len(leaf),) if cls is list else ()
