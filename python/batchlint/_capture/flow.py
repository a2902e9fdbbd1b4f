"""Where a name that is used at some place was bound: definitions that reach it, read from the source
alone."""

from __future__ import annotations

import ast
from typing import Any, Iterator, List, NamedTuple, Optional

from .source import FUNCTIONS, SCOPES, Source, own_children, span_of

LIMIT = 6
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_TRIES = (ast.Try,) + ((ast.TryStar,) if hasattr(ast, "TryStar") else ())
_COMPOUND = (
    (ast.If, ast.With, ast.AsyncWith) + _LOOPS + _TRIES + ((ast.Match,) if hasattr(ast, "Match") else ())
)
_DEFINITIONS = FUNCTIONS + (ast.ClassDef,)


class Definition(NamedTuple):
    """`node`: the value that the name got, or the statement where there is no such expression.

    `why`: assign, unpack (a part of the value), for, with, parameter, modify (the object is changed in
    place), loop (from
    the turn before), outer (a name of the module or of a function around), other. `certain`: it is this
    one whatever way
    the program took.
    """

    node: ast.AST
    why: str
    certain: bool


def reaching(source: Source, at: ast.AST, name: str) -> List[Definition]:
    """The definitions of `name` that may reach `at`, the nearest first."""
    found: List[Definition] = []
    node = source.statement(at)
    certain = True
    while node is not None:
        around = source.parents.get(node)
        if around is None:
            break
        certain, done = _before(source, around, node, name, certain, found)
        if done or len(found) >= LIMIT:
            return found[:LIMIT]
        if isinstance(around, FUNCTIONS + (ast.Lambda,)):
            return (found + _outside(source, around, name, certain))[:LIMIT]
        node = around
    return found[:LIMIT]


def bindings(statement: ast.AST, name: str) -> List[Definition]:
    """What binds `name` in the head of a statement (not in the statements within it), and what changes it
    in place."""
    found: List[Definition] = []
    if isinstance(statement, ast.Assign):
        for target in statement.targets:
            found += _targets(target, statement.value, name, "assign")
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        found += _targets(statement.target, statement.value, name, "assign")
    elif isinstance(statement, ast.AugAssign):
        if _root(statement.target) == name:
            found.append(Definition(statement, "modify", True))
    elif isinstance(statement, (ast.For, ast.AsyncFor)):
        found += _targets(statement.target, statement.iter, name, "for")
    elif isinstance(statement, (ast.With, ast.AsyncWith)):
        for item in statement.items:
            if item.optional_vars is not None:
                found += _targets(item.optional_vars, item.context_expr, name, "with")
    elif isinstance(statement, (ast.Import, ast.ImportFrom)):
        if any((alias.asname or alias.name.split(".")[0]) == name for alias in statement.names):
            found.append(Definition(statement, "other", True))
    elif isinstance(statement, _DEFINITIONS):
        if statement.name == name:
            found.append(Definition(statement, "other", True))
    elif isinstance(statement, ast.Delete):
        if any(isinstance(target, ast.Name) and target.id == name for target in statement.targets):
            found.append(Definition(statement, "other", True))
    for node in _head(statement):
        if isinstance(node, ast.NamedExpr) and node.target.id == name:
            found.append(Definition(node.value, "assign", not isinstance(statement, _COMPOUND)))
    return found


def own_statements(function: ast.AST) -> Iterator[ast.AST]:
    """The statements of a function (or module), nested ones too, without those of functions and classes
    within it."""
    stack = list(reversed(getattr(function, "body", []) if not isinstance(function, ast.Lambda) else []))
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, _DEFINITIONS):
            continue
        inner = []
        for field in ("body", "handlers", "orelse", "finalbody", "cases"):
            for child in getattr(node, field, None) or ():
                inner += [child] if isinstance(child, ast.stmt) else list(child.body)
        stack.extend(reversed(inner))


