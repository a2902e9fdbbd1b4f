"""Where batches come from: each place of the user's source is described once, and then only named by its
number."""

from __future__ import annotations

import weakref
from typing import Any, Callable, Dict, List, Optional, Tuple

from .frames import Suspended, suspended
from .program import is_user
from .source import Sources

SOURCE, LOG, SITE = 6, 7, 8
_MOST_SITES = 512
_ITEMS = (type(iter([])), type(iter(())))


class Origins:
    """The sites of one run. `send(kind, json_object, payload=b"")` sends a frame."""

    def __init__(self, send: Callable[..., None]) -> None:
        self.sources = Sources()
        self.sites: Dict[int, Any] = {}
        self._send = send
        self._sent = set()  # ids of the sources that were sent
        self._logged = set()
        self._known: Dict[Tuple[Any, ...], Tuple[Optional[int], bool]] = {}
        self._places: Dict[Tuple[Any, ...], int] = {}
        self._codes: Dict[int, Any] = {}
        self._last: Optional[int] = None
        self._factory: List[Tuple[Any, List[Any]]] = []
        self._tree: Any = None
        self._structure = ""

    def factory(self, exits: Any) -> None:
        """Keep what the functions handed out that made the object to iterate (`tracer.exits` before its
        `reset`)."""
        try:
            from .tracer import arrays_of

            for found in exits:
                if type(found.value) in (list, tuple):
                    refs = []
                    for array in arrays_of(found.value):
                        try:
                            refs.append(weakref.ref(array))
                        except TypeError:
                            pass
                    self._factory.append((found._replace(value=None, names=None), refs))
            del self._factory[:-16]
        except Exception as error:
            self._trouble("factory", error)

    def site(
        self, iterator: Any, batch: Any, tree: Any, leaves: Any, tracer: Any = None
    ) -> Tuple[Optional[int], bool]:
        """(number of the site that handed out this batch, whether that is only assumed); (None, False) if
        not known.

        The first time for a site its SITE is sent, and the SOURCE before it. Never raises.
        """
        try:
            return self._site(iterator, batch, tree, leaves, tracer)
        except Exception as error:
            self._trouble("site", error)
            return None, False

    def text(self, filename: str) -> Optional[int]:
        """The number of a source file, which is sent if it was not; None where there is no text. Never
        raises."""
        try:
            source = self.sources.get(filename)
            if source.text is None:
                return None
            self._send_source(source)
            return source.id
        except Exception as error:
            self._trouble("text", error)
            return None

    def _send_source(self, source: Any) -> None:
        if source.id not in self._sent and source.text is not None:
            self._sent.add(source.id)
            self._send(SOURCE, source.frame(), source.text.encode("utf-8", "replace"))

    def _site(
        self, iterator: Any, batch: Any, tree: Any, leaves: Any, tracer: Any
    ) -> Tuple[Optional[int], bool]:
        frames = suspended(iterator, is_user)
        structure = self._structure_of(tree)
        key: Optional[Tuple[Any, ...]] = None
        if frames:
            key = (structure,) + tuple([(id(found.frame.f_code), found.frame.f_lasti) for found in frames])
        elif self._factory and type(iterator) in _ITEMS:
            key = (structure, "factory")
        traced = tracer is not None and tracer.mode != "off"
        if key is not None and key in self._known:
            number, sure = self._known[key]
            if sure or not traced:
                return number, not sure
        if (
            not traced
            and not any(found.direct for found in frames)
            and self._last is not None
            and not self._factory
        ):
            # No frame to look at: a loader, an own __next__.
            if not frames:
                return self._last, True
        from .site import find

        chosen = find(self, batch, tree, leaves, frames, tracer if traced else None, self._factory)
        if chosen is None:
            if self._last is None and key is not None and not traced and len(self._known) < _MOST_SITES:
                self._remember(key, None, True, frames)
            return self._last, self._last is not None
        place = (structure, id(chosen.code), chosen.lasti, chosen.kind, chosen.inferred)
        number = self._places.get(place)
        if number is None:
            number = self._new(chosen, place)
        sure = self._sure(chosen, frames)
        if key is not None and len(self._known) < _MOST_SITES:
            self._remember(key, number, sure or chosen.kind == "element", frames)
        self._last = number
        return number, False

    def _new(self, chosen: Any, place: Tuple[Any, ...]) -> Optional[int]:
        if len(self.sites) >= _MOST_SITES:
            return self._last
        number = len(self.sites)
        told = chosen.describe(number)
        for source in chosen.sources():
            self._send_source(source)
        self._send(SITE, told)
        self.sites[number] = chosen.kept()
        self._places[place] = number
        self._codes[id(chosen.code)] = chosen.code
        return number

    def _remember(
        self, key: Tuple[Any, ...], number: Optional[int], sure: bool, frames: List[Suspended]
    ) -> None:
        self._known[key] = number, sure
        for found in frames:  # a code object that is gone could leave its id to another
            self._codes[id(found.frame.f_code)] = found.frame.f_code

    @staticmethod
    def _sure(chosen: Any, frames: List[Suspended]) -> bool:
        """Whether the frames that the key is made of tell this site from others."""
        return any(found.frame.f_code is chosen.code for found in frames)

    def _structure_of(self, tree: Any) -> str:
        if tree is not self._tree and tree != self._tree:
            self._structure = repr(tree)
        self._tree = tree
        return self._structure

    def _trouble(self, where: str, error: Exception) -> None:
        try:
            message = "origin: %s: %s: %s" % (where, type(error).__name__, error)
            if message not in self._logged and len(self._logged) < 100:
                self._logged.add(message)
                self._send(LOG, {"message": message[:2000]})
        except Exception:
            pass
