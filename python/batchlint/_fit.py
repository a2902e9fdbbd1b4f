"""Whether a Keras model is asking for these batches, and what it says of them: the model is the spec."""

from __future__ import annotations

import sys
from typing import Any, Dict, Optional

from ._capture.program import ancestry, caller

_METHODS = ("fit", "evaluate", "predict")
_FRAMES = 200


class Call:
    """A training call that is under way."""

    def __init__(self, module: Any, model: Any, frame: Any) -> None:
        self.module, self.model, self._frame = module, model, frame
        self.method: str = frame.f_code.co_name

    def arguments(self) -> Dict[str, Any]:
        """The arguments by name, as they are by now."""
        code, held = self._frame.f_code, self._frame.f_locals
        names = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]
        return {name: held[name] for name in names if name in held}

    def declared(self, arguments: Optional[Dict[str, Any]] = None) -> Dict[str, Any]:
        """`declared` of the HELLO frame; `arguments` take the place of the call's own."""
        from ._capture.declared import declaration, keras_version

        told: Dict[str, Any] = {
            "call": caller(self._frame.f_back),
            "method": self.method,
            "framework": "keras",
            "version": keras_version(self.module),
        }
        given = self.arguments() if arguments is None else arguments
        told.update(declaration(self.module, self.model, given))
        return told


def declared() -> Optional[Dict[str, Any]]:
    """`declared` of the HELLO frame, from the training call on the stack of this thread; None outside of
    one.
    """
    try:
        call = training_call()
        return None if call is None else call.declared()
    except Exception:
        return None


def training_call() -> Optional[Call]:
    """The innermost training call on the stack of this thread; None outside of one."""
    module = sys.modules.get("keras") or sys.modules.get("tf_keras")
    if module is None:
        return None
    frame: Any = sys._getframe(1)
    for _ in range(_FRAMES):
        if frame is None:
            return None
        if frame.f_code.co_name in _METHODS:
            model = frame.f_locals.get("self")
            if model is not None and _is_model(type(model)):
                return Call(module, model, frame)
        frame = frame.f_back
    return None


def _is_model(cls: type) -> bool:
    return any("keras" in name and name.endswith((".Model", ".Trainer")) for name in ancestry(cls))
