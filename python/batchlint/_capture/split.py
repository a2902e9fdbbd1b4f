"""A yield of the whole dataset made a loop that yields slices of it."""

from __future__ import annotations

import ast
import re
from typing import Any, List, Optional, Tuple

from .edits import Edit, apply, bounds
from .flow import stores
from .plan import Refused, Wish, kept_site
from .source import FUNCTIONS, Source, parse

_VARIABLES = ("start", "offset", "first", "_start", "_offset", "_first_row")
_OF_BATCH = re.compile(r"batch|(^|_)bs$")
_NOT_ROWS = re.compile(
    r"step|epoch|seed|height|width|chan|class|worker|image|dim|feature|depth|len|num_|n_|size$"
)


def split(wish: Wish, origins: Any, wishes: List[Wish]) -> None:
    """The edit for one want, the casts of the same file taken in. Raises Refused."""
    site = kept_site(origins, wish.want)
    source: Source = site.source
    rows = wish.want.get("rows")
    if type(rows) is not int or rows < 1:
        raise Refused("the wanted number of rows is not known")
    statement = _statement(site, source)
    count = _leading(site, rows)
    function = source.function(site.code)
    casts = [
        edit
        for other in wishes
        if other is not wish
        and other.why is None
        and other.source is source
        and other.want.get("do") == "cast"
        for edit in other.edits
    ]
    if any(
        other is not wish
        and other.source is source
        and other.want.get("do") == "split"
        and other.target is statement
        for other in wishes
    ):
        raise Refused("another change stands at the same place")
    routes = [(path, _route(source, statement, leaf.element.node)) for path, leaf in site.leaves.items()]
    changed = source.changed(apply(source.text or "", sorted(set(casts))))
    if changed.tree is None:
        raise Refused("the changed text would not be valid Python")
    again = _yields(changed)[_yields(source).index(statement)]
    elements = [(path, _follow(again, route)) for path, route in routes]
    text = _loop(changed, again, elements, function, _size(site, source, function, rows))
    begin, end = bounds(source, statement)
    wish.source, wish.edits, wish.target = source, [Edit(begin, end, text)], statement
    wish.where, wish.python = "yield", _unindented(text, source.text or "", begin)
    if count % rows:
        wish.note = "the last batch has %d rows" % (count % rows)


def _statement(site: Any, source: Source) -> ast.AST:
    node = source.parents.get(site.node) if site.node is not None else None
    if site.kind != "yield" or site.inferred or not isinstance(node, ast.Yield):
        raise Refused("the batch does not come from a yield that could be made a loop")
    statement = source.parents.get(node)
    if not isinstance(statement, ast.Expr):
        raise Refused("the value of the yield expression is used")
    begin, end = bounds(source, statement)
    data = (source.text or "").encode("utf-8")
    before = data[source.offset(statement.lineno, 0) : begin]
    after = re.split(b"[\r\n]", data[end:], maxsplit=1)[0].strip()
    if before.strip() or after and not after.startswith(b"#"):
        raise Refused("the yield shares its line with another statement")
    return statement


def _leading(site: Any, rows: int) -> int:
    """The leading size that all leaves share."""
    sizes = []
    for path, leaf in site.leaves.items():
        name = ".".join(map(str, path)) or "the batch"
        if not leaf.array or not leaf.shape:
            raise Refused("%s has no leading axis to split" % name)
        if leaf.element is None or not leaf.element.exact or leaf.element.owner is not site.node:
            raise Refused("no expression of the yield stands for %s alone" % name)
        sizes.append(leaf.shape[0])
    if not sizes:
        raise Refused("the batch has no arrays")
    if len(set(sizes)) > 1:
        raise Refused("its arrays differ in their leading size: %s" % ", ".join(map(str, sorted(set(sizes)))))
    if sizes[0] <= rows:
        raise Refused("the yield holds only %d rows" % sizes[0])
    return sizes[0]


