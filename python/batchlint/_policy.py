"""What becomes of a report that nobody asked for by name: it is printed, raised, or only kept."""

from __future__ import annotations

import sys
from typing import Any, Callable, Dict, Optional

from ._report import Report, last_line

POLICIES = ("warn", "raise", "ignore")


def policy(on_findings: str) -> str:
    """The policy of that name. Raises ValueError where there is none."""
    if on_findings not in POLICIES:
        raise ValueError("on_findings is %s, not %r" % (", ".join(map(repr, POLICIES)), on_findings))
    return on_findings


def tell(
    report: Report, on_findings: str, callback: Optional[Callable[[Report], Any]], heading: str = ""
) -> None:
    """Print the report and pass it on, as the policy says. `heading` is a line above a long report."""
    if on_findings != "ignore":
        _print(report, heading)
    if callback is not None:
        callback(report)


def fail(report: Report, on_findings: str) -> None:
    """Raises FindingsError for errors, where the policy is "raise"."""
    if on_findings == "raise" and (report.exit_code == 1 or report.at_least("error")):
        report.raise_for_findings()


def for_validation(flags: Dict[str, Any]) -> Dict[str, Any]:
    """The flags for a validation set: the plan of a spec (size, steps, epochs) is about the training set."""
    ignored = flags.get("ignore") or []
    listed = ignored.split(",") if isinstance(ignored, str) else list(ignored)
    return dict(flags, ignore=listed + ["plan"])


def _print(report: Report, heading: str) -> None:
    # That a look at the first batches leaves questions open is no news: notes alone are only counted.
    loud = report.at_least("warning") or not report.ok
    name = "batchlint: " + (heading + ": " if heading else "")
    text = (name.rstrip(" ") + "\n" if heading else "") + report.text if loud else name + last_line(report)
    try:
        print(text, file=sys.stderr, flush=True)
    except Exception:
        pass  # a closed or a narrow stderr is no reason to stop a training
