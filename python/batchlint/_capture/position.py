"""Which yield or return a frame stands at.

Python keeps columns from 3.11 on. Before, the how-manieth YIELD_VALUE of the code tells which yield it is.
"""

from __future__ import annotations

import ast
from bisect import bisect_right
from typing import Any, List, NamedTuple, Optional, Tuple

from .source import Source, own_nodes, span_of

_GENERATOR = 0x20 | 0x200  # CO_GENERATOR, CO_ASYNC_GENERATOR
_DELEGATES = (ast.YieldFrom, ast.Await, ast.AsyncFor, ast.AsyncWith)


class Place(NamedTuple):
    """`value`: the expression whose value was handed out, None where it cannot be told; `how`: exact,
    ordinal, only,
    line or none; `line`: where the frame stands; `passes`: it passes on what another generator yields."""

    value: Optional[ast.AST]
    how: str
    line: int
    passes: bool = False


def place(source: Source, code: Any, lasti: int, kind: str, last_line: Optional[int] = None) -> Place:
    """Where a frame of `code` stands, `kind` being "yield" or "return"; `last_line`: the line it ran last,
    if traced."""
    found = columns(code, lasti)
    line = found[0] if found else line_at(code, lasti)
    passes = kind == "yield" and _delegates(code, lasti)
    function = source.function(code)
    if function is None:
        return Place(None, "line" if source.tree is not None else "none", line, passes)
    if passes:
        return Place(None, "line", line, True)
    if isinstance(function, (ast.GeneratorExp, ast.ListComp)):
        return Place(function.elt, "only", line)
    if isinstance(function, ast.Lambda) and kind == "return":
        return Place(function.body, "only", line)
    wanted = ast.Yield if kind == "yield" else ast.Return
    nodes = own_nodes(function, wanted)
    exact = _by_columns(nodes, found)
    if exact is not None:
        return Place(exact.value, "exact" if exact.value is not None else "none", exact.lineno)
    if kind == "yield":
        return _yield_place(function, nodes, code, lasti, found, line)
    return _by_line(nodes, (last_line, line), line)


def at_yield(code: Any, lasti: int) -> bool:
    """Whether a frame that is left for now stands at a yield rather than at its end."""
    if not code.co_flags & _GENERATOR or lasti < 0:
        return False
    return _opname(code, lasti) in ("YIELD_VALUE", "RESUME") or _opname(code, lasti + 2) == "YIELD_FROM"


def columns(code: Any, lasti: int) -> Optional[Tuple[int, int, int, int]]:
    """The span of the instruction at `lasti`, None where Python keeps none."""
    if lasti < 0 or not hasattr(code, "co_positions"):
        return None
    from itertools import islice

    found = next(islice(code.co_positions(), lasti // 2, None), None)
    if found is None or None in found:
        return None
    return found[0], found[2], found[1], found[3]


def line_at(code: Any, lasti: int) -> int:
    """The line of the instruction at `lasti`."""
    import dis

    line = code.co_firstlineno
    for offset, start in dis.findlinestarts(code):
        if offset > lasti:
            break
        if start is not None:
            line = start
    return line


def _by_columns(nodes: List[ast.AST], found: Optional[Tuple[int, int, int, int]]) -> Optional[ast.AST]:
    if found is None:
        return None
    # `yield (yield x)`: the value of the one is the other, so whole yields first.
    for node in nodes:
        if span_of(node) == found:
            return node
    for node in nodes:
        if node.value is not None and span_of(node.value) == found:
            return node
    return None


def _yield_place(
    function: ast.AST,
    nodes: List[ast.AST],
    code: Any,
    lasti: int,
    found: Optional[Tuple[int, int, int, int]],
    line: int,
) -> Place:
    if found is None:
        chosen = _by_ordinal(nodes, code, lasti)
        if chosen is not None:
            return Place(chosen.value, "ordinal" if len(nodes) > 1 else "only", line)
        if len(nodes) == 1 and not own_nodes(function, _DELEGATES):
            return Place(nodes[0].value, "only", line)
    return _by_line(nodes, (line,), line, alone=False)


def _by_ordinal(nodes: List[ast.AST], code: Any, lasti: int) -> Optional[ast.AST]:
    """The i-th YIELD_VALUE is the i-th yield where the counts and all the lines agree and no statement has
    two."""
    import dis

    if hasattr(code, "co_positions"):  # from 3.11 on an await has a YIELD_VALUE too
        return None
    offsets, lines, line = [], [], code.co_firstlineno
    for instruction in dis.get_instructions(code):
        line = instruction.starts_line or line
        if instruction.opname == "YIELD_VALUE":
            offsets.append(instruction.offset)
            lines.append(line)
    if len(offsets) != len(nodes):
        return None
    for node, at, after in zip(nodes, lines, nodes[1:] + [None]):
        if not node.lineno <= at <= node.end_lineno:
            return None
        if after is not None and (after.lineno, after.col_offset) < (node.end_lineno, node.end_col_offset):
            return None
    index = bisect_right(offsets, lasti) - 1
    return nodes[index] if index >= 0 and offsets[index] == lasti else None


def _by_line(nodes: List[ast.AST], lines: Tuple[Optional[int], ...], line: int, alone: bool = True) -> Place:
    nodes = [node for node in nodes if node.value is not None]
    if alone and len(nodes) == 1:
        return Place(nodes[0].value, "only", line)
    for at in lines:
        hit = [node for node in nodes if at is not None and node.lineno <= at <= node.end_lineno]
        if len(hit) == 1:
            return Place(hit[0].value, "line", line)
    return Place(None, "line", line)


def _delegates(code: Any, lasti: int) -> bool:
    """Whether this is the yield of a `yield from` or an await."""
    if not hasattr(code, "co_positions"):
        # Such a frame stands before the instruction, which is run again.
        return _opname(code, lasti + 2) == "YIELD_FROM"
    import dis

    # SEND, YIELD_VALUE, (RESUME), JUMP_BACKWARD_NO_INTERRUPT: RESUME says in its argument what it follows.
    before = None
    for instruction in dis.get_instructions(code):
        if instruction.offset > lasti + 2:
            break
        if instruction.opname == "RESUME" and instruction.offset in (lasti, lasti + 2):
            return (instruction.arg or 0) & 3 in (2, 3)
        before = instruction
    return before is not None and before.opname == "SEND"


def _opname(code: Any, lasti: int) -> str:
    import dis

    return dis.opname[code.co_code[lasti]] if 0 <= lasti < len(code.co_code) else ""
