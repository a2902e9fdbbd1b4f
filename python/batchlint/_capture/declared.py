"""What a training call and its Keras model say about the data: inputs, outputs, loss, steps. Every part is
guarded.
"""

from __future__ import annotations

import sys
from typing import Any, Dict, List, Optional, Sequence

# The order of the arguments in versions whose own signature cannot be read, or that have no such method any
# more.
_ORDER = {
    "fit": ("x", "y", "batch_size", "epochs"),
    "evaluate": ("x", "y", "batch_size", "verbose", "sample_weight", "steps"),
    "predict": ("x", "batch_size", "verbose", "steps"),
    "fit_generator": ("generator", "steps_per_epoch", "epochs"),
    "evaluate_generator": ("generator", "steps"),
    "predict_generator": ("generator", "steps"),
}


def arguments_of(method: str, real: Any, args: Sequence[Any], keywords: Dict[str, Any]) -> Dict[str, Any]:
    """The arguments of a call by name; where the signature does not fit, in the order that the method is
    known for.
    """
    import inspect

    if real is not None:
        try:
            return dict(inspect.signature(real).bind_partial(None, *args, **keywords).arguments)
        except (TypeError, ValueError):
            pass
    named = dict(zip(_ORDER[method], args))
    named.update(keywords)
    return named


def declaration(module: Any, model: Any, named: Dict[str, Any]) -> Dict[str, Any]:
    """`declared` of the protocol, as far as it is known."""
    steps = named.get("steps_per_epoch")
    told = {
        "model": type(model).__name__,
        "inputs": _tensors(model, "inputs", "_inputs_struct", "input_names"),
        "outputs": _tensors(model, "outputs", "_outputs_struct", "output_names"),
        "steps_per_epoch": _whole(named.get("steps") if steps is None else steps),
        "epochs": _whole(named.get("epochs")),
        "batch_size": _whole(named.get("batch_size")),
    }  # type: Dict[str, Any]
    try:
        told["loss"] = _loss(getattr(model, "loss", None))
    except Exception:
        pass
    backend = _backend(module)
    if backend:
        told["backend"] = backend
    return {key: value for key, value in told.items() if value is not None}


def keras_version(module: Any) -> Optional[str]:
    """The version of the Keras that was patched."""
    try:
        return str(module.__version__)
    except Exception:
        return None


def _tensors(model: Any, attribute: str, structure: str, names: str) -> List[Dict[str, Any]]:
    try:
        tensors = getattr(model, attribute)
        if tensors is None:
            return []
        if not isinstance(tensors, (list, tuple, dict)):
            tensors = [tensors]
        keyed = _keys(getattr(model, structure, None))
        if isinstance(tensors, dict):
            keyed.update({id(tensor): str(key) for key, tensor in tensors.items()})
            tensors = list(tensors.values())
        listed = list(getattr(model, names, None) or [])
    except Exception:
        return []  # a Sequential without inputs is not built yet; others keep none at all
    found = []
    for index, tensor in enumerate(tensors):
        try:
            name = keyed.get(id(tensor)) or (listed[index] if len(listed) == len(tensors) else None)
            name = name or str(getattr(tensor, "name", "")).split(":")[0]
            dtype = getattr(tensor, "dtype", None)
            found.append(
                {"name": name, "shape": _shape(tensor.shape), "dtype": str(getattr(dtype, "name", dtype))}
            )
        except Exception:
            continue
    return found


def _keys(structure: Any) -> Dict[int, str]:
    """By which key of a dict each tensor is fed, at whatever depth."""
    keys = {}  # type: Dict[int, str]
    todo = [structure]
    while todo:
        part = todo.pop()
        if isinstance(part, dict):
            for key, value in part.items():
                if isinstance(value, (dict, list, tuple)):
                    todo.append(value)
                else:
                    keys[id(value)] = str(key)
        elif isinstance(part, (list, tuple)):
            todo.extend(part)
    return keys


def _shape(shape: Any) -> Optional[List[Optional[int]]]:
    try:
        return [
            None if size is None else int(size)
            for size in (shape.as_list() if hasattr(shape, "as_list") else shape)
        ]
    except (TypeError, ValueError):
        return None


def _loss(loss: Any) -> Any:
    if loss is None or isinstance(loss, str):
        return loss
    if isinstance(loss, dict):
        return {str(key): _loss(part) for key, part in loss.items()}
    if isinstance(loss, (list, tuple)):
        return [_loss(part) for part in loss]
    if isinstance(loss, type) or hasattr(loss, "__name__"):
        return loss.__name__
    return type(loss).__name__


def _backend(module: Any) -> Optional[str]:
    for holder in ("config", "backend"):
        backend = getattr(getattr(module, holder, None), "backend", None)
        try:
            if callable(backend):
                return str(backend())
        except Exception:
            continue
    return "tensorflow" if "tensorflow" in sys.modules else None


def _whole(value: Any) -> Optional[int]:
    try:
        return None if value is None or isinstance(value, bool) else int(value)
    except (TypeError, ValueError):
        return None
