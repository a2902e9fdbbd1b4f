"""What of the running program is the user's own code."""

from __future__ import annotations

import os
import sys
from typing import Any, Dict, List, Optional

_LIBRARY = tuple(
    {
        os.path.join(os.path.realpath(os.path.dirname(os.__file__)), ""),
        os.path.join(os.path.dirname(os.__file__), ""),
    }
)
_known: Dict[str, bool] = {}
_names: Dict[type, str] = {}


def is_user(filename: str) -> bool:
    """Whether a code object's file was written by the user: not ours, not the standard library, not
    installed.
    """
    known = _known.get(filename)
    if known is None:
        known = _known[filename] = _is_user(filename)
    return known


def is_ours(filename: str) -> bool:
    """Whether a code object's file belongs to this package."""
    return filename.startswith(("<batchlint>", _HERE))


def span(code: Any, lasti: int) -> Optional[List[int]]:
    """[line, column, end line, end column] of the instruction at `lasti`, where Python keeps it (3.11)."""
    if lasti < 0 or not hasattr(code, "co_positions"):
        return None
    from itertools import islice

    found = next(islice(code.co_positions(), lasti // 2, None), None)
    if found is None or None in found:
        return None
    return [found[0], found[2], found[1], found[3]]


def shown(filename: str) -> str:
    """A file's name as a reader wants it: from the working directory where it lies below."""
    if filename.startswith("<"):
        return filename
    try:
        path = os.path.abspath(filename)
        below = os.path.relpath(path)
    except (ValueError, OSError):
        return filename.replace(os.sep, "/")
    return (path if below.split(os.sep)[0] == os.pardir else below).replace(os.sep, "/")


def frame_of(code: Any, line: Optional[int], lasti: int) -> Dict[str, Any]:
    """One frame as the protocol has it."""
    frame = {
        "file": shown(code.co_filename),
        "line": line or code.co_firstlineno,
        "func": getattr(code, "co_qualname", code.co_name),
        "user": is_user(code.co_filename),
    }
    where = span(code, lasti)
    if where:
        frame["span"] = where
    return frame


def caller(frame: Any) -> Dict[str, Any]:
    """The nearest user frame from `frame` outwards, {file, line, func}; `frame` itself where there is
    none.
    """
    at = frame
    while at is not None and not is_user(at.f_code.co_filename):
        at = at.f_back
    at = at or frame
    return {"file": shown(at.f_code.co_filename), "line": at.f_lineno, "func": at.f_code.co_name}


def type_name(cls: type) -> str:
    """Module and name of a type, without asking its metaclass."""
    plain = type(cls) is type  # another metaclass may have a hash of its own
    known = _names.get(cls) if plain else None
    if known is not None:
        return known
    module = type.__getattribute__(cls, "__module__")
    name = type.__getattribute__(cls, "__qualname__")
    known = "%s.%s" % (module, name) if isinstance(module, str) and module else str(name)
    if plain and len(_names) < 1000:
        _names[cls] = known
    return known


def ancestry(cls: type) -> List[str]:
    """The names of a type and of all its bases, the nearest first."""
    return [type_name(base) for base in type.__getattribute__(cls, "__mro__")]


def defines(cls: type, name: str) -> bool:
    """Whether a type or one of its bases has this attribute; nothing of it is run."""
    return any(
        name in type.__getattribute__(base, "__dict__") for base in type.__getattribute__(cls, "__mro__")
    )


def rss() -> Optional[int]:
    """Bytes of this process in memory."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return None


def version_of(name: str) -> Optional[str]:
    """The version of a package, only where the program has imported it."""
    module = sys.modules.get(name)
    try:
        version = getattr(module, "__version__", None)
        return str(version) if version is not None else None
    except Exception:
        return None


def _is_user(filename: str) -> bool:
    if is_ours(filename) or filename.startswith("<") and not filename.startswith(("<ipython", "<target>")):
        return False
    if "site-packages" in filename or "dist-packages" in filename:
        return False
    return not filename.startswith(_LIBRARY)


# As it was imported: the code's file names are not made absolute.
_HERE = os.path.dirname(is_ours.__code__.co_filename) + os.sep
