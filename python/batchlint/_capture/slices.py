"""The top-level statements of a file that one name needs: for scripts that train when they are imported."""

from __future__ import annotations

import ast
from typing import Any, Dict, List, Set, Tuple

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def cut(text: str, path: str, wanted: Set[str]) -> Tuple[Any, List[int]]:
    """(code, first lines of the statements that were left out). Raises SyntaxError.

    Kept: what defines the wanted names, what those statements name, and so on; item and attribute assignments
    to
    them; star imports and `from __future__`. A call for its effect alone (`random.seed(0)`) is left out.
    """
    body = ast.parse(text, path).body
    defines = {}  # type: Dict[str, List[int]]
    kept = set()  # type: Set[int]
    for index, statement in enumerate(body):
        if _is_main_guard(statement):
            continue
        if _always(statement):
            kept.add(index)
        for name in _defined(statement):
            defines.setdefault(name, []).append(index)
    todo, seen = list(wanted), set()  # type: List[str], Set[str]
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        for index in defines.get(name, ()):
            if index not in kept:
                kept.add(index)
                todo.extend(_loaded(body[index]))
    module = ast.Module(body=[body[index] for index in sorted(kept)], type_ignores=[])
    skipped = [
        _first_line(statement)
        for index, statement in enumerate(body)
        if index not in kept and not _is_text(statement)
    ]
    return compile(module, path, "exec", dont_inherit=True), skipped


def names_in(expression: str) -> Set[str]:
    """The names that the part of a target after the colon begins with. Raises SyntaxError."""
    return set(_loaded(ast.parse(expression.strip(), mode="eval")))


def _defined(statement: ast.stmt) -> Set[str]:
    if isinstance(statement, _DEFINITIONS):
        return {statement.name}
    names = set()  # type: Set[str]
    todo = [statement]  # type: List[Any]
    while todo:
        node = todo.pop()
        if isinstance(node, _DEFINITIONS):
            names.add(node.name)
            continue
        if isinstance(node, ast.Lambda):
            continue
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(node.ctx, ast.Store):
            base = node.value
            while isinstance(base, (ast.Attribute, ast.Subscript)):
                base = base.value
            if isinstance(base, ast.Name):
                names.add(base.id)
        todo.extend(ast.iter_child_nodes(node))
    return names


def _loaded(node: ast.AST) -> List[str]:
    return [part.id for part in ast.walk(node) if isinstance(part, ast.Name)]


def _always(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and (
        statement.module == "__future__" or any(alias.name == "*" for alias in statement.names)
    )


def _is_main_guard(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.If)
        and isinstance(statement.test, ast.Compare)
        and any(isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(statement.test))
    )


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _first_line(statement: ast.stmt) -> int:
    decorators = getattr(statement, "decorator_list", [])
    return min([statement.lineno] + [decorator.lineno for decorator in decorators])
