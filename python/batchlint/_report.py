"""What batchlint found, as Python objects: the JSON report of version 1 (`docs/report.schema.json`), and
its text.

Keys that this version does not know are ignored, and those that are missing have their neutral value.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Tuple, Type, TypeVar

LEVELS = ("note", "warning", "error")

_T = TypeVar("_T")


class BatchlintError(Exception):
    """The check could not be made: no binary, a wrong spec, a wrong flag, or nothing to check."""

    refused = False  # True where a spec or flag is wrong


class FindingsError(BatchlintError):
    """The batches were checked and something is wrong with them. The text is the whole report; `report` has
    the parts.
    """

    def __init__(self, report: "Report") -> None:
        super().__init__(report.text)
        self.report = report

    def __reduce__(self) -> Tuple[Any, ...]:
        return FindingsError, (self.report,)


@dataclass(frozen=True)
class Place:
    """One place in the data: `array` of `source`; `index` has one number per axis, `sample` counts over all
    batches.
    """

    source: str = ""
    array: Optional[str] = None
    batch: Optional[int] = None
    sample: Optional[int] = None
    index: Optional[List[int]] = None
    detail: Optional[str] = None


@dataclass(frozen=True)
class Label:
    """A stretch of a text file and what happened there. Lines and columns count from 1; the end is behind
    the last.
    """

    file: str = ""
    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0
    text: str = ""


@dataclass(frozen=True)
class Edit:
    """`text` takes the place of what stands between two positions of a source file."""

    file: str = ""
    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0
    text: str = ""


@dataclass(frozen=True)
class Fix:
    """A repair: `python` to paste, `edits` of the source, and how far to trust it (safe, lossy,
    unverified).
    """

    applicability: str = ""
    proof: str = ""
    python: str = ""
    edits: List[Edit] = field(default_factory=list)


@dataclass(frozen=True)
class Diagnostic:
    """One fault: `count` of `of` batches, arrays or values have it; `places` are samples of them.

    `primary` is the line to look at: of the program where it is known, otherwise of the spec. `claim` is
    the line of the spec that the data broke, `labels` are all places in the program, the main one first.
    """

    rule: str = ""
    level: str = "error"
    message: str = ""
    expected: str = ""
    found: str = ""
    count: int = 0
    of: int = 0
    primary: Optional[Label] = None
    claim: Optional[Label] = None
    labels: List[Label] = field(default_factory=list)
    places: List[Place] = field(default_factory=list)
    cause: Optional[str] = None
    consequence: Optional[str] = None
    help: Optional[str] = None
    fix: Optional[Fix] = None
    fingerprint: str = ""

    def __str__(self) -> str:
        return "%s[%s]: %s" % (self.level, self.rule, self.message)


@dataclass(frozen=True)
class Check:
    """One rule on one array: `outcome` is "pass", "fail" or "not-evaluated", the last with its `reason`."""

    rule: str = ""
    array: Optional[str] = None
    outcome: str = ""
    reason: Optional[str] = None


@dataclass(frozen=True)
class Coverage:
    """What was looked at: `samples` are rows, `bytes` those of the arrays; the other counts are checks."""

    batches: int = 0
    samples: Optional[int] = None
    bytes: int = 0
    values_read: bool = False
    interrupted: bool = False
    shards_missing: int = 0
    passed: int = 0
    failed: int = 0
    not_evaluated: int = 0
    allowed: int = 0


@dataclass(frozen=True, repr=False)
class Report:
    """The outcome of one check.

    `status` is "clean", "findings", "nothing-checked", "interrupted" or "incomplete" (shards are missing);
    `exit_code` is that of the command: 0 clean, 1 findings at error level (or at the `fail_on` that was
    given), 2 trouble, 3 nothing was checked.
    `text` is what the command would print, `document` the JSON as it came.
    """

    status: str = ""
    exit_code: int = 2
    diagnostics: List[Diagnostic] = field(default_factory=list)
    checks: List[Check] = field(default_factory=list)
    coverage: Coverage = field(default_factory=Coverage)
    text: str = ""
    document: Dict[str, Any] = field(default_factory=dict, compare=False)

    @classmethod
    def from_json(cls, document: Dict[str, Any], text: str = "") -> "Report":
        """From a parsed report document; `text` is its rendering. Raises BatchlintError where it is none."""
        if not isinstance(document, dict) or document.get("version") != 1:
            raise BatchlintError("this is no batchlint report of version 1")
        if "errors" in document and "diagnostics" not in document:
            error = BatchlintError(text.strip() or _errors(document))
            error.refused = True
            raise error
        diagnostics = [_diagnostic(entry) for entry in document.get("diagnostics") or ()]
        report = cls(
            status=document.get("status", ""),
            exit_code=document.get("exit_code", 2),
            diagnostics=diagnostics,
            checks=[_plain(Check, entry) for entry in document.get("checks") or ()],
            coverage=_plain(Coverage, document.get("coverage") or {}),
            text=text.rstrip("\n"),
            document=document,
        )
        return report if report.text else dataclasses.replace(report, text=_lines(report))

    @property
    def ok(self) -> bool:
        """Something was checked, and nothing failed."""
        return self.exit_code == 0

    def at_least(self, level: str) -> List[Diagnostic]:
        """The findings at this level and above; levels are "note", "warning" and "error"."""
        least = _rank(level)
        return [diagnostic for diagnostic in self.diagnostics if _rank(diagnostic.level) >= least]

    def raise_for_findings(self, level: str = "error") -> "Report":
        """Raise FindingsError if a finding is at this level or above, BatchlintError if nothing was checked.

        Returns the report itself otherwise, so that the call can be chained.
        """
        if self.at_least(level) or self.exit_code == 1:
            raise FindingsError(self)
        if self.exit_code != 0:
            raise BatchlintError(self.text)
        return self

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        counts = [
            "%d %s%s" % (count, level, "" if count == 1 else "s")
            for level, count in ((level, self._count(level)) for level in reversed(LEVELS))
            if count
        ]
        return "<batchlint.Report: %s, %d batches%s>" % (
            self.status,
            self.coverage.batches,
            ": " + ", ".join(counts) if counts else "",
        )

    def _count(self, level: str) -> int:
        return sum(diagnostic.level == level for diagnostic in self.diagnostics)

    def _repr_html_(self) -> str:
        from ._html import page

        return page(self)


def last_line(report: Report) -> str:
    """The line of the text that sums everything up."""
    return report.text.rsplit("\n", 1)[-1]


def parse(text: str) -> Report:
    """From the text that `batchlint check --format json` prints. Raises BatchlintError, ValueError."""
    return Report.from_json(json.loads(text))


def _rank(level: str) -> int:
    try:
        return LEVELS.index(level)
    except ValueError:
        raise ValueError("no level %r: note, warning or error" % (level,)) from None


def _diagnostic(entry: Dict[str, Any]) -> Diagnostic:
    plain = _plain(Diagnostic, entry)
    fix = entry.get("fix")
    return dataclasses.replace(
        plain,
        primary=_plain(Label, entry["primary"]) if entry.get("primary") else None,
        claim=_plain(Label, entry["claim"]) if entry.get("claim") else None,
        labels=[_plain(Label, label) for label in entry.get("labels") or ()],
        places=[_plain(Place, place) for place in entry.get("places") or ()],
        fix=dataclasses.replace(
            _plain(Fix, fix), edits=[_plain(Edit, edit) for edit in fix.get("edits") or ()]
        )
        if fix
        else None,
    )


def _plain(cls: Type[_T], entry: Dict[str, Any]) -> _T:
    known = {part.name for part in dataclasses.fields(cls)}  # type: ignore[arg-type]
    return cls(**{key: value for key, value in entry.items() if key in known})


def _errors(document: Dict[str, Any]) -> str:
    lines = []
    for error in document.get("errors") or ():
        where = ":".join(str(error[key]) for key in ("file", "line", "column") if error.get(key) is not None)
        lines.append("%s%s" % (where + ": " if where else "", error.get("message", "")))
        if error.get("help"):
            lines.append("  help: %s" % error["help"])
    return "\n".join(lines) or "batchlint could not make the check"


def _lines(report: Report) -> str:
    lines = ["%s (%s)" % (diagnostic, diagnostic.found) for diagnostic in report.diagnostics]
    coverage = report.coverage
    lines.append(
        "%s; %d batches; checks: %d passed, %d failed, %d not evaluated"
        % (report.status, coverage.batches, coverage.passed, coverage.failed, coverage.not_evaluated)
    )
    return "\n".join(lines)
