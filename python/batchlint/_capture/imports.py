"""Do something right after a module was imported, or put another text in the place of a source file."""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder, SourceFileLoader
from typing import Any, Callable, Dict, List, Optional


class _Hooks:
    """One finder for both; it stands first, and leaves every module that it was not asked about alone."""

    def __init__(self) -> None:
        self.after = {}  # type: Dict[str, List[Callable[[Any], None]]]
        self.texts = {}  # type: Dict[str, str]

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        actions = self.after.pop(name, None)
        if actions is None and not self.texts:
            return None
        spec = None
        if actions is None:
            spec = PathFinder.find_spec(name, path, target)
        else:
            for finder in sys.meta_path:
                if finder is not self and hasattr(finder, "find_spec"):
                    spec = finder.find_spec(name, path, target)
                    if spec is not None:
                        break
        if spec is None:
            if actions is not None:
                self.after[name] = actions
            return None
        text = self.text_of(spec.origin)
        if text is not None:
            spec.loader = TextLoader(name, spec.origin, text)
        elif actions is None:
            return None
        if actions is not None and spec.loader is not None:
            _run_after(spec.loader, actions)
        return spec

    def text_of(self, path: Optional[str]) -> Optional[str]:
        if not path or not self.texts:
            return None
        import os

        return self.texts.get(os.path.realpath(path))


_hooks = _Hooks()


class TextLoader(SourceFileLoader):
    """Loads a module from a text as if it stood in its file; nothing is cached on disk."""

    def __init__(self, name: str, path: str, text: str) -> None:
        super().__init__(name, path)
        self._text = text

    def get_source(self, fullname: str) -> str:
        return self._text

    def get_code(self, fullname: str) -> Any:
        return compile(self._text, self.path, "exec", dont_inherit=True)


def after_import(name: str, action: Callable[[Any], None]) -> None:
    """Call `action(module)` once `name` was imported; at once where it is there already. Its failure is not
    told.
    """
    if name in sys.modules:
        _guarded(action, sys.modules[name])
        return
    _install()
    _hooks.after.setdefault(name, []).append(action)


def overlay(texts: Dict[str, str]) -> None:
    """From now on these files (absolute path: text) are imported with these texts; tracebacks show them
    too.
    """
    import linecache
    import os

    if not texts:
        return
    _install()
    for path, text in texts.items():
        _hooks.texts[os.path.realpath(path)] = text
        lines = [line + "\n" for line in (text[:-1] if text.endswith("\n") else text).split("\n")]
        for name in {path, os.path.realpath(path)}:
            # Without a time of change the cache never looks at the disk.
            linecache.cache[name] = (len(text), None, lines, name)


def text_of(path: str) -> Optional[str]:
    """The text that stands in the place of this file, or None."""
    return _hooks.text_of(path)


def source_of(path: str) -> str:
    """The text of a source file, decoded as Python does it. Raises OSError, SyntaxError."""
    text = text_of(path)
    if text is not None:
        return text
    import tokenize

    with tokenize.open(path) as file:
        return file.read()


def _install() -> None:
    if _hooks not in sys.meta_path:
        sys.meta_path.insert(0, _hooks)


def _run_after(loader: Any, actions: List[Callable[[Any], None]]) -> None:
    execute = loader.exec_module

    def exec_module(module: Any) -> None:
        execute(module)
        for action in actions:
            _guarded(action, module)

    loader.exec_module = exec_module


def _guarded(action: Callable[[Any], None], module: Any) -> None:
    try:
        action(module)
    except Exception:
        pass
