"""One place of the user's source that hands out batches: found among what was seen, and described as SITE
has it."""

from __future__ import annotations

import ast
from collections import ChainMap
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from . import made
from .elements import Element, Elements
from .flow import reaching
from .position import Place, place
from .source import Source, span_of
from .tracer import Exit, live
from .tree import LIBRARIES, dtype_and_shape, flatten, is_array

_MOST_ELEMENTS = 256
_SHORT = 60


class Leaf(NamedTuple):
    """What is remembered of one leaf: where it stands and what it was like, not the leaf itself."""

    source: Optional[Source]
    node: Optional[ast.AST]  # the expression that the element is a part of
    element: Optional[Element]
    dtype: Optional[str]
    shape: Optional[List[int]]
    array: bool
    py: str  # its type, with the module
    library: str  # the package of the nearest of its types that is no code of the user: numpy, torch, ...
    code: Any


class Kept(NamedTuple):
    """What is remembered of a site: enough to plan edits of the source."""

    source: Source
    node: Optional[ast.AST]
    kind: str
    code: Any
    leaves: Dict[Tuple[Any, ...], Leaf]
    ints: Dict[str, int]
    inferred: bool


class Site:
    """A yield or return of user code that handed out `value`, with its expression taken apart."""

    def __init__(self, origins: Any, seen: Exit, strict: bool = False) -> None:
        self.origins, self.code, self.lasti, self.kind, self.value = (
            origins,
            seen.code,
            seen.lasti,
            seen.kind,
            seen.value,
        )
        self.number = seen.number
        self.names = live(seen.names)
        self.globals = seen.outer
        self.source: Source = origins.sources.get(seen.code.co_filename)
        self.place: Place = place(self.source, seen.code, seen.lasti, seen.kind, seen.last_line)
        self.elements: Optional[Elements] = None
        self.paths: Dict[int, Tuple[Any, ...]] = {}
        self.inferred = self.partial = False
        self.through: List[Site] = []
        self.batch: Any = None
        self.leaves: Any = None
        self.tracer: Any = None
        self.others: List[Site] = []
        self._told: Dict[Tuple[Any, ...], Leaf] = {}
        self._used: Dict[int, Source] = {}
        if self.value is not None and self.place.value is not None:
            self.take(self.place.value, self.value, strict)

    def take(self, node: ast.AST, value: Any, strict: bool = False) -> None:
        """Take `node` apart as the expression of `value`."""
        self.value = value
        self.elements = Elements(self.source, node, value, self.variables(), strict)
        self.paths = {}
        for path, leaf in self.elements.leaves:
            self.paths.setdefault(id(leaf), path)

    def variables(self) -> Any:
        if self.names is None:
            return None
        return ChainMap(self.names, self.globals or {})

    def score(self) -> int:
        return self.elements.score() if self.elements is not None else -1

    def at(self, path: Tuple[Any, ...]) -> Any:
        for known, leaf in self.elements.leaves if self.elements is not None else ():
            if known == path:
                return leaf
        return None

    def line(self) -> Dict[str, Any]:
        return {"file": self.source.shown, "line": self.place.line, "func": function_name(self.code)}

    def use(self, source: Source) -> int:
        """The number of a source that the description names."""
        self._used[source.id] = source
        return source.id

    def sources(self) -> List[Source]:
        return [self._used[number] for number in sorted(self._used)]

    def describe(self, number: int) -> Dict[str, Any]:
        """The JSON of the SITE frame."""
        told: Dict[str, Any] = {
            "id": number,
            "file": self.source.shown,
            "func": function_name(self.code),
            "kind": self.kind,
            "how": self.place.how,
            "line": self.place.line,
            "through": [other.line() for other in self.through[:4]],
        }
        if self.source.text is not None:
            told["source"] = self.use(self.source)
        if self.place.value is not None:
            told["span"] = list(span_of(self.place.value))
        if self.inferred:
            told["inferred"] = True
        if self.partial:
            told["partial"] = True
        told["elements"] = [self._element(path, leaf) for path, leaf in self.leaves[:_MOST_ELEMENTS]]
        return told

    def kept(self) -> Kept:
        ints: Dict[str, int] = {}
        for name, value in (self.names or {}).items():
            if type(value) is int:
                ints[name] = value
        held = getattr((self.names or {}).get("self"), "__dict__", None)
        for name, value in held.items() if type(held) is dict else ():
            if type(value) is int and type(name) is str:
                ints["self." + name] = value
        return Kept(self.source, self.place.value, self.kind, self.code, self._told, ints, self.inferred)

    def _element(self, path: Tuple[Any, ...], leaf: Any) -> Dict[str, Any]:
        told: Dict[str, Any] = {"path": list(path), "exact": False, "made": [], "became": []}
        site, at = self._owner(path, leaf)
        if site is None or site.elements is None or at is None:
            self._told[path] = self._leaf(None, None, leaf)
            return told
        obj = site.at(at) if self.inferred else leaf
        element = site.elements.element(at, obj)
        self._told[path] = self._leaf(site, element, obj)
        told.update(source=self.use(site.source), span=list(span_of(element.node)), exact=element.exact)
        text = site.source.cut(span_of(element.node))
        if len(text) <= _SHORT and "\n" not in text:
            told["name"] = text
        told["made"], told["became"] = made.history(self, site, element, at, obj)
        return told

    def _leaf(self, site: Optional["Site"], element: Optional[Element], obj: Any) -> Leaf:
        dtype, shape = dtype_and_shape(obj) if is_array(obj) else (None, None)
        cls = type(obj)
        modules = [str(type.__getattribute__(base, "__module__")).split(".")[0] for base in cls.__mro__]
        library = next((name for name in modules if name in LIBRARIES), "")
        source, node, code = (
            (None, None, self.code) if site is None else (site.source, site.place.value, site.code)
        )
        return Leaf(
            source,
            node,
            element,
            dtype,
            shape,
            is_array(obj),
            "%s.%s" % (cls.__module__, cls.__qualname__),
            library,
            code,
        )

    def _owner(self, path: Tuple[Any, ...], leaf: Any) -> Tuple[Optional["Site"], Optional[Tuple[Any, ...]]]:
        """The site, and the path in what it handed out, of one leaf of the batch."""
        if self.value is self.batch:
            return self, path
        if is_array(leaf):
            for site in [self] + self.others:
                if id(leaf) in site.paths and site.elements is not None:
                    return site, site.paths[id(leaf)]
        if self.inferred and self.elements is not None:
            known = [at for at, _ in self.elements.leaves]
            return self, path if path in known else None
        return None, None


