"""Source texts of the running program: text, syntax tree, functions, places in bytes of UTF-8."""

from __future__ import annotations

import ast
import os
import re
import sys
from typing import Any, Dict, List, Optional, Tuple

Span = Tuple[int, int, int, int]  # line from 1, column from 0 in bytes of UTF-8, end line, end column

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SCOPES = FUNCTIONS + (ast.Lambda, ast.GeneratorExp, ast.ListComp, ast.SetComp, ast.DictComp, ast.ClassDef)

# Not str.splitlines(): a form feed ends no line of Python.
_LINE_END = re.compile("\r\n|\r|\n")


class Source:
    """One source file. `tree` is None where there is no text or it does not parse.

    `id` its number in the protocol; `text` as Python decoded it, line ends kept, without a byte order
    mark; `encoding`
    "utf-8-sig" where there was one; `sha256` of the bytes on disk, None where the text does not come from
    there.
    """

    def __init__(self, number: int, filename: str) -> None:
        self.id, self.filename = number, filename
        self.path = filename if filename.startswith("<") else os.path.abspath(filename)
        self.text, self.encoding, self.sha256 = _read(filename)
        self.tree: Optional[ast.AST] = None
        self.parents: Dict[ast.AST, ast.AST] = {}
        self._functions: Dict[int, Tuple[Any, Optional[ast.AST]]] = {}
        self._starts: Optional[List[int]] = None
        self._parse()

    def changed(self, text: str) -> "Source":
        """The same source with another text."""
        other = object.__new__(Source)
        other.__dict__.update(self.__dict__, text=text, tree=None, parents={}, _functions={}, _starts=None)
        other._parse()
        return other

    def _parse(self) -> None:
        self.tree = parse(self.text)
        if self.tree is not None:
            for node in ast.walk(self.tree):
                for child in ast.iter_child_nodes(node):
                    # The nodes for Load and Store are shared by the whole tree.
                    if not isinstance(child, ast.expr_context):
                        self.parents[child] = node

    @property
    def shown(self) -> str:
        """The file's name as a reader wants it: from the working directory where it lies below."""
        from .program import shown

        return shown(self.filename if self.filename.startswith("<") else self.path)

    def frame(self) -> Dict[str, Any]:
        """The JSON of the SOURCE frame; its payload is `text`."""
        told: Dict[str, Any] = {
            "id": self.id,
            "file": self.shown,
            "path": self.path,
            "encoding": self.encoding,
            "on_disk": self.sha256 is not None,
        }
        if self.sha256 is not None:
            told["sha256"] = self.sha256
        return told

    def starts(self) -> List[int]:
        """Where each line begins in the UTF-8 of the whole text."""
        if self._starts is None:
            text = self.text or ""
            starts, at, done = [0], 0, 0
            for end in _LINE_END.finditer(text):
                at += len(text[done : end.end()].encode("utf-8", "replace"))
                done = end.end()
                starts.append(at)
            self._starts = starts
        return self._starts

    def offset(self, line: int, column: int) -> int:
        """Where a place stands in the UTF-8 of the whole text."""
        return self.starts()[line - 1] + column

    def cut(self, span: Span) -> str:
        """The text of a span."""
        begin, end = self.offset(span[0], span[1]), self.offset(span[2], span[3])
        return (self.text or "").encode("utf-8", "replace")[begin:end].decode("utf-8", "replace")

    def function(self, code: Any) -> Optional[ast.AST]:
        """The node that a code object was compiled from; None where it cannot be told which of several it
        is."""
        found = self._functions.get(id(code))
        if found is None:
            found = self._functions[id(code)] = (code, self._find(code))
        return found[1]

    def enclosing(self, node: ast.AST, kinds: Any) -> Optional[ast.AST]:
        """The nearest node of these kinds around a node, not itself."""
        at = self.parents.get(node)
        while at is not None and not isinstance(at, kinds):
            at = self.parents.get(at)
        return at

    def statement(self, node: Optional[ast.AST]) -> Optional[ast.AST]:
        """The statement that a node is, or stands in."""
        while node is not None and not isinstance(node, ast.stmt):
            node = self.parents.get(node)
        return node

    def numpy_alias(self) -> Optional[str]:
        """The name under which the top of the file imports numpy; None where it has none of its own."""
        for node in getattr(self.tree, "body", ()):
            if isinstance(node, ast.Import):
                for name in node.names:
                    if name.name == "numpy":
                        return name.asname or "numpy"
        return None

    def _find(self, code: Any) -> Optional[ast.AST]:
        name, first = code.co_name, code.co_firstlineno
        kind = {"<lambda>": ast.Lambda, "<genexpr>": ast.GeneratorExp, "<listcomp>": ast.ListComp}.get(
            name, FUNCTIONS
        )
        if self.tree is None:
            return None
        found = []
        for node in ast.walk(self.tree):
            if isinstance(node, kind):
                if kind is not FUNCTIONS:
                    if node.lineno == first:
                        found.append(node)
                elif node.name == name:
                    # The first line of a decorated function is that of its first decorator.
                    if first == min([line.lineno for line in node.decorator_list] + [node.lineno]):
                        found.append(node)
        if len(found) > 1 and kind is ast.Lambda:
            found = [node for node in found if _arguments(node) == code.co_varnames[: _argument_count(code)]]
        if len(found) > 1:
            found = _around(code, found)
        return found[0] if len(found) == 1 else None


