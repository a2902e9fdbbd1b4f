"""Edits of a source text: what they are, and how an expression is made to have another dtype."""

from __future__ import annotations

import ast
import re
from typing import List, NamedTuple, Optional, Tuple

from .flow import stores
from .source import Source, span_of

CASTABLE = re.compile(r"bool_?$|u?int(8|16|32|64)$|b?float(16|32|64|128)$|longdouble$|complex(64|128|256)$")
WANTED = re.compile(r"bool$|u?int(8|16|32|64)$|float(16|32|64)$|complex(64|128)$")

# Constructors whose dtype only says how the result is stored, and the number of arguments before it. Not
# frombuffer,
# fromfile, memmap, view (it reinterprets bytes), not what draws random numbers (it draws others).
_BEFORE_DTYPE = {
    "zeros": 1,
    "ones": 1,
    "empty": 1,
    "full": 2,
    "array": 1,
    "asarray": 1,
    "ascontiguousarray": 1,
    "eye": 3,
    "identity": 1,
    "zeros_like": 1,
    "ones_like": 1,
    "empty_like": 1,
    "full_like": 2,
    "arange": 3,
}
_ANY_KIND = {"zeros", "ones", "empty", "eye", "identity", "zeros_like", "ones_like", "empty_like"}
_PRIMARY = (ast.Call, ast.Name, ast.Attribute, ast.Subscript)
_TORCH = {
    "float32": "float",
    "float64": "double",
    "float16": "half",
    "int64": "long",
    "int32": "int",
    "int16": "short",
    "bool": "bool",
    "bfloat16": "bfloat16",
}
_KINDS = (
    ("bfloat", "f"),
    ("float", "f"),
    ("longdouble", "f"),
    ("uint", "i"),
    ("int", "i"),
    ("bool", "b"),
    ("complex", "c"),
)


class Edit(NamedTuple):
    """Bytes `begin` to `end` of the text's UTF-8 become `text`."""

    begin: int
    end: int
    text: str


def apply(text: str, edits: List[Edit]) -> str:
    """The text with edits that do not overlap."""
    data = text.encode("utf-8")
    for edit in sorted(edits, reverse=True):
        data = data[: edit.begin] + edit.text.encode("utf-8") + data[edit.end :]
    return data.decode("utf-8")


def overlap(one: Edit, other: Edit) -> bool:
    """Two edits that cannot both be made; two insertions at one place cannot either."""
    return (
        one.begin < other.end and other.begin < one.end or one.begin == other.begin and one.end == other.end
    )


def bounds(source: Source, node: ast.AST) -> Tuple[int, int]:
    span = span_of(node)
    return source.offset(span[0], span[1]), source.offset(span[2], span[3])


def where(source: Source, edit: Edit) -> List[int]:
    """The span of an edit in the text before it."""
    return list(_place(source, edit.begin) + _place(source, edit.end))


def kind_of(dtype: str) -> str:
    """f, i (signed or not), b, c, or nothing."""
    return next((kind for name, kind in _KINDS if dtype.startswith(name)), "")


def size_of(dtype: str) -> int:
    """Bits of a dtype by its name."""
    digits = re.search(r"\d+$", dtype)
    return int(digits.group()) if digits else 8 if dtype.startswith("bool") else 128