def function_name(code: Any) -> str:
    return getattr(code, "co_qualname", code.co_name)


def find(
    origins: Any, batch: Any, tree: Any, leaves: Any, frames: Any, tracer: Any, factory: Any
) -> Optional[Site]:
    """The site that handed out `batch`: among what was traced, where generators stand, in what the factory
    made."""
    chosen: Optional[Site] = None
    seen = (
        []
        if tracer is None
        else [
            Site(origins, found)
            for found in tracer.exits
            if type(found.value).__name__ != "async_generator_wrapped_value"
        ]
    )
    whole = [site for site in seen if site.value is batch]
    if whole:
        # Several frames passed this very object on; the one that displays it explains most.
        chosen = max(
            whole,
            key=lambda site: (site.score(), site.place.value is not None, site.kind == "yield", -site.number),
        )
        chosen.through = [site for site in whole if site is not chosen]
    direct = [found.frame for found in frames if found.direct]
    if chosen is None and direct:
        chosen = Site(origins, _standing(direct[-1], batch))
        chosen.through = [Site(origins, _standing(frame, None)) for frame in reversed(direct[:-1])]
    if chosen is None:
        chosen = _by_identity(seen, leaves)
    if chosen is None:
        chosen = _behind(origins, batch, frames, leaves)
    if chosen is None:
        chosen = _made_by_factory(origins, batch, leaves, factory)
    if chosen is None and seen:
        arrays = [site for site in seen if any(is_array(leaf) for leaf in _leaves(site))]
        if arrays and any(is_array(leaf) for _, leaf in leaves):
            chosen = arrays[-1]  # a Dataset's __getitem__ behind a collate function
            chosen.inferred = True
    if chosen is not None:
        _untangle(chosen, seen, direct, origins, batch, frames)
        chosen.batch, chosen.leaves, chosen.tracer, chosen.others = batch, leaves, tracer, seen
    return chosen


