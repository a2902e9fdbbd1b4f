"""Which edits of the user's source would mend a fault: the answer to PLAN."""

from __future__ import annotations

import ast
from typing import Any, Dict, List, Optional, Tuple

from .edits import CASTABLE, WANTED, Cast, Edit, apply, bounds, kind_of, overlap, where
from .flow import loads, reaching, stores
from .source import FUNCTIONS, Source, parse

_NUMBERS = ("builtins.int", "builtins.float", "builtins.bool")


class Refused(Exception):
    """Why there is no edit: a fragment of a sentence."""


class Wish:
    """One want: what came of it."""

    def __init__(self, index: int, want: Dict[str, Any]) -> None:
        self.index, self.want = index, want
        self.edits: List[Edit] = []
        self.source: Optional[Source] = None
        self.where: Optional[str] = None
        self.python: Optional[str] = None
        self.why: Optional[str] = None
        self.note: Optional[str] = None
        self.target: Optional[ast.AST] = None

    def told(self) -> Dict[str, Any]:
        told: Dict[str, Any] = {"want": self.index, "ok": self.why is None}
        for key in ("why",) if self.why is not None else ("where", "python", "note"):
            if getattr(self, key) is not None:
                told[key] = getattr(self, key)
        return told


def plan(wants: List[Dict[str, Any]], origins: Any) -> Dict[str, Any]:
    """{"results", "files"} of the EDITS frame for the wants of PLAN. Never raises; what cannot be done
    says why."""
    wishes = [Wish(index, want if isinstance(want, dict) else {}) for index, want in enumerate(wants)]
    for wish in wishes:
        if wish.want.get("do") == "cast":
            _guarded(wish, _cast, origins, wishes)
    for wish in wishes:
        if wish.want.get("do") == "split":
            from . import split

            _guarded(wish, split.split, origins, wishes)
        elif wish.want.get("do") != "cast":
            wish.why = "this helper knows no such change"
    files = []
    for source in {
        id(wish.source): wish.source for wish in wishes if wish.source is not None and wish.why is None
    }.values():
        done = [wish for wish in wishes if wish.source is source and wish.why is None]
        told = _file(source, done)
        if told is not None:
            files.append(told)
    return {"results": [wish.told() for wish in wishes], "files": files}


def kept_site(origins: Any, want: Dict[str, Any]) -> Any:
    """What is remembered of the site of a want. Raises Refused."""
    site = origins.sites.get(want.get("site"))
    if site is None:
        raise Refused("the place that made it is not known")
    if site.source.text is None or site.source.tree is None:
        raise Refused("the source of the place that made it cannot be read")
    return site


def _guarded(wish: Wish, work: Any, origins: Any, wishes: List[Wish]) -> None:
    try:
        work(wish, origins, wishes)
    except Refused as refused:
        wish.why = str(refused)
    except Exception as error:
        wish.why = "planning the change failed: %s" % type(error).__name__
    if wish.why is not None:
        wish.edits, wish.source = [], None


def _cast(wish: Wish, origins: Any, wishes: List[Wish]) -> None:
    site = kept_site(origins, wish.want)
    path, dtype = tuple(wish.want.get("path") or ()), str(wish.want.get("dtype"))
    leaf = site.leaves.get(path)
    if leaf is None:
        raise Refused("the batch has no such element")
    if not WANTED.match(dtype) and not (dtype == "bfloat16" and leaf.library == "torch"):
        raise Refused("there is no cast to %s" % dtype[:40])
    source, element = leaf.source, leaf.element
    if source is None or element is None or not element.exact:
        raise Refused("no expression of the source stands for this element alone")
    function = source.function(leaf.code)
    cast = Cast(source, function, leaf.dtype or "", dtype, leaf.library)
    _check(leaf, dtype, cast)
    target, where_, copy = _target(leaf.node, source, function, element)
    if leaf.array:
        edits = cast.edits(target, copy)
        if edits is None:
            raise Refused("the file does not import torch, and torch has no short method for %s" % dtype)
    else:
        edits = cast.array(target)
    _reserve(wish, source, edits, wishes)
    wish.where, wish.target = where_, target
    begin, end = bounds(source, target)
    cut = (source.text or "").encode("utf-8")[begin:end].decode("utf-8")
    wish.python = apply(cut, [Edit(edit.begin - begin, edit.end - begin, edit.text) for edit in edits])