def stores(function: ast.AST, name: str) -> int:
    """How many places in a function bind or change `name`, functions within it too; many where it is not
    its own."""
    count = 0
    for node in ast.walk(function):
        if isinstance(node, (ast.Global, ast.Nonlocal)) and name in node.names:
            return 99
        if isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load):
            count += 1
        elif (
            isinstance(node, ast.AugAssign)
            and not isinstance(node.target, ast.Name)
            and _root(node.target) == name
        ):
            count += 1
        elif isinstance(node, ast.Assign):
            count += sum(
                not isinstance(part, ast.Name) and _root(part) == name
                for target in node.targets
                for part in _parts(target)
            )
        elif (
            isinstance(node, ast.ExceptHandler)
            and node.name == name
            or isinstance(node, ast.arg)
            and node.arg == name
        ):
            count += 1
        elif isinstance(node, ast.alias) and (node.asname or node.name.split(".")[0]) == name:
            count += 1
        elif isinstance(node, _DEFINITIONS) and node is not function and node.name == name:
            count += 1
        elif type(node).__name__ in ("MatchAs", "MatchStar") and node.name == name:
            count += 1
    return count


def loads(function: ast.AST, name: str, without: ast.AST) -> int:
    """How often a function reads `name`, functions within it too, outside of the node `without`."""
    begin, end = span_of(without)[:2], span_of(without)[2:]
    return sum(
        1
        for node in ast.walk(function)
        if isinstance(node, ast.Name)
        and node.id == name
        and isinstance(node.ctx, ast.Load)
        and not (begin <= span_of(node)[:2] and span_of(node)[2:] <= end)
    )


def attribute_definitions(source: Source, node: ast.AST) -> List[Definition]:
    """Assignments to the same `self.x` or `d["k"]`: above it in its function, else anywhere in its class."""
    wanted = _shape(node)

    def assigned(scope: ast.AST) -> List[ast.AST]:
        return [
            inner.value
            for inner in ast.walk(scope)
            if isinstance(inner, ast.Assign) and any(_shape(target) == wanted for target in inner.targets)
        ]

    function = source.enclosing(node, FUNCTIONS)
    if function is None:
        return []
    above = [value for value in assigned(function) if value.lineno < node.lineno]
    if above:
        return [Definition(value, "attribute", len(above) == 1) for value in reversed(above)][:2]
    around = source.parents.get(function)
    if isinstance(around, ast.ClassDef) and isinstance(node, ast.Attribute):
        return [Definition(value, "attribute", False) for value in assigned(around)][:2]
    return []


def _before(
    source: Source, around: ast.AST, node: ast.AST, name: str, certain: bool, found: List[Definition]
) -> Any:
    """What runs before `node` within `around`: (still certain, the search is done)."""
    after: List[ast.AST] = []
    for field in ("body", "handlers", "orelse", "finalbody"):
        inside = getattr(around, field, None)
        if not isinstance(inside, list) or node not in inside:
            continue
        index = inside.index(node)
        after = inside[index:]
        if field != "handlers":
            for statement in reversed(inside[:index]):
                certain, done = _pass(statement, name, certain, found)
                if done:
                    return certain, True
        # What of the compound statement may have run before this part of it.
        earlier: List[ast.AST] = []
        if isinstance(around, _TRIES) and field != "body":
            earlier = list(around.body)
            if field == "finalbody":
                earlier += [inner for handler in around.handlers for inner in handler.body] + list(
                    around.orelse
                )
        elif isinstance(around, _LOOPS) and field == "orelse":
            earlier = list(around.body)
        for statement in reversed(earlier):
            certain = _maybe(statement, name, certain, found)
    if isinstance(around, ast.ExceptHandler) and around.name == name:
        found.append(Definition(around, "other", certain))
        return certain, True
    if isinstance(around, _LOOPS):
        head = bindings(around, name)
        if head and isinstance(around, (ast.For, ast.AsyncFor)) and node in around.body:
            found += [one._replace(certain=certain and one.certain) for one in head]
            return certain, True
        for statement in reversed(after if node in around.body else []):
            for inner in _within(statement):
                for one in bindings(inner, name):
                    found.append(Definition(one.node, "loop" if one.why != "modify" else "modify", False))
                    certain = False
    elif isinstance(around, (ast.With, ast.AsyncWith, ast.If)):
        head = bindings(around, name)
        found += [one._replace(certain=certain and one.certain) for one in head]
        if head and not isinstance(around, ast.If):
            return certain, True
        certain = certain and not head
    return certain, False