def _standing(frame: Any, batch: Any) -> Exit:
    names = dict(frame.f_locals)
    return Exit(0, frame.f_code, frame.f_lasti, "yield", None, batch, names, frame.f_globals)


def _untangle(
    chosen: Site, seen: List[Site], direct: List[Any], origins: Any, batch: Any, frames: Any
) -> None:
    """Untraced, `for b in inner(): yield b` only shows `b`: look for the generator that displays it."""
    if seen or chosen.elements is None or chosen.score() > 0 or not isinstance(chosen.place.value, ast.Name):
        return
    found = reaching(chosen.source, chosen.place.value, chosen.place.value.id)
    if [one.why for one in found] != ["for"]:
        return
    inner = [one.frame for one in frames if not one.direct]
    if len(inner) == 1:
        site = Site(origins, _standing(inner[0], batch), strict=True)
        if site.elements is not None and len(site.elements.parts) > 1:
            chosen.through.insert(0, Site(origins, _standing(direct[-1], None)) if direct else chosen)
            for name in (
                "code",
                "lasti",
                "names",
                "globals",
                "source",
                "place",
                "elements",
                "paths",
                "value",
            ):
                setattr(chosen, name, getattr(site, name))


def _by_identity(seen: List[Site], leaves: Any) -> Optional[Site]:
    """The exit that handed out most of the batch's arrays."""
    wanted = {id(leaf) for _, leaf in leaves if is_array(leaf)}
    same = [site for site in seen if wanted & set(site.paths) and site.elements is not None]
    if not same:
        return None
    chosen = max(same, key=lambda site: (len(wanted & set(site.paths)), site.score(), site.number))
    chosen.partial = True
    return chosen


def _behind(origins: Any, batch: Any, frames: Any, leaves: Any) -> Optional[Site]:
    """A generator within islice, chain, zip or a library's generator, where its variables prove that it
    was it."""
    found = []
    for one in frames:
        if not one.direct:
            site = Site(origins, _standing(one.frame, batch), strict=True)
            if site.elements is not None and site.elements.proven():
                found.append(site)
    return max(found, key=lambda site: site.score()) if found else None


def _made_by_factory(origins: Any, batch: Any, leaves: Any, factory: Any) -> Optional[Site]:
    """A list of batches that a function built: the element of its comprehension."""
    arrays = [leaf for _, leaf in leaves if is_array(leaf)]
    for seen, refs in factory:
        if not arrays or not any(ref() is array for ref in refs for array in arrays):
            continue
        site = Site(origins, seen)
        node = site.place.value
        code_is_list = seen.code.co_name == "<listcomp>"
        if isinstance(node, ast.Name):
            found = reaching(site.source, node, node.id)
            node = found[0].node if len(found) == 1 and found[0].why == "assign" else node
        if isinstance(node, ast.ListComp):
            node = node.elt
        elif not code_is_list:
            continue
        site.kind = "element"
        site.place = site.place._replace(value=node, line=node.lineno)
        site.take(node, batch)
        return site
    return None


def _leaves(site: Site) -> List[Any]:
    return [
        leaf for _, leaf in (site.elements.leaves if site.elements is not None else flatten(site.value)[1])
    ]
