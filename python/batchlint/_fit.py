"""Whether a Keras model is asking for these batches, and what it says of them: the model is the spec."""

from __future__ import annotations

import sys
from typing import Any, Dict, Optional

from ._capture.program import ancestry, caller

_METHODS = ("fit", "evaluate", "predict")
_FRAMES = 200


def declared() -> Optional[Dict[str, Any]]:
    """`declared` of the HELLO frame, from the training call on the stack of this thread; None outside of
    one.
    """
    module = sys.modules.get("keras") or sys.modules.get("tf_keras")
    if module is None:
        return None
    try:
        return _from_stack(module)
    except Exception:
        return None


def _from_stack(module: Any) -> Optional[Dict[str, Any]]:
    frame: Any = sys._getframe(2)
    for _ in range(_FRAMES):
        if frame is None:
            return None
        if frame.f_code.co_name in _METHODS:
            model = frame.f_locals.get("self")
            if model is not None and _is_model(type(model)):
                return _of_call(module, model, frame)
        frame = frame.f_back
    return None


def _of_call(module: Any, model: Any, frame: Any) -> Dict[str, Any]:
    from ._capture.declared import declaration, keras_version

    code = frame.f_code
    names = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]
    held = frame.f_locals
    told: Dict[str, Any] = {
        "call": caller(frame.f_back),
        "method": code.co_name,
        "framework": "keras",
        "version": keras_version(module),
    }
    told.update(declaration(module, model, {name: held[name] for name in names if name in held}))
    return told


def _is_model(cls: type) -> bool:
    return any("keras" in name and name.endswith((".Model", ".Trainer")) for name in ancestry(cls))
