"""What one leaf of a batch is: its header as the protocol has it, and its bytes.

numpy and the frameworks are used only where the program has imported them; no code of the user's classes
runs.
"""

from __future__ import annotations

import sys
from typing import Any, Dict, List, Optional, Sequence, Tuple

from .program import ancestry, defines, type_name

_NATIVE = "<" if sys.byteorder == "little" else ">"
_KINDS = {
    "?": "b",
    "b": "i",
    "h": "i",
    "i": "i",
    "l": "i",
    "q": "i",
    "n": "i",
    "B": "u",
    "H": "u",
    "I": "u",
    "L": "u",
    "Q": "u",
    "N": "u",
    "e": "f",
    "f": "f",
    "d": "f",
    "c": "S",
}
_NAMES = {"i": "int", "u": "uint", "f": "float"}
_SCALARS = (bool, int, float, complex)
_plain = {}  # type: Dict[Any, Tuple[str, str]]
_ARRAY_LIBRARIES = ("torch", "tensorflow", "jax", "jaxlib")


class Bytes:
    """The bytes of one leaf in C order: `count` of them."""

    def __init__(self, array: Any, count: int) -> None:
        self.array, self.count = array, count
        if not isinstance(array, memoryview) and array.dtype.names is not None and array.dtype.itemsize:
            # Copied field by field, the bytes between the fields would be whatever stood there before.
            np = sys.modules["numpy"]
            self.array = array.view(np.dtype((np.void, array.dtype.itemsize)))

    def write(self, buffer: Any, offset: int) -> None:
        """Copy them into a writable buffer."""
        array = self.array
        if isinstance(array, memoryview):
            buffer[offset : offset + self.count] = array.cast("B") if array.c_contiguous else array.tobytes()
            return
        np = sys.modules["numpy"]
        # Filling a view of the same type copies strided data once, without a contiguous array in between.
        np.copyto(np.ndarray(array.shape, array.dtype, buffer, offset), array)

    def view(self) -> memoryview:
        """They themselves where they stand in C order already, else a copy."""
        array = self.array
        if isinstance(array, memoryview):
            return array.cast("B") if array.c_contiguous else memoryview(array.tobytes())
        np = sys.modules["numpy"]
        return memoryview(np.ascontiguousarray(array).reshape(-1).view(np.uint8))


def describe(
    path: Sequence[Any], leaf: Any, cast: Optional[str] = None
) -> Tuple[Dict[str, Any], Optional[Bytes], Any]:
    """(header, bytes or None, the numpy array that was read or None). `cast`: the dtype it is turned into
    first.

    Never raises: what cannot be read is `unsent`.
    """
    header = {"path": list(path), "py": type_name(type(leaf))}  # type: Dict[str, Any]
    try:
        array, via = read(leaf)
        if array is None:
            _describe_other(header, leaf, via)
            return header, None, None
        if isinstance(array, memoryview):
            return header, _describe_memory(header, array), None
        if cast is not None:
            array = array.astype(cast)
        return header, _describe_array(header, array, via, leaf, cast is not None), array
    except Exception as error:  # an odd array type is never the user's problem
        header.setdefault("kind", "other")
        if header["kind"] == "array":
            header.update(unsent="failed")
        header["note"] = ("%s: %s" % (type(error).__name__, error))[:200]
        return header, None, None


def read(leaf: Any) -> Tuple[Any, Optional[str]]:
    """(numpy array or memoryview of anything like an array, how it was read), without a copy where possible.

    (None, None) for what is no array; (None, why) where reading failed.
    """
    cls = type(leaf)
    np = sys.modules.get("numpy")
    array_class = getattr(np, "ndarray", None)
    if array_class is not None:
        if cls is array_class:
            return leaf, "numpy"
        if issubclass(cls, array_class):
            return array_class.view(leaf, array_class), "numpy"
        if issubclass(cls, np.generic):
            return np.asarray(leaf), "numpy scalar"
    if cls in _SCALARS or cls in (str, bytes, type(None), list, tuple, dict, set):
        return None, None
    module = type_name(cls).split(".")[0]
    if cls in (memoryview, bytearray) or module in ("array", "mmap"):
        return _memory(leaf)
    if np is None:
        return None, None
    try:
        library = next(
            (name.split(".")[0] for name in ancestry(cls) if name.split(".")[0] in _ARRAY_LIBRARIES), module
        )
        if library == "torch" and defines(cls, "detach"):
            return _torch(leaf), "torch"
        if library in ("tensorflow", "jax", "jaxlib") and (
            defines(cls, "__array__") or defines(cls, "dtype")
        ):
            return np.asarray(leaf), "jax" if library == "jaxlib" else library
        if defines(cls, "__dlpack__") and hasattr(np, "from_dlpack"):
            return np.from_dlpack(leaf), "dlpack"
        if defines(cls, "__array_interface__"):
            return np.asarray(leaf), "__array_interface__"
        if defines(cls, "__array__"):
            return np.asarray(leaf), "__array__"
    except Exception as error:
        return None, ("%s: %s" % (type(error).__name__, error))[:200]
    return None, None


def descr(dtype: Any) -> Any:
    """A numpy dtype as a .npy header has it: a string, or the list of a structured type. Raises ValueError
    for overlaps.
    """
    return dtype.str if dtype.names is None else _listed(dtype.descr)


def _listed(fields: List[Any]) -> List[Any]:
    return [
        [
            list(field[0]) if isinstance(field[0], tuple) else field[0],
            _listed(field[1]) if isinstance(field[1], list) else field[1],
        ]
        + [list(shape) for shape in field[2:]]
        for field in fields
    ]


