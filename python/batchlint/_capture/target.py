"""`path.py:attr`, `path.py::attr`, `pkg.mod:attr`, dotted attributes, or an expression after the colon."""

from __future__ import annotations

import os
import re
import sys
from typing import Any, Dict, List, NoReturn, Optional, Tuple

from . import imports

_SYNTAX = re.compile(r"^((?:[A-Za-z]:[\\/])?[^:]+?)::?([^:].*)$", re.S)
_DOTTED = re.compile(r"^[^\W\d]\w*(?:\.[^\W\d]\w*)*$")
_PLANNED = {"batch_size": "batch_size", "steps": "steps", "steps_per_epoch": "steps", "epochs": "epochs"}


_Function = type(lambda: None)


class NoTarget(Exception):
    """There is nothing under that name that hands out batches; `help`: lines that say what there is."""

    def __init__(self, message: str, *help: str) -> None:
        super().__init__(message)
        self.help = list(help)


class Target:
    """A target taken apart and, after `load`, the object behind it."""

    def __init__(self, text: str) -> None:
        """Raises NoTarget where the text is no target."""
        found = _SYNTAX.match(text)
        if not found:
            raise NoTarget(
                "`%s` names no object: a target is `path/to/file.py:name` or `package.module:name`" % text
            )
        self.text, self.head, self.attribute = text, found.group(1), found.group(2).strip()
        self.is_file = self.head.endswith(".py") or os.sep in self.head or "/" in self.head
        self.path = os.path.abspath(self.head) if self.is_file else None  # type: Optional[str]
        self.skipped = None  # type: Optional[List[int]]
        self.found = None  # type: Any
        self.owner = None  # type: Any

    def load(self, part: bool = False) -> Any:
        """Import the module and look the attribute up. `part`: run only the top-level statements that it
        needs.

        Raises NoTarget, and whatever the user's code raises.
        """
        if self.path is not None:
            module = self._load_file(self.path, part)
        else:
            import importlib

            sys.path.insert(0, os.getcwd())
            module = importlib.import_module(self.head)
            self.path = getattr(module, "__file__", None)
        self.owner, self.found = None, module
        if not _DOTTED.match(self.attribute):
            self.found = eval(compile(self.attribute, "<target>", "eval", dont_inherit=True), module.__dict__)
            return self.found
        for name in self.attribute.split("."):
            self.owner = self.found
            try:
                self.found = getattr(self.owner, name)
            except AttributeError:
                self._missing(name)
        return self.found

    def _load_file(self, path: str, part: bool) -> Any:
        import importlib.util

        if imports.text_of(path) is None and not os.path.isfile(path):
            raise NoTarget("there is no file `%s`" % self.head)
        name = os.path.splitext(os.path.basename(path))[0]
        if name in sys.modules or name in getattr(sys, "stdlib_module_names", sys.builtin_module_names):
            name += "_"  # a file called random.py must not become everybody's `random`
        sys.path.insert(0, os.path.dirname(path))
        text = imports.text_of(path)
        loader = None if text is None else imports.TextLoader(name, path, text)
        spec = importlib.util.spec_from_file_location(name, path, loader=loader)
        if spec is None or spec.loader is None:
            raise NoTarget("`%s` is no Python file" % self.head)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        if part:
            from . import slices

            code, self.skipped = slices.cut(imports.source_of(path), path, slices.names_in(self.attribute))
            exec(code, module.__dict__)
        else:
            spec.loader.exec_module(module)
        return module

    def _missing(self, name: str) -> NoReturn:
        import difflib

        there = [other for other in dir(self.owner) if not other.startswith("_")]
        close = difflib.get_close_matches(name, there, 3)
        help = ["did you mean `%s`?" % self._named(other) for other in close]
        if type(self.owner) is type(sys):
            likely = [other for other in generator_like(self.path) if other not in close]
            if likely:
                help.append(
                    "in this file, these look like they hand out batches: %s"
                    % ", ".join("`%s`" % other for other in likely[:8])
                )
        where = (
            self.head
            if type(self.owner) is type(sys)
            else "`%s`" % getattr(self.owner, "__name__", self.owner)
        )
        raise NoTarget("there is no `%s` in %s" % (name, where), *help)

    def _named(self, name: str) -> str:
        parts = self.attribute.split(".")[:-1]
        return "%s:%s" % (self.head, ".".join(parts + [name]))