def _size(site: Any, source: Source, function: Optional[ast.AST], rows: int) -> str:
    """The parameter that holds the wanted number of rows, else the number."""
    if not isinstance(function, FUNCTIONS):
        return str(rows)
    names = []
    at: Optional[ast.AST] = function
    while at is not None:
        arguments = at.args
        names += [
            arg.arg
            for arg in arguments.posonlyargs + arguments.args + arguments.kwonlyargs
            if site.ints.get(arg.arg) == rows
            and stores(at, arg.arg) == 1
            and (at is function or not stores(function, arg.arg))
        ]
        at = source.enclosing(at, FUNCTIONS)
    names += [name for name, value in site.ints.items() if name.startswith("self.") and value == rows]
    named = [name for name in names if _OF_BATCH.search(name)]
    if named:
        return named[0]
    others = [name for name in names if not name.startswith("self.") and not _NOT_ROWS.search(name)]
    return others[0] if len(others) == 1 else str(rows)


def _loop(
    source: Source,
    statement: ast.AST,
    elements: List[Tuple[Any, ast.AST]],
    function: Optional[ast.AST],
    size: str,
) -> str:
    data = (source.text or "").encode("utf-8")
    begin, end = bounds(source, statement)
    line = source.offset(statement.lineno, 0)
    indent = data[line:begin].decode("utf-8")
    unit = "\t" if "\t" in indent else "    "
    newline = _line_end(data, end)
    taken = {node.id for node in ast.walk(function or source.tree) if isinstance(node, ast.Name)}
    taken |= {node.arg for node in ast.walk(function or source.tree) if isinstance(node, ast.arg)}
    variable = next(
        name for name in _VARIABLES + tuple("_start%d" % i for i in range(99)) if name not in taken
    )
    hoisted, edits, first = [], [], None
    for path, node in elements:
        low, high = bounds(source, node)
        text = data[low:high].decode("utf-8")
        if not _is_plain(node):
            name = "batch_" + "_".join(re.sub(r"\W", "_", str(key)) for key in path) if path else "whole"
            while name in taken:
                name += "_"
            taken.add(name)
            # A value over several lines may have stood in brackets of the yield.
            value = text if parse("_ = " + text) is not None else "(%s)" % text
            hoisted.append("%s = %s%s%s" % (name, value, newline, indent))
            text = name
        first = first or text
        edits.append(Edit(low - begin, high - begin, "%s[%s:%s + %s]" % (text, variable, variable, size)))
    body = apply(data[begin:end].decode("utf-8"), edits)
    if not any(
        isinstance(node, (ast.Constant, ast.JoinedStr)) and node.end_lineno != node.lineno
        for node in ast.walk(statement)
    ):
        body = re.sub("(\r\n|\r|\n)(?=[ \t])", lambda end: end.group() + unit, body)
    return "%sfor %s in range(0, len(%s), %s):%s%s%s%s" % (
        "".join(hoisted),
        variable,
        first,
        size,
        newline,
        indent,
        unit,
        body,
    )


def _is_plain(node: ast.AST) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def _line_end(data: bytes, at: int) -> str:
    """The line end that the file has at this place."""
    found = re.search(b"\r\n|\r|\n", data[at:]) or re.search(b"\r\n|\r|\n", data)
    return found.group().decode("ascii") if found else "\n"


def _yields(source: Source) -> List[ast.AST]:
    """The statements that only yield, in the order of the source: edits keep it."""
    found = [
        node
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Yield)
    ]
    return sorted(found, key=lambda node: (node.lineno, node.col_offset))


def _route(source: Source, top: ast.AST, node: ast.AST) -> List[Tuple[str, Optional[int]]]:
    """The way down the tree from `top` to `node`."""
    way: List[Tuple[str, Optional[int]]] = []
    while node is not top:
        around = source.parents[node]
        for field, value in ast.iter_fields(around):
            if value is node:
                way.append((field, None))
            elif isinstance(value, list) and any(one is node for one in value):
                way.append((field, next(i for i, one in enumerate(value) if one is node)))
        node = around
    return way[::-1]


def _follow(top: ast.AST, way: List[Tuple[str, Optional[int]]]) -> ast.AST:
    for field, index in way:
        value = getattr(top, field)
        top = value if index is None else value[index]
    return top


def _unindented(text: str, around: str, begin: int) -> str:
    """The lines behind the first without the indentation of the statement that stood at byte `begin`."""
    line = around.encode("utf-8", "replace")[:begin].decode("utf-8", "replace")
    line = re.split("[\r\n]", line)[-1]
    indent = line[: len(line) - len(line.lstrip())]
    lines = text.split("\n")
    return "\n".join(lines[:1] + [one[len(indent) :] if one.startswith(indent) else one for one in lines[1:]])
