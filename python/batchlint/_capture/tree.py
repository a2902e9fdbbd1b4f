"""A batch taken apart: its tree as the protocol has it, and its leaves. No code of the user's classes
decides anything."""

from __future__ import annotations

import types
from collections import UserDict
from collections.abc import Mapping
from typing import Any, Dict, List, Optional, Tuple

Path = Tuple[Any, ...]  # of int and str
Leaf = Tuple[Path, Any]

DEPTH = 8
LONG = 64  # a list of more items without arrays among them is one leaf: texts, file names, token ids
MOST = 4096  # whatever has more items is one leaf

# Libraries whose `dtype` and `shape` may be asked for: nothing of the user runs.
LIBRARIES = frozenset(("numpy", "torch", "tensorflow", "jax", "jaxlib", "keras", "h5py", "zarr", "pandas"))
_array_types: Dict[type, bool] = {}


def flatten(batch: Any) -> Tuple[Any, List[Leaf]]:
    """(tree, leaves): tree is "leaf" or {"t", "py", "kids"}, leaves are (path, object) in the tree's order.

    Never raises; what cannot be taken apart is a leaf.
    """
    leaves: List[Leaf] = []
    return _flatten(batch, (), leaves), leaves


def kids(obj: Any) -> Optional[Tuple[str, List[Tuple[Any, Any]]]]:
    """(kind, [(key, item), ...]) of a container, None for a leaf. Raises what the iteration of a user's
    mapping raises."""
    cls = type(obj)
    if issubclass(cls, tuple):
        items = tuple.__iter__(obj)
        if tuple.__len__(obj) > MOST:
            return None
        fields = find_in_type(cls, "_fields")
        if (
            type(fields) is tuple
            and len(fields) == tuple.__len__(obj)
            and all(type(f) is str for f in fields)
        ):
            return "namedtuple", list(zip(fields, items))
        return "tuple", list(enumerate(items))
    if issubclass(cls, list):
        count = list.__len__(obj)
        if count > MOST or count > LONG and not _holds_arrays(obj, 2):
            return None
        return "list", list(enumerate(list.__iter__(obj)))
    if issubclass(cls, dict):
        return _mapping(list(dict.items(obj)))
    if issubclass(cls, Mapping):
        if issubclass(cls, UserDict):
            obj = object.__getattribute__(obj, "__dict__").get("data")
            return _mapping(list(dict.items(obj))) if isinstance(obj, dict) else None
        if is_array(obj):
            return None
        # Whoever takes this batch has to ask for its items too.
        return _mapping([(key, obj[key]) for key in obj])
    fields = find_in_type(cls, "__dataclass_fields__")
    if type(fields) is dict and not is_array(obj):
        return "dataclass", [(name, value) for name, value in _fields(obj, cls, fields)]
    return None


def is_array(obj: Any) -> bool:
    """Whether an object has a shape and a dtype, as its type says it."""
    return _is_array_type(type(obj))


def dtype_and_shape(obj: Any) -> Tuple[Optional[str], Optional[List[int]]]:
    """What an array says of itself, ("float32", [8, 3]); None for what only code of the user could tell."""
    cls = type(obj)
    dtype = shape = None
    try:
        if _trusted(cls, "dtype"):
            dtype = dtype_name(obj.dtype)
        if _trusted(cls, "shape"):
            shape = [int(size) for size in obj.shape]
    except Exception:
        pass
    return dtype, shape


def dtype_name(dtype: Any) -> str:
    """The short name of a dtype: torch's and tensorflow's say more than the name in their text."""
    name = getattr(dtype, "name", None)
    return name if type(name) is str else str(dtype).rpartition(".")[2]


def find_in_type(cls: type, name: str) -> Any:
    """An attribute of a type or its bases as it stands there, nothing called; None where there is none."""
    for base in type.__getattribute__(cls, "__mro__"):
        found = type.__getattribute__(base, "__dict__").get(name)
        if found is not None:
            return found
    return None


def key_of(key: Any) -> Any:
    """A key of a mapping as a path has it: an int or a str."""
    cls = type(key)
    if cls is str or cls is int:
        return key
    if isinstance(key, str):
        return str.__str__(key)
    if (
        cls in (bool, float, bytes, type(None))
        or cls is tuple
        and all(type(k) in (str, int, float) for k in key)
    ):
        return repr(key)
    return cls.__name__


def _is_array_type(cls: type) -> bool:
    known = _array_types.get(cls)
    if known is None:
        known = find_in_type(cls, "shape") is not None and find_in_type(cls, "dtype") is not None
        if len(_array_types) > 2000:
            _array_types.clear()
        _array_types[cls] = known
    return known


def _trusted(cls: type, name: str) -> bool:
    for base in type.__getattribute__(cls, "__mro__"):
        found = type.__getattribute__(base, "__dict__").get(name)
        if found is not None:
            module = type.__getattribute__(base, "__module__")
            return type(found) in (types.GetSetDescriptorType, types.MemberDescriptorType) or (
                isinstance(module, str) and module.split(".")[0] in LIBRARIES
            )
    return False


def _flatten(obj: Any, path: Path, leaves: List[Leaf]) -> Any:
    taken = None
    if len(path) < DEPTH:
        try:
            taken = kids(obj)
        except Exception:
            taken = None
    if taken is None:
        leaves.append((path, obj))
        return "leaf"
    name, pairs = taken
    return {
        "t": name,
        "py": type(obj).__name__,
        "kids": [[key, _flatten(kid, path + (key,), leaves)] for key, kid in pairs],
    }


def _mapping(items: List[Tuple[Any, Any]]) -> Optional[Tuple[str, List[Tuple[Any, Any]]]]:
    if len(items) > MOST:
        return None
    pairs: List[Tuple[Any, Any]] = []
    seen = set()
    for key, value in items:
        plain = name = key_of(key)
        count = 1
        while name in seen:
            count += 1
            name = "%s#%d" % (plain, count)
        seen.add(name)
        pairs.append((name, value))
    return "dict", pairs


def _fields(obj: Any, cls: type, fields: Dict[str, Any]) -> Any:
    try:
        own = object.__getattribute__(obj, "__dict__")
    except AttributeError:
        own = {}
    for name, field in fields.items():
        if getattr(getattr(field, "_field_type", None), "name", "_FIELD") != "_FIELD":
            continue
        if name in own:
            yield name, own[name]
            continue
        slot = find_in_type(cls, name)
        if type(slot) is types.MemberDescriptorType:
            try:
                yield name, slot.__get__(obj, cls)
            except AttributeError:
                pass


def _holds_arrays(items: Any, depth: int) -> bool:
    kinds = set(map(type, items))
    if any(map(_is_array_type, kinds)):
        return True
    if depth and kinds & {tuple, list, dict}:
        for item in list(items[:4]) + list(items[-1:]):
            inner = list(item.values()) if type(item) is dict else item if type(item) in (tuple, list) else ()
            if len(inner) and _holds_arrays(list(inner), depth - 1):
                return True
    return False
