"""Where the array of a leaf came to be, and the statements that changed its dtype on the way."""

from __future__ import annotations

import ast
from typing import Any, Dict, List, Optional, Tuple

from .flow import Definition, attribute_definitions, bindings, own_statements, reaching
from .source import Source, span_of
from .tree import dtype_and_shape, is_array

_MOST = 4
_HOPS = 4


def history(
    owner: Any, site: Any, element: Any, path: Any, obj: Any
) -> Tuple[List[Dict[str, Any]], List[Dict[str, Any]]]:
    """(`made`, `became`) of SITE for one leaf: `element` of `site`, told by `owner`, which is traced or
    not."""
    found: List[Dict[str, Any]] = []
    changes: List[Dict[str, Any]] = []
    tracer = owner.tracer
    if tracer is not None and is_array(obj):
        returned = _returned(owner, site, obj)
        if returned is not None:
            found.append(returned)
        bound = tracer.first_binding(obj)
        if bound is not None:
            _add(found, _bound(owner, bound, obj))
            changes = _changes(owner, site, element, bound)
    if not found:
        for one in _static(site, element):
            _add(found, one)
        if found and found[0]["certain"] and found[0]["why"] in ("assign", "inline") and element.exact:
            _dtype(found[0], obj)
        # What was read is told with the number of its source.
        for one in found:
            one["source"] = owner.use(one["source"])
    return found[:_MOST], changes


def _returned(owner: Any, site: Any, obj: Any) -> Optional[Dict[str, Any]]:
    """The earliest return of a user function that handed this very object out."""
    for seen in owner.tracer.handed_out(obj):
        if seen.kind != "return" or seen.code is site.code and seen.lasti == site.lasti:
            continue
        for other in owner.others:
            if other.number == seen.number and other.elements is not None:
                element = other.elements.element(other.paths[id(obj)], obj)
                return _told(owner, other.source, element.node, "returned", True, obj)
        from .position import place

        source = owner.origins.sources.get(seen.code.co_filename)
        at = place(source, seen.code, seen.lasti, seen.kind, seen.last_line)
        return None if at.value is None else _told(owner, source, at.value, "returned", True, obj)
    return None


def _bound(owner: Any, bound: Any, obj: Any) -> Optional[Dict[str, Any]]:
    source = owner.origins.sources.get(bound.code.co_filename)
    one = value_at(source, bound.code, bound.line, bound.name)
    if one is None:
        return None
    return _told(owner, source, one.node, one.why, True, obj, bound.name)


def _changes(owner: Any, site: Any, element: Any, bound: Any) -> List[Dict[str, Any]]:
    names = [(bound.code, bound.name)]
    if isinstance(element.node, ast.Name) and (site.code, element.node.id) not in names:
        names.append((site.code, element.node.id))
    told = []
    for code, name in names:
        source = owner.origins.sources.get(code.co_filename)
        for change in owner.tracer.changes(code, name):
            one = value_at(source, code, change.line, name)
            if one is not None:
                told.append(
                    {
                        "source": owner.use(source),
                        "span": list(span_of(one.node)),
                        "from": change.before,
                        "to": change.after,
                    }
                )
    return told


def value_at(source: Source, code: Any, line: int, name: str) -> Optional[Definition]:
    """What bound `name` on a line of a function."""
    function = source.function(code)
    if function is None:
        return None
    if not hasattr(function, "body") or not isinstance(function.body, list):
        return None
    hits = []
    for statement in own_statements(function):
        end = getattr(statement, "body", None)
        last = end[0].lineno - 1 if isinstance(end, list) and end else statement.end_lineno
        if statement.lineno <= line <= max(last, statement.lineno):
            hits += bindings(statement, name)
    if hits:
        return hits[-1]
    if line <= function.body[0].lineno:
        arguments = function.args
        for arg in arguments.posonlyargs + arguments.args + arguments.kwonlyargs:
            if arg.arg == name:
                return Definition(arg, "parameter", True)
    return None


def _static(site: Any, element: Any) -> List[Dict[str, Any]]:
    """What the source alone says; `source` is still the Source."""
    source, node = site.source, element.node
    if isinstance(node, ast.Name):
        return [_static_told(source, one, name) for one, name in _definitions(source, node)]
    if isinstance(node, (ast.Attribute, ast.Subscript)):
        found = attribute_definitions(source, node)
        if found:
            name = source.cut(span_of(node))
            return [_static_told(source, one, name) for one in found]
    told = [_static_told(source, Definition(node, "inline", element.exact), None)]
    for name in ast.walk(node):
        if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Load):
            value = site.names.get(name.id) if site.names is not None else None
            for one in reaching(source, name, name.id)[:1]:
                if one.why not in ("parameter", "outer", "other") and (value is None or is_array(value)):
                    told.append(_static_told(source, Definition(one.node, "input", False), name.id, value))
    return told


def _definitions(source: Source, node: ast.Name) -> List[Tuple[Definition, str]]:
    """The definitions of a name, followed through `a = b`."""
    name = node.id
    found = reaching(source, node, name)
    for _ in range(_HOPS):
        if (
            len(found) != 1
            or not found[0].certain
            or found[0].why != "assign"
            or not isinstance(found[0].node, ast.Name)
        ):
            break
        further = reaching(source, found[0].node, found[0].node.id)
        if not further:
            break
        name, found = found[0].node.id, further
    return [(one, name) for one in found]


def _static_told(source: Source, one: Definition, name: Optional[str], value: Any = None) -> Dict[str, Any]:
    told = {"source": source, "span": list(span_of(one.node)), "why": one.why, "certain": one.certain}
    if name is not None:
        told["name"] = name
    if value is not None:
        _dtype(told, value)
    return told


def _told(
    owner: Any, source: Source, node: ast.AST, why: str, certain: bool, obj: Any, name: Optional[str] = None
) -> Dict[str, Any]:
    told = {"source": owner.use(source), "span": list(span_of(node)), "why": why, "certain": certain}
    if name is not None:
        told["name"] = name
    _dtype(told, obj)
    return told


def _dtype(told: Dict[str, Any], obj: Any) -> None:
    dtype, shape = dtype_and_shape(obj) if is_array(obj) else (None, None)
    if dtype is not None:
        told["dtype"] = dtype
    if shape is not None:
        told["shape"] = shape


def _add(found: List[Dict[str, Any]], one: Optional[Dict[str, Any]]) -> None:
    """Two ways to the same place are told once."""
    if one is not None and not any(
        other["source"] == one["source"] and other["span"] == one["span"] for other in found
    ):
        found.append(one)