def _describe_array(
    header: Dict[str, Any], array: Any, via: Optional[str], leaf: Any, cast: bool
) -> Optional[Bytes]:
    dtype, flags = array.dtype, array.flags
    plain = _plain.get(dtype) if dtype.names is None else None
    if plain is None and dtype.names is None:
        if len(_plain) > 256:
            _plain.clear()
        plain = _plain[dtype] = dtype.name, dtype.str  # numpy works its names out anew each time
    # What is known is told before what may fail.
    header["kind"], header["via"] = "array", via
    header["dtype"] = plain[0] if plain else dtype.name
    header["shape"], header["strides"] = list(array.shape), list(array.strides)
    header["c"], header["f"] = flags.c_contiguous, flags.f_contiguous
    header["writeable"], header["aligned"], header["nbytes"] = flags.writeable, flags.aligned, array.nbytes
    sent = array
    try:
        header["descr"] = plain[1] if plain else descr(dtype)
    except ValueError:  # fields that overlap or stand in another order: no .npy header can say that
        np = sys.modules["numpy"]
        packed = np.dtype([(name, dtype.fields[name][0]) for name in dtype.names])
        header["descr"] = descr(packed)
        if not dtype.hasobject:
            sent = array.astype(packed)
    if via not in ("numpy", "numpy scalar") and not cast:
        _name_as_its_library_does(header, leaf)
    elif via == "numpy" and type(leaf) is not type(array):
        masked = _masked(leaf)
        if masked is not None:
            header["masked"] = masked
    if dtype.hasobject or dtype.kind == "T":
        header["unsent"] = "object"
        if dtype.kind == "O":
            from . import objects

            header["objects"] = objects.tally(array)
        return None
    return Bytes(sent, sent.nbytes)


def _name_as_its_library_does(header: Dict[str, Any], leaf: Any) -> None:
    name = getattr(leaf, "dtype", None)
    if header["via"] == "torch":
        header["dtype"] = str(name).rpartition(".")[2]
        if header["dtype"] == "bfloat16":
            header["descr"] = _NATIVE + "V2"
        elif header["dtype"].startswith("float8"):
            header["descr"] = "|V1"
        header["writeable"] = True
    try:
        device = getattr(leaf, "device", None)
        if device is not None and not callable(device):
            header["device"] = str(device)[:80]
    except Exception:
        pass


def _torch(leaf: Any) -> Any:
    torch = sys.modules["torch"]
    tensor = leaf.detach()
    if tensor.device.type != "cpu":
        tensor = tensor.cpu()
    name = str(tensor.dtype)
    if name == "torch.bfloat16":
        return tensor.view(torch.int16).numpy()
    if name.startswith("torch.float8"):
        return tensor.view(torch.uint8).numpy()
    if hasattr(tensor, "resolve_conj"):
        tensor = tensor.resolve_conj().resolve_neg()
    return tensor.numpy()


def _masked(leaf: Any) -> Optional[int]:
    np = sys.modules["numpy"]
    masked = getattr(sys.modules.get("numpy.ma"), "MaskedArray", None)
    if masked is None or not issubclass(type(leaf), masked):
        return None
    mask = object.__getattribute__(leaf, "__dict__").get("_mask")
    if not isinstance(mask, np.ndarray):
        return 0
    if mask.dtype.names is None:
        return int(np.count_nonzero(mask))
    flat = np.ascontiguousarray(mask).reshape(-1).view(np.bool_).reshape(mask.size, -1)
    return int(np.count_nonzero(flat.any(axis=1)))


def _memory(leaf: Any) -> Tuple[Any, Optional[str]]:
    try:
        return memoryview(leaf), "buffer"
    except (TypeError, BufferError, ValueError) as error:
        return None, ("%s: %s" % (type(error).__name__, error))[:200]


def _describe_memory(header: Dict[str, Any], view: memoryview) -> Optional[Bytes]:
    form = view.format or "B"
    order = form[0] if form[0] in "<>" else ">" if form[0] == "!" else _NATIVE
    kind = _KINDS.get(form.lstrip("@=<>!"))
    header.update(
        kind="array",
        via="buffer",
        shape=list(view.shape or ()),
        strides=list(view.strides or ()),
        c=view.c_contiguous,
        f=view.f_contiguous,
        writeable=not view.readonly,
        aligned=True,
        nbytes=view.nbytes,
    )
    if kind is None:
        header.update(dtype=form, descr="|V%d" % view.itemsize)
    else:
        header["descr"] = "%s%s%d" % ("|" if view.itemsize == 1 else order, kind, view.itemsize)
        header["dtype"] = (
            "bool" if kind == "b" else "bytes8" if kind == "S" else _NAMES[kind] + str(8 * view.itemsize)
        )
    return Bytes(view, view.nbytes)


def _describe_other(header: Dict[str, Any], leaf: Any, note: Optional[str]) -> None:
    cls = type(leaf)
    if leaf is None:
        header["kind"] = "none"
    elif issubclass(cls, (str, bytes)):
        header["kind"] = "text"
    elif issubclass(cls, _SCALARS):
        header["kind"] = "scalar"
    else:
        header["kind"] = "other"
    if cls in (str, bytes):
        header["repr"] = repr(leaf[:80])[:80]
    elif cls in _SCALARS:
        header["repr"] = repr(leaf)[:80]
    elif cls in (list, tuple, dict, set):
        note = "%s of %d" % (cls.__name__, len(leaf))
    if note:
        header["note"] = note
