"""The expression that was yielded taken apart: which part of it is which leaf of the batch.

A part is exact only where Python's own rules say that its value is the leaf, or where it is a name
(`self.x`, `d["k"]`)
whose value is that very object at that moment.
"""

from __future__ import annotations

import ast
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

from . import tree as trees
from .flow import reaching
from .source import SCOPES, Source

Path = Tuple[Any, ...]


class Element(NamedTuple):
    """`node` stands for the leaf, `exact` where it is the leaf and nothing more; `owner`: the expression
    that was taken
    apart, that of the yield or, through `batch = (a, b)`, that of the one assignment."""

    node: ast.AST
    exact: bool
    owner: ast.AST


class Elements:
    """The parts of `node`, whose value is `value`, as frame variables `names` stand (None: not known)."""

    def __init__(
        self,
        source: Source,
        node: ast.AST,
        value: Any,
        names: Optional[Dict[str, Any]],
        must_be_names: bool = False,
    ) -> None:
        self.source, self.node, self.value, self.names = source, node, value, names
        self._strict = must_be_names  # it is not certain that this is the expression of the value
        self.tree, self.leaves = trees.flatten(value)
        self.parts: Dict[Path, Tuple[ast.AST, bool]] = {}
        self.owner = node
        self.parts[()] = (node, True)
        self._take(node, value, ())
        if len(self.parts) == 1 and isinstance(node, ast.Name) and self.tree != "leaf":
            self._through(node, value)

    def element(self, path: Path, leaf: Any) -> Element:
        """The part for the leaf at `path`; the enclosing expression, not exact, where there is none of its
        own."""
        node, exact, whole = self.node, False, path == ()
        for count in range(len(path), -1, -1):
            if path[:count] in self.parts:
                node, exact = self.parts[path[:count]]
                whole = count == len(path)
                break
        owner = self.owner if node is not self.node else self.node
        if whole and exact and (self._proven(node, leaf) if self._strict else not self._denied(node, leaf)):
            return Element(node, True, owner)
        if trees.is_array(leaf) and self.names is not None:
            for name in _names(node):
                if lookup(name, self.names) is leaf:
                    return Element(name, True, owner)
        return Element(node, False, owner)

    def score(self) -> int:
        """For how many leaves there is an exact part."""
        return sum(self.element(path, leaf).exact for path, leaf in self.leaves)

    def proven(self) -> bool:
        """Whether an array of the value is known by a variable."""
        return any(trees.is_array(leaf) and self.element(path, leaf).exact for path, leaf in self.leaves)

    def _denied(self, node: ast.AST, leaf: Any) -> bool:
        """A name that stands for another object by now is not the leaf."""
        if self.names is None or not isinstance(node, ast.Name) or node.id not in self.names:
            return False
        return self.names[node.id] is not leaf

    def _proven(self, node: ast.AST, leaf: Any) -> bool:
        """A name that is the leaf, or a constant that equals it, needs no other proof."""
        if isinstance(node, ast.Constant):
            return type(leaf) is type(node.value) and leaf == node.value
        return (
            isinstance(node, ast.Name)
            and self.names is not None
            and (node.id in self.names and self.names[node.id] is leaf)
        )

    def _take(self, node: ast.AST, value: Any, path: Path) -> bool:
        """Record the parts of a display whose value is `value`; False where the two do not fit each other."""
        cls = type(value)
        if isinstance(node, ast.NamedExpr):
            return self._take(node.value, value, path)
        if isinstance(node, ast.IfExp):
            return self._choose(node, value, path)
        if isinstance(node, (ast.Tuple, ast.List)):
            if cls is not (tuple if isinstance(node, ast.Tuple) else list):
                return False
            return self._sequence(node.elts, value, path)
        if isinstance(node, ast.Dict):
            return cls is dict and self._dict(node, value, path)
        if isinstance(node, ast.Call):
            self._call(node, value, path)
        elif isinstance(node, ast.Constant):
            return cls is type(node.value)
        elif self.names is not None and isinstance(node, ast.Name) and node.id in self.names:
            return self.names[node.id] is value
        return True

    def _put(self, node: ast.AST, value: Any, path: Path) -> bool:
        self.parts[path] = (node, True)
        return self._take(node, value, path)

    def _sequence(self, nodes: List[ast.AST], value: Any, path: Path) -> bool:
        starred = [index for index, node in enumerate(nodes) if isinstance(node, ast.Starred)]
        count = len(value)
        if len(nodes) - len(starred) > count or not starred and len(nodes) != count:
            return False
        head = starred[0] if starred else len(nodes)
        tail = len(nodes) - starred[-1] - 1 if starred else 0
        fits = True
        for index in range(head):
            fits &= self._put(nodes[index], value[index], path + (index,))
        for index in range(1, tail + 1):
            fits &= self._put(nodes[-index], value[-index], path + (count - index,))
        if len(starred) == 1:
            for index in range(head, count - tail):
                self.parts[path + (index,)] = (nodes[head].value, False)
        return fits

    def _dict(self, node: ast.Dict, value: Any, path: Path) -> bool:
        keys = list(value)
        if len(keys) == len(node.keys) and None not in node.keys:
            # As many keys as parts: none came twice, and a dict keeps their order.
            return all(
                [
                    self._put(part, value[key], path + (trees.key_of(key),))
                    for key, part in zip(keys, node.values)
                    if list(map(trees.key_of, keys)).count(trees.key_of(key)) == 1
                ]
            )
        for key, part in zip(node.keys, node.values):
            name = trees.key_of(key.value) if isinstance(key, ast.Constant) else None
            if name is None:
                for at in [at for at in self.parts if len(at) > len(path) and at[: len(path)] == path]:
                    del self.parts[at]  # this one may have replaced them
            elif key.value in value and type(key.value) is str:
                self._put(part, value[key.value], path + (name,))
        return True

    def _call(self, node: ast.Call, value: Any, path: Path) -> None:
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", None)
        cls = type(value)
        if (
            name == "dict"
            and isinstance(node.func, ast.Name)
            and cls is dict
            and not _binds(self.source, "dict")
        ):
            for keyword in node.keywords:
                if keyword.arg is not None and keyword.arg in value:
                    self._put(keyword.value, value[keyword.arg], path + (keyword.arg,))
            return
        if name != cls.__name__:
            return
        fields = plain_fields(cls)
        if fields is None or any(isinstance(arg, ast.Starred) for arg in node.args):
            return
        values = dict((trees.kids(value) or ("", []))[1])
        for field, part in zip(fields, node.args):
            if field in values:
                self._put(part, values[field], path + (field,))
        for keyword in node.keywords:
            if keyword.arg in values:
                self._put(keyword.value, values[keyword.arg], path + (keyword.arg,))

    def _choose(self, node: ast.IfExp, value: Any, path: Path) -> bool:
        """Which branch ran is known where the other one cannot have."""
        before, fitting = dict(self.parts), []
        for branch in (node.body, node.orelse):
            self.parts = dict(before)
            if self._take(branch, value, path):
                fitting.append(self.parts)
        self.parts = fitting[0] if len(fitting) == 1 else before
        return bool(fitting)

    def _through(self, node: ast.Name, value: Any) -> None:
        """`batch = (a, b); yield batch`: a tuple that was bound once is still what it was made of."""
        found = reaching(self.source, node, node.id)
        if len(found) != 1 or found[0].why != "assign" or not found[0].certain:
            return
        display = found[0].node
        if isinstance(display, ast.Tuple):
            before = dict(self.parts)
            if not self._take(display, value, ()):
                self.parts = before
            else:
                self.owner = display
        elif isinstance(display, (ast.List, ast.Dict, ast.Call)) and self.names is not None:
            # What can be changed after it was made is believed only for names that still are the object.
            if self._take(display, value, ()):
                self.owner = display
            for path, (part, exact) in list(self.parts.items()):
                if path and not isinstance(part, ast.Name):
                    self.parts[path] = (part, False)