class Sources:
    """The sources of one run by the file names of their code."""

    def __init__(self) -> None:
        self._known: Dict[str, Source] = {}

    def get(self, filename: str) -> Source:
        found = self._known.get(filename)
        if found is None:
            found = self._known[filename] = Source(len(self._known), filename)
        return found


def parse(text: Optional[str]) -> Optional[ast.AST]:
    """The syntax tree of a text, None where it has none."""
    if text is None:
        return None
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def span_of(node: ast.AST) -> Span:
    return node.lineno, node.col_offset, node.end_lineno, node.end_col_offset


def own_nodes(function: ast.AST, kinds: Any) -> List[ast.AST]:
    """The nodes of these kinds that run in a function's own frame, in the order of the source."""
    found = []
    stack = [function.body] if isinstance(function, ast.Lambda) else list(getattr(function, "body", ()))
    while stack:
        node = stack.pop()
        if isinstance(node, kinds):
            found.append(node)
        stack.extend(own_children(node))
    found.sort(key=lambda node: (node.lineno, node.col_offset, -node.end_lineno, -node.end_col_offset))
    return found


def own_children(node: ast.AST) -> List[ast.AST]:
    """The children of a node that run in the same frame: of a nested function only what runs where it is
    defined."""
    if isinstance(node, FUNCTIONS):
        return (
            node.decorator_list
            + node.args.defaults
            + [value for value in node.args.kw_defaults if value is not None]
        )
    if isinstance(node, ast.Lambda):
        return node.args.defaults + [value for value in node.args.kw_defaults if value is not None]
    if isinstance(node, ast.ClassDef):
        return node.decorator_list + node.bases + [keyword.value for keyword in node.keywords]
    if isinstance(node, ast.GeneratorExp):
        return [node.generators[0].iter]
    return list(ast.iter_child_nodes(node))


def _read(filename: str) -> Tuple[Optional[str], str, Optional[str]]:
    """(text, encoding, sha256 of the bytes on disk)."""
    linecache = sys.modules.get("linecache")
    entry = getattr(linecache, "cache", {}).get(filename)
    # Without a time of change the text is no file's: a notebook's cell, or a text put in the place of the
    # file's.
    if isinstance(entry, tuple) and len(entry) == 4 and entry[1] is None and isinstance(entry[2], list):
        return "".join(entry[2]), "utf-8", None
    try:
        with open(filename, "rb") as file:
            data = file.read()
    except (OSError, ValueError):
        import linecache

        lines = linecache.getlines(filename)
        return ("".join(lines), "utf-8", None) if lines else (None, "utf-8", None)
    import hashlib
    import io
    import tokenize

    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data.decode(encoding), encoding, hashlib.sha256(data).hexdigest()
    except (SyntaxError, UnicodeDecodeError, LookupError):
        return None, "utf-8", None


def _argument_count(code: Any) -> int:
    return code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & 4) + bool(code.co_flags & 8)


def _arguments(node: ast.AST) -> Tuple[str, ...]:
    found = node.args
    named = (
        found.posonlyargs
        + found.args
        + found.kwonlyargs
        + [arg for arg in (found.vararg, found.kwarg) if arg]
    )
    return tuple(arg.arg for arg in named)


def _around(code: Any, nodes: List[ast.AST]) -> List[ast.AST]:
    """Those of the nodes that a code object's columns lie in, where Python keeps columns; the innermost."""
    if not hasattr(code, "co_positions"):
        return nodes
    places = [p for p in code.co_positions() if None not in p and (p[2], p[3]) != (0, 0)]
    if not places:
        return nodes
    low, high = min((p[0], p[2]) for p in places), max((p[1], p[3]) for p in places)

    def holds(node: ast.AST) -> bool:
        # All of a lambda's code lies in its body; that of a lambda within it does not.
        inside = node.body if isinstance(node, ast.Lambda) else node
        return (inside.lineno, inside.col_offset) <= low and high <= (
            inside.end_lineno,
            inside.end_col_offset,
        )

    inside = [node for node in nodes if holds(node)]
    return [max(inside, key=lambda node: (node.lineno, node.col_offset))] if inside else []