class Cast:
    """How expressions of `source` in `function` are turned into `dtype`; `before`: the dtype they have."""

    def __init__(
        self, source: Source, function: Optional[ast.AST], before: str, dtype: str, library: str
    ) -> None:
        self.source, self.before, self.dtype, self.library = source, before, dtype, library
        alias = source.numpy_alias()
        if alias is not None and (function is None or stores(function, alias)):
            alias = None
        self.alias = alias
        self.torch = _import_of(source, "torch")
        if function is not None and self.torch is not None and stores(function, self.torch):
            self.torch = None

    def numpy_dtype(self) -> str:
        if self.alias is None:
            return '"%s"' % self.dtype
        return "%s.%s" % (self.alias, "bool_" if self.dtype == "bool" else self.dtype)

    def edits(self, node: ast.AST, copy: bool = True) -> Optional[List[Edit]]:
        """What makes `node` have the dtype; None where nothing does. Without `copy` it may stay the same
        object."""
        if self.library == "torch":
            method = self._torch_method()
            return None if method is None else self._append(node, method)
        changed = self._in_call(node)
        if changed is not None:
            return changed
        keep = ", copy=False" if not copy and self.library in ("numpy", "pandas") else ""
        return self._append(node, ".astype(%s%s)" % (self.numpy_dtype(), keep))

    def array(self, node: ast.AST) -> List[Edit]:
        """A number of Python made an array."""
        begin, end = bounds(self.source, node)
        return [
            Edit(begin, begin, "%s.asarray(" % self.alias),
            Edit(end, end, ", dtype=%s)" % self.numpy_dtype()),
        ]

    def _torch_method(self) -> Optional[str]:
        if self.torch is not None:
            return ".to(%s.%s)" % (self.torch, self.dtype)
        return ".%s()" % _TORCH[self.dtype] if self.dtype in _TORCH else None

    def _append(self, node: ast.AST, method: str) -> List[Edit]:
        begin, end = bounds(self.source, node)
        if isinstance(node, _PRIMARY):
            return [Edit(end, end, method)]
        return [Edit(begin, begin, "("), Edit(end, end, ")" + method)]

    def _narrows(self) -> bool:
        """Stored as this at once it is what it would be after a cast."""
        return (
            kind_of(self.before) == kind_of(self.dtype)
            and kind_of(self.dtype) in "fi"
            and size_of(self.dtype) <= size_of(self.before)
            and self.before.startswith("uint") == self.dtype.startswith("uint")
        )

    def _in_call(self, node: ast.AST) -> Optional[List[Edit]]:
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            return None
        name = node.func.attr
        of_numpy = (
            isinstance(node.func.value, ast.Name)
            and self.alias is not None
            and node.func.value.id == self.alias
            and name in _BEFORE_DTYPE
        )
        given = [keyword.value for keyword in node.keywords if keyword.arg == "dtype"]
        if name == "astype" and not of_numpy:
            given = given or [arg for arg in node.args[:1] if not isinstance(arg, ast.Starred)]
            return (
                [Edit(*bounds(self.source, given[0]), text=self.numpy_dtype())]
                if given and self._narrows()
                else None
            )
        if not of_numpy:
            return None
        if given:
            fits = name in _ANY_KIND or self._narrows()
            return [Edit(*bounds(self.source, given[0]), text=self.numpy_dtype())] if fits else None
        return self._insert(node, name)

    def _insert(self, node: ast.Call, name: str) -> Optional[List[Edit]]:
        into_float = kind_of(self.dtype) == "f"
        fits = (
            name in _ANY_KIND
            or name == "arange"
            and kind_of(self.before) == "i"
            and (into_float or self._narrows())
            or name == "full_like"
            and kind_of(self.before) == "f"
            and into_float
            or name in ("full", "array", "asarray", "ascontiguousarray")
            and into_float
            and kind_of(self.before) in "fib"
        )
        parts = node.args + [keyword.value for keyword in node.keywords]
        if (
            not fits
            or not parts
            or len(node.args) > _BEFORE_DTYPE[name]
            or any(isinstance(part, (ast.Starred, ast.GeneratorExp)) for part in parts)
            or any(keyword.arg is None for keyword in node.keywords)
        ):
            return None
        last = max(bounds(self.source, part)[1] for part in parts)
        end = bounds(self.source, node)[1] - 1
        tail = (self.source.text or "").encode("utf-8")[last:end].decode("utf-8")
        if "#" in tail:
            return None
        at = last + len(tail[: tail.rfind(")") + 1].encode("utf-8"))
        return [Edit(at, at, ", dtype=" + self.numpy_dtype())]


def _import_of(source: Source, module: str) -> Optional[str]:
    for node in getattr(source.tree, "body", ()):
        for name in node.names if isinstance(node, ast.Import) else ():
            if name.name == module:
                return name.asname or module
    return None


def _place(source: Source, offset: int) -> Tuple[int, int]:
    from bisect import bisect_right

    starts = source.starts()
    line = bisect_right(starts, offset)
    return line, offset - starts[line - 1]