def _check(leaf: Any, dtype: str, cast: Cast) -> None:
    if not leaf.array:
        if leaf.py not in _NUMBERS:
            raise Refused("it is no array")
        if cast.alias is None:
            raise Refused("it is no array, and the file does not import numpy to make it one")
        return
    if leaf.dtype is None:
        raise Refused("its dtype is not known")
    if leaf.dtype == dtype:
        raise Refused("it is %s already where it is yielded" % dtype)
    if not CASTABLE.match(leaf.dtype):
        raise Refused("%s cannot be cast to %s" % (leaf.dtype, dtype))
    if kind_of(leaf.dtype) == "c" and kind_of(dtype) != "c":
        raise Refused("a cast from %s to %s drops the imaginary parts" % (leaf.dtype, dtype))
    if leaf.library not in ("numpy", "torch", "jax", "jaxlib", "pandas"):
        raise Refused("%s has no cast that is known" % leaf.py)


def _target(
    holder: Any, source: Source, function: Optional[ast.AST], element: Any
) -> Tuple[ast.AST, str, bool]:
    """(expression to cast, creation or yield, whether the cast must copy)."""
    node = element.node
    inside = element.owner is holder
    if not inside:
        if (
            not isinstance(holder, ast.Name)
            or not isinstance(function, FUNCTIONS)
            or stores(function, holder.id) != 1
            or loads(function, holder.id, holder)
        ):
            raise Refused("the batch is put together earlier and used in other places too")
    if isinstance(node, ast.Name) and isinstance(function, FUNCTIONS):
        value = _only_definition(source, function, node)
        if value is not None:
            return value, "creation", True
    if not inside and not isinstance(node, ast.Name):
        return node, "creation", True
    return node, "yield", not isinstance(node, ast.Name)


def _only_definition(source: Source, function: ast.AST, node: ast.Name) -> Optional[ast.AST]:
    """The expression that the name was made with, where the name is used for nothing but this element."""
    found = reaching(source, node, node.id)
    if len(found) != 1 or found[0].why != "assign" or not found[0].certain:
        return None
    value = found[0].node
    statement = source.parents.get(value)
    alone = (
        isinstance(statement, ast.Assign)
        and len(statement.targets) == 1
        and isinstance(statement.targets[0], ast.Name)
        or isinstance(statement, ast.AnnAssign)
        and isinstance(statement.target, ast.Name)
    )
    if not alone or isinstance(value, (ast.Name, ast.Yield, ast.YieldFrom, ast.Await)):
        return None
    if stores(function, node.id) != 1 or loads(function, node.id, node):
        return None
    for inner in ast.walk(function):
        if isinstance(inner, ast.Name) and inner.id in ("locals", "vars", "eval", "exec"):
            return None
    return value


def _reserve(wish: Wish, source: Source, edits: List[Edit], wishes: List[Wish]) -> None:
    for other in wishes:
        if other.source is source and other.why is None and other is not wish:
            if other.edits == edits:
                continue  # two sites, one creation
            if any(overlap(one, two) for one in edits for two in other.edits):
                raise Refused("another change stands at the same place")
    wish.source, wish.edits = source, edits


def _file(source: Source, wishes: List[Wish]) -> Optional[Dict[str, Any]]:
    """The edits of one file; refuses all of them where the new text is no Python."""
    statements = [edit for wish in wishes if wish.want.get("do") == "split" for edit in wish.edits]
    edits = set(statements)
    for wish in wishes:
        if wish.want.get("do") == "cast":
            # What stands within a statement that is written anew is in its new text already.
            edits |= {
                edit
                for edit in wish.edits
                if not any(one.begin <= edit.begin and edit.end <= one.end for one in statements)
            }
    ordered = sorted(edits)
    text = apply(source.text or "", ordered)
    if parse(text) is None or any(overlap(one, two) for one, two in zip(ordered, ordered[1:])):
        for wish in wishes:
            wish.why = "the changed text would not be valid Python"
        return None
    return {
        "source": source.id,
        "edits": [{"span": where(source, edit), "text": edit.text} for edit in ordered],
        "text": text,
    }