def lookup(node: ast.AST, names: Dict[str, Any]) -> Any:
    """The value of `x`, `x.a`, `x["k"]` or `x[0]` without running anything of the user; None where it
    cannot be told."""
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute):
        inner = lookup(node.value, names)
        if inner is None:
            return None
        on_type = trees.find_in_type(type(inner), node.attr)
        if on_type is not None and hasattr(type(on_type), "__set__"):
            return None  # a property goes before what the object holds
        try:
            return object.__getattribute__(inner, "__dict__").get(node.attr)
        except (AttributeError, TypeError):
            return None
    if isinstance(node, ast.Subscript):
        inner, index = lookup(node.value, names), node.slice
        if type(index).__name__ == "Index":  # 3.8
            index = index.value
        if (
            isinstance(index, ast.Constant)
            and type(index.value) in (str, int)
            and type(inner) in (dict, list, tuple)
        ):
            try:
                return inner[index.value]
            except (LookupError, TypeError):
                return None
    return None


def plain_fields(cls: type) -> Optional[List[str]]:
    """The fields of a namedtuple or dataclass in the order of its arguments, where making one only stores
    them."""
    fields = trees.find_in_type(cls, "__dataclass_fields__")
    if type(fields) is dict:
        made = trees.find_in_type(cls, "__init__")
        code = getattr(made, "__code__", None)
        if (
            code is None
            or not code.co_filename.startswith("<")
            or trees.find_in_type(cls, "__post_init__") is not None
        ):
            return None
        if (
            "__new__" in cls.__dict__
            or trees.find_in_type(cls, "__getattribute__") is not object.__getattribute__
        ):
            return None
        kinds = [
            (field, getattr(getattr(field, "_field_type", None), "name", "")) for field in fields.values()
        ]
        if any(kind == "_FIELD_INITVAR" for _, kind in kinds):
            return None
        return [
            field.name
            for field, kind in kinds
            if kind == "_FIELD" and field.init and not getattr(field, "kw_only", False) is True
        ]
    fields = trees.find_in_type(cls, "_fields")
    if issubclass(cls, tuple) and type(fields) is tuple:
        code = getattr(getattr(trees.find_in_type(cls, "__new__"), "__func__", None), "__code__", None)
        if code is None:
            code = getattr(trees.find_in_type(cls, "__new__"), "__code__", None)
        if (
            code is not None
            and code.co_filename.startswith("<")
            and trees.find_in_type(cls, "__init__") is object.__init__
        ):
            return list(fields)
    return None


def _names(node: ast.AST) -> Iterator[ast.AST]:
    """The names, attributes and subscripts of an expression, the outermost first, not those of scopes
    within it."""
    todo = [node]
    while todo:
        at = todo.pop(0)
        if isinstance(at, (ast.Name, ast.Attribute, ast.Subscript)):
            yield at
        if not isinstance(at, SCOPES):
            todo.extend(ast.iter_child_nodes(at))


def _binds(source: Source, name: str) -> bool:
    return any(
        isinstance(node, ast.Name)
        and node.id == name
        and not isinstance(node.ctx, ast.Load)
        or isinstance(node, (ast.FunctionDef, ast.ClassDef))
        and node.name == name
        or isinstance(node, ast.alias)
        and (node.asname or node.name) == name
        or isinstance(node, ast.arg)
        and node.arg == name
        for node in ast.walk(source.tree)
    )