def _pass(statement: ast.AST, name: str, certain: bool, found: List[Definition]) -> Any:
    """Go back over one whole statement: (still certain, the search is done)."""
    if isinstance(statement, (ast.With, ast.AsyncWith)):
        # Its body runs whenever what follows it runs, unless the manager swallows an exception.
        return _maybe(statement, name, certain, found), False
    if isinstance(statement, _COMPOUND):
        return _maybe(statement, name, certain, found), False
    head = bindings(statement, name)
    for one in head:
        found.append(one._replace(certain=certain and one.certain))
    return certain, any(one.why != "modify" for one in head)


def _maybe(statement: ast.AST, name: str, certain: bool, found: List[Definition]) -> bool:
    inside = [one for inner in _within(statement) for one in bindings(inner, name)]
    found += [one._replace(certain=False) for one in reversed(inside)]
    return certain and not inside


def _within(statement: ast.AST) -> Iterator[ast.AST]:
    yield statement
    if not isinstance(statement, _DEFINITIONS):
        for inner in own_statements(statement):
            yield inner
        for field in ("handlers", "orelse", "finalbody", "cases"):
            for child in getattr(statement, field, None) or ():
                for inner in [child] if isinstance(child, ast.stmt) else child.body:
                    yield from _within(inner)


def _outside(source: Source, function: ast.AST, name: str, certain: bool) -> List[Definition]:
    found = function.args
    for arg in (
        found.posonlyargs
        + found.args
        + found.kwonlyargs
        + [arg for arg in (found.vararg, found.kwarg) if arg]
    ):
        if arg.arg == name:
            return [Definition(arg, "parameter", certain)]
    scope = source.enclosing(function, FUNCTIONS + (ast.Module,))
    while scope is not None:
        inside = [
            one
            for statement in own_statements(scope)
            for one in bindings(statement, name)
            if one.why != "modify"
        ]
        if inside:
            return [Definition(inside[-1].node, "outer", False)]
        scope = source.enclosing(scope, FUNCTIONS + (ast.Module,))
    return []


def _targets(target: ast.AST, value: ast.AST, name: str, why: str) -> List[Definition]:
    if isinstance(target, ast.Name):
        return [Definition(value, why, True)] if target.id == name else []
    if isinstance(target, ast.Starred):
        return [one._replace(why="unpack") for one in _targets(target.value, value, name, why)]
    if isinstance(target, (ast.Tuple, ast.List)):
        found: List[Definition] = []
        paired = (
            why == "assign"
            and isinstance(value, (ast.Tuple, ast.List))
            and len(value.elts) == len(target.elts)
            and not any(isinstance(part, ast.Starred) for part in target.elts + value.elts)
        )
        for index, part in enumerate(target.elts):
            if paired:
                found += _targets(part, value.elts[index], name, why)
            else:
                inner = _targets(part, value, name, why)
                found += [one._replace(why="unpack") if one.why == "assign" else one for one in inner]
        return found
    return [Definition(value, "modify", True)] if _root(target) == name else []


def _parts(target: ast.AST) -> Iterator[ast.AST]:
    if isinstance(target, (ast.Tuple, ast.List)):
        for part in target.elts:
            yield from _parts(part)
    else:
        yield target.value if isinstance(target, ast.Starred) else target


def _root(target: ast.AST) -> Optional[str]:
    while isinstance(target, (ast.Subscript, ast.Attribute, ast.Starred)):
        target = target.value
    return target.id if isinstance(target, ast.Name) else None


def _head(statement: ast.AST) -> Iterator[ast.AST]:
    """The expressions of a statement itself."""
    stack = [
        child for child in own_children(statement) if not isinstance(child, (ast.stmt, ast.ExceptHandler))
    ]
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, SCOPES) or isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp)):
            stack.extend(child for child in own_children(node) if not isinstance(child, ast.stmt))


def _shape(node: ast.AST) -> str:
    return ast.dump(node).replace("ctx=Store()", "").replace("ctx=Load()", "")
