"""Run a training script up to the first call that takes data, and say what the call and its model declare."""

from __future__ import annotations

import os
import sys
from typing import Any, Callable, Dict, List, Optional

from . import imports
from .declared import arguments_of, declaration, keras_version
from .program import caller

_METHODS = ("fit", "fit_generator", "evaluate", "evaluate_generator", "predict", "predict_generator")


class Reached(BaseException):
    """Ends the script; no `except Exception` around a training call may catch it."""


class Found:
    """What a training call was given: `stream` is iterated, or `batch` is the one batch of a call with whole
    arrays.
    """

    def __init__(self, stream: Any, batch: Any, declared: Dict[str, Any]) -> None:
        self.stream, self.batch, self.declared = stream, batch, declared


Take = Callable[[Found], None]


class Spy:
    """`take` is called in the middle of the training call, while files and contexts of the script are
    open.
    """

    def __init__(self, take: Take) -> None:
        self.take = take
        self.reached = False
        self.failed = None  # type: Optional[Exception]
        self._taking = False
        self._process = os.getpid()

    def watch(self) -> None:
        """Patch the frameworks when the script imports them."""
        imports.after_import("keras", self._keras)
        imports.after_import("tf_keras", self._keras)
        imports.after_import("torch.utils.data", self._torch)

    def run(self, script: str) -> None:
        """Run the script as `__main__`. Raises whatever it raises, and Reached where it did not catch
        that.
        """
        import types

        path = os.path.abspath(script)
        sys.path.insert(0, os.path.dirname(path))
        code = compile(imports.source_of(path), path, "exec", dont_inherit=True)
        module = types.ModuleType("__main__")
        module.__file__ = path
        module.__dict__.update(__builtins__=__builtins__, __cached__=None, __package__=None)
        sys.modules["__main__"] = module
        exec(code, module.__dict__)

    def _passes(self) -> bool:
        """Whether a call is let through: while its data is looked at, and in child processes."""
        return self._taking or os.getpid() != self._process

    def _hit(self, found: Callable[[], Found]) -> None:
        if not self.reached:
            self.reached = self._taking = True
            try:
                self.take(found())
            except Exception as error:  # ours: it must not look like one of the script's
                self.failed = error
            finally:
                self._taking = False
        raise Reached

    def _keras(self, module: Any) -> None:
        model = module.Model
        for method in _METHODS:
            real = getattr(model, method, None)
            if real is None and not method.endswith("_generator"):
                continue
            setattr(model, method, self._training_call(module, method, real))

    def _training_call(self, module: Any, method: str, real: Any) -> Any:
        def call(model: Any, *args: Any, **keywords: Any) -> Any:
            if self._passes() and real is not None:
                return real(model, *args, **keywords)
            frame = sys._getframe(1)
            return self._hit(lambda: _given(module, method, real, model, args, keywords, frame))

        call.__name__ = call.__qualname__ = method
        call.__doc__ = getattr(real, "__doc__", None)
        if real is not None:
            call.__wrapped__ = real  # type: ignore[attr-defined]
        return call

    def _torch(self, module: Any) -> None:
        loader = module.DataLoader
        real = loader.__iter__

        def iterate(given: Any) -> Any:
            if self._passes():
                return real(given)
            frame = sys._getframe(1)
            return self._hit(
                lambda: Found(
                    given,
                    None,
                    {
                        "call": caller(frame),
                        "method": "__iter__",
                        "framework": "torch",
                        "inputs": [],
                        "outputs": [],
                        "version": getattr(sys.modules.get("torch"), "__version__", None),
                        "batch_size": getattr(given, "batch_size", None),
                    },
                )
            )

        iterate.__doc__ = real.__doc__
        loader.__iter__ = iterate


def _given(
    module: Any, method: str, real: Any, model: Any, args: Any, keywords: Dict[str, Any], frame: Any
) -> Found:
    named = arguments_of(method, real, args, keywords)
    declared = {
        "call": caller(frame),
        "method": method,
        "framework": "keras",
        "version": keras_version(module),
    }
    declared.update(declaration(module, model, named))
    if real is None:
        declared["removed"] = True
    data = named.get("x", named.get("generator"))
    whole = _whole(data, named.get("y"))
    if not whole:
        return Found(data, None, declared)
    declared["whole"] = True
    parts = [data]  # type: List[Any]
    if named.get("y") is not None:
        parts.append(named["y"])
        if named.get("sample_weight") is not None:
            parts.append(named["sample_weight"])
    return Found(None, tuple(parts), declared)


def _whole(data: Any, labels: Optional[Any]) -> bool:
    """Arrays, or lists and dicts of them, which the framework slices itself."""
    from .adapters import hands_out, is_batch
    from .program import defines
    from .tree import is_array

    if labels is not None or is_batch(data) or data is None:
        return True
    if type(data) is list:
        return bool(data) and (any(is_array(part) for part in data) or not hands_out(data[0]))
    return defines(type(data), "__array__") and not defines(type(data), "__next__")
