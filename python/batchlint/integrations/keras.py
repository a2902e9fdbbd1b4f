"""A Keras callback that checks what `fit` was given, before the first step:

    from batchlint.integrations.keras import CheckBatches

    model.fit(x, y, validation_data=(xv, yv), callbacks=[CheckBatches(on_findings="raise")])

Without a spec the model is the spec. Needs Keras 3, or tf_keras where only that is imported.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, Optional, Tuple

from .._capture.adapters import Stream
from .._capture.program import defines, type_name
from .._fit import Call, training_call
from .._look import warn_once
from .._policy import fail, for_validation, policy, tell
from .._report import BatchlintError, Report
from .._side import arguments

if "tf_keras" in sys.modules and "keras" not in sys.modules and not TYPE_CHECKING:
    import tf_keras as _keras
else:
    import keras as _keras

_ROWS = 32  # of a batch that `fit` slices out of arrays, if nothing else is said


class CheckBatches(_keras.callbacks.Callback):
    """Checks the first batches of the training and the validation data of `fit`.

    `spec`, `batches`, `framework` and `flags` are those of `batchlint.check`; without a spec that declares
    arrays, the batches are held against the model and the call. `validation`: whether `validation_data` is
    looked at too. `on_findings`: "warn" prints the report to stderr, "raise" prints it and raises
    FindingsError out of `fit` if a finding is an error, "ignore" does neither. `report(the Report)` is called
    in any case; `reports` keeps the last of "training" and of "validation".

    Arrays are looked at in slices of `batch_size`, as `fit` takes them, but in the order in which they lie.
    Datasets and loaders are asked for their first batches once more than `fit` does; the global random states
    of Python, NumPy and PyTorch are then put back. A generator can only be used once, so that nothing here
    looks at it: a RuntimeWarning says to pass `batchlint.watch(generator)` instead.
    """

    def __init__(
        self,
        spec: Any = None,
        *,
        batches: int = 20,
        validation: bool = True,
        framework: Optional[str] = None,
        on_findings: str = "warn",
        report: Optional[Callable[[Report], Any]] = None,
        **flags: Any,
    ) -> None:
        """Raises ValueError for an unknown `on_findings`."""
        super().__init__()
        if batches < 1:
            raise ValueError("batches is at least 1, not %r" % (batches,))
        self.reports: Dict[str, Report] = {}
        self._policy = policy(on_findings)
        self._spec, self._framework, self._flags = spec, framework, flags
        self._batches, self._validation, self._callback = batches, validation, report

    def on_train_begin(self, logs: Any = None) -> None:
        self.reports.clear()
        call = training_call()
        if call is None or call.method != "fit":
            warn_once(BatchlintError("no `fit` of a Keras model is under way"))
            return
        given = call.arguments()
        parts = (given.get("x"), given.get("y"), given.get("sample_weight"))
        self._check("training", call, parts, given, self._flags)
        data = given.get("validation_data")
        if data is not None and self._validation:
            held = tuple(data) if isinstance(data, (tuple, list)) else (data,)
            parts = (held + (None, None))[:3]
            # The steps and the rows of a batch are those of the validation set.
            told = {
                "steps_per_epoch": given.get("validation_steps"),
                "batch_size": given.get("validation_batch_size") or given.get("batch_size"),
            }
            self._check("validation", call, parts, told, for_validation(self._flags))

    def _check(
        self,
        role: str,
        call: Call,
        parts: Tuple[Any, Any, Any],
        given: Dict[str, Any],
        flags: Dict[str, Any],
    ) -> None:
        from .._check import checked

        data, name = parts[0], role + " data"
        if isinstance(data, Iterator) or defines(type(data), "__next__"):
            warn_once(
                BatchlintError(
                    "the %s come from a %s, which hands out each batch once: pass `batchlint.watch(...)` of it to "
                    "`fit`" % (name, type_name(type(data)).split(".")[-1])
                )
            )
            return
        try:
            told = arguments(self._spec, self._framework, flags)
            source = _slices(parts, given.get("batch_size") or _ROWS) if _is_data(data) else data
            with _RandomStates():
                report = checked(source, name, told, self._batches, declared=call.declared(given))
        except BatchlintError as error:
            if self._policy == "raise":
                raise
            warn_once(error)
            return
        self.reports[role] = report
        tell(report, self._policy, self._callback, name)
        fail(report, self._policy)


def _slices(parts: Tuple[Any, Any, Any], rows: int) -> Stream:
    """The batches that `fit` makes of arrays: nested tuples, lists and dicts of them, sliced alike."""
    x, y, weight = parts
    whole: Any = x if y is None else (x, y) if weight is None else (x, y, weight)
    count = _length(x)
    batches = map(lambda begin: _sliced(whole, begin, begin + rows), range(0, count, rows))
    return Stream(batches, "arrays", type_name(type(whole)), -(-count // rows))


def _is_data(data: Any) -> bool:
    """Whether this is data in memory: an array, a table, or a structure of them."""
    if isinstance(data, (dict, list, tuple)):
        items = list(data.values()) if isinstance(data, dict) else list(data)
        return bool(items) and all(_is_data(item) for item in items)
    return hasattr(data, "shape") and defines(type(data), "__getitem__")


def _length(data: Any) -> int:
    while isinstance(data, (dict, list, tuple)):
        data = next(iter(data.values())) if isinstance(data, dict) else data[0]
    return int(data.shape[0])


def _sliced(data: Any, begin: int, end: int) -> Any:
    if isinstance(data, dict):
        return {key: _sliced(value, begin, end) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return type(data)([_sliced(value, begin, end) for value in data])
    if hasattr(data, "iloc"):
        return data.iloc[begin:end].to_numpy()  # as `fit` turns tables into arrays
    return data[begin:end]


class _RandomStates:
    """Keeps the global random states: asking for batches early must not change what is trained on."""

    def __enter__(self) -> None:
        import random

        self._python = random.getstate()
        numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
        self._numpy = numpy.random.get_state() if numpy is not None else None
        self._torch = torch.get_rng_state() if torch is not None else None

    def __exit__(self, *_: Any) -> None:
        import random

        random.setstate(self._python)
        if self._numpy is not None:
            sys.modules["numpy"].random.set_state(self._numpy)
        if self._torch is not None:
            sys.modules["torch"].set_rng_state(self._torch)
