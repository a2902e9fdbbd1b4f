"""A dict as TOML: just what a spec is made of."""

from __future__ import annotations

import math
import re
from typing import Any, Dict, List, Tuple

_BARE = re.compile(r"^[A-Za-z0-9_-]+$")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def dumps(table: Dict[str, Any]) -> str:
    """TOML text of str, bool, int, float, list, tuple and dict; keys whose value is None are left out.

    Raises TypeError for other types and for keys that are no str.
    """
    lines: List[str] = []
    _table(table, (), lines)
    return "\n".join(lines) + "\n"


def _table(table: Dict[str, Any], path: Tuple[str, ...], lines: List[str]) -> None:
    inner = []
    for key, value in table.items():
        if not isinstance(key, str):
            raise TypeError("a key of a spec is a str, not %r" % (key,))
        if isinstance(value, dict):
            inner.append((key, value))
        elif value is not None:
            lines.append("%s = %s" % (_key(key), _value(value)))
    for key, value in inner:
        lines.extend(("", "[%s]" % ".".join(map(_key, path + (key,)))))
        _table(value, path + (key,), lines)


def _key(key: str) -> str:
    return key if _BARE.match(key) else _text(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        return "%d" % value
    if isinstance(value, float):
        if math.isinf(value) or math.isnan(value):
            return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
        return repr(float(value))
    if isinstance(value, (list, tuple)):
        return "[%s]" % ", ".join(map(_value, value))
    if isinstance(value, dict):
        return "{%s}" % ", ".join(
            "%s = %s" % (_key(key), _value(part)) for key, part in value.items() if part is not None
        )
    raise TypeError("a spec has no room for %s: %r" % (type(value).__name__, value))


def _text(text: str) -> str:
    return '"%s"' % "".join(
        _ESCAPES.get(char) or (char if char >= " " and char != "\x7f" else "\\u%04x" % ord(char))
        for char in text
    )