def generator_like(path: Optional[str]) -> List[str]:
    """Names in a source file that probably hand out batches, in source order; [] where it cannot be read."""
    import ast

    try:
        body = ast.parse(imports.source_of(path or "")).body
    except (OSError, SyntaxError, ValueError):
        return []
    found = []
    for statement in body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            if any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in ast.walk(statement)):
                found.append(statement.name)
        elif isinstance(statement, ast.ClassDef):
            methods = {
                part.name
                for part in statement.body
                if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef))
            }
            if methods & {"__iter__", "__next__", "__getitem__", "__aiter__"}:
                found.append(statement.name)
        elif isinstance(statement, ast.Assign):
            call = statement.value.func if isinstance(statement.value, ast.Call) else None
            made = getattr(call, "attr", getattr(call, "id", ""))
            if isinstance(statement.value, ast.GeneratorExp) or re.search(
                "Load|Data|Generator|Sequence|batch", made
            ):
                found.extend(part.id for part in statement.targets if isinstance(part, ast.Name))
    return found


def arguments(texts: Dict[str, str]) -> Dict[str, Any]:
    """`--arg` values: Python literals, else the text itself."""
    if not texts:
        return {}
    from ast import literal_eval

    values = {}
    for name, text in texts.items():
        try:
            values[name] = literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            values[name] = text
    return values


def prepare(
    target: Target, given: Dict[str, Any], plan: Dict[str, Any]
) -> Tuple[List[Any], Dict[str, Any], Dict[str, Any]]:
    """How to call the object of a target: positional and keyword arguments, and those taken from the plan by
    name.

    Raises NoTarget where a required parameter has no value or a value has no parameter.
    """
    function = target.found
    parameters, takes_any = _parameters(function)
    if parameters is None:
        return [], given, {}
    names = [name for name, _, _ in parameters]
    unknown = [name for name in given if name not in names]
    if unknown and not takes_any:
        raise NoTarget(
            "`%s` takes no argument `%s`" % (target.text, unknown[0]),
            "it takes: %s" % (", ".join("`%s`" % name for name in names) or "nothing"),
        )
    positional = []  # type: List[Any]
    keywords, filled = dict(given), {}  # type: Dict[str, Any], Dict[str, Any]
    missing = []  # type: List[str]
    for name, required, only_positional in parameters:
        if name not in keywords and required:
            value = plan.get(_PLANNED.get(name, ""))
            if value is None:
                missing.append(name)
            else:
                keywords[name] = filled[name] = value
        if only_positional and name in keywords:
            positional.append(keywords.pop(name))
    if missing:
        _cannot_call(target, missing)
    return positional, keywords, filled


def _cannot_call(target: Target, missing: List[str]) -> NoReturn:
    function = target.found
    listed = ", ".join("`%s`" % name for name in missing)
    if isinstance(function, type):
        raise NoTarget(
            "`%s` is a class, and making one takes %s" % (target.text, listed),
            "name the object: `%s(%s)`" % (target.text, ", ".join("%s=..." % name for name in missing)),
        )
    if isinstance(target.owner, type) and missing[0] in ("self", "cls"):
        base, _, method = target.text.rpartition(".")
        raise NoTarget(
            "`%s` is a method of a class, not of an object" % target.text,
            "name an object: `%s(...).%s(%s)`"
            % (base, method, ", ".join("%s=..." % name for name in missing[1:])),
        )
    raise NoTarget("`%s` needs %s" % (target.text, listed), *["--arg %s=..." % name for name in missing])


def _parameters(function: Any) -> Tuple[Optional[List[Tuple[str, bool, bool]]], bool]:
    """[(name, required, only by position)], and whether it takes any keyword; (None, True) where nobody
    knows.
    """
    if (
        type(function) is _Function
        and not hasattr(function, "__wrapped__")
        and not hasattr(function, "__signature__")
    ):
        return _plain_parameters(function)
    import inspect

    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return None, True
    found = []
    takes_any = False
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            takes_any = True
        elif parameter.kind is not parameter.VAR_POSITIONAL:
            found.append(
                (
                    parameter.name,
                    parameter.default is parameter.empty,
                    parameter.kind is parameter.POSITIONAL_ONLY,
                )
            )
    return found, takes_any


def _plain_parameters(function: Any) -> Tuple[List[Tuple[str, bool, bool]], bool]:
    """The same for a plain function, from its code: importing `inspect` takes longer than many programs."""
    code = function.__code__
    only_keywords = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    first_default = code.co_argcount - len(function.__defaults__ or ())
    found = [
        (name, index < first_default, index < code.co_posonlyargcount)
        for index, name in enumerate(code.co_varnames[: code.co_argcount])
    ]
    found += [(name, name not in (function.__kwdefaults__ or {}), False) for name in only_keywords]
    return found, bool(code.co_flags & 0x08)  # CO_VARKEYWORDS
