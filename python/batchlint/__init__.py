"""Lint tensor batches before you train.

    report = batchlint.check(batches(), "batchlint.toml")         # take some batches, say what is wrong
    model.fit(batchlint.watch(batches(), "batchlint.toml"), ...)  # the same, inside your own loop

Both give a `Report`. `scan` and `judge` do it in two steps, with `Facts` in between that can be merged: for
files that many machines look at. The judging is done by the batchlint binary, in a process of its own; see
docs/python.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, List

from ._report import (
    BatchlintError,
    Check,
    Coverage,
    Diagnostic,
    Edit,
    FindingsError,
    Fix,
    Label,
    Place,
    Report,
)

if TYPE_CHECKING:
    from ._check import check as check
    from ._facts import Facts as Facts
    from ._facts import judge as judge
    from ._facts import scan as scan
    from ._watch import last_report as last_report
    from ._watch import watch as watch

__version__ = "0.1.0"

__all__ = [
    "BatchlintError",
    "Check",
    "Coverage",
    "Diagnostic",
    "Edit",
    "Facts",
    "FindingsError",
    "Fix",
    "Label",
    "Place",
    "Report",
    "check",
    "judge",
    "last_report",
    "scan",
    "watch",
]

_LATER = {
    "Facts": "_facts",
    "check": "_check",
    "judge": "_facts",
    "last_report": "_watch",
    "scan": "_facts",
    "watch": "_watch",
}


def __getattr__(name: str) -> Any:
    # Whoever only wants the binary, or pytest that only loads the plugin, does not wait for the rest.
    if name in _LATER:
        from importlib import import_module

        return getattr(import_module("." + _LATER[name], __name__), name)
    raise AttributeError("module %r has no attribute %r" % (__name__, name))


def __dir__() -> List[str]:
    return sorted(list(globals()) + list(_LATER))
