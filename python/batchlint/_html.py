"""A report in a notebook: no scripts, no network, readable on light and dark pages."""

from __future__ import annotations

from html import escape
from typing import List, Optional, Tuple

from ._report import Diagnostic, Label, Report, last_line

# Text and background are the notebook's own; these two read well on white and on black.
_COLOURS = {"error": "#d9435e", "warning": "#c07a1e", "note": "#5b7fc7"}
_GOOD = "#2f9a5f"
_BLOCK = "font:13px/1.45 system-ui,sans-serif;max-width:60em"
_NAME = "text-align:right;vertical-align:top;opacity:.65;white-space:nowrap"
_SHOWN = 50


def page(report: Report) -> str:
    """One `<div>`; everything in it that came from the data or the program is escaped."""
    levels = [diagnostic.level for diagnostic in report.diagnostics]
    worst = next((level for level in _COLOURS if level in levels), "warning")
    colour = _GOOD if report.exit_code == 0 and not levels else _COLOURS[worst]
    parts = [
        '<div style="%s;border-left:3px solid %s;padding:2px 0 2px 12px">' % (_BLOCK, colour),
        "<div><b>batchlint</b>: %s</div>" % escape(last_line(report)),
    ]
    parts.extend(_finding(diagnostic) for diagnostic in report.diagnostics[:_SHOWN])
    if len(report.diagnostics) > _SHOWN:
        parts.append("<div>and %d more findings</div>" % (len(report.diagnostics) - _SHOWN))
    parts.append("</div>")
    return "".join(parts)


def _finding(diagnostic: Diagnostic) -> str:
    rows: List[Tuple[str, Optional[str]]] = [("expected", diagnostic.expected), ("found", diagnostic.found)]
    rows.extend((label.text or "at", _where(label)) for label in diagnostic.labels)
    if not diagnostic.labels and diagnostic.primary is not None:
        rows.append(("at", _where(diagnostic.primary)))
    rows.extend((("why", diagnostic.cause), ("effect", diagnostic.consequence), ("help", diagnostic.help)))
    body = "".join(
        '<tr><td style="%s">%s</td><td style="text-align:left">%s</td></tr>'
        % (_NAME, escape(name), escape(value))
        for name, value in rows
        if value
    )
    if diagnostic.fix is not None:
        body += (
            '<tr><td style="%s">fix</td><td style="text-align:left">'
            '<code style="white-space:pre-wrap">%s</code>'
            ' <span style="opacity:.65">(%s: %s)</span></td></tr>'
            % (
                _NAME,
                escape(diagnostic.fix.python),
                escape(diagnostic.fix.applicability),
                escape(diagnostic.fix.proof),
            )
        )
    return (
        '<details%s style="margin-top:6px"><summary><b style="color:%s">%s[%s]</b> %s</summary>'
        '<table style="border:0;margin:2px 0 4px 0">%s</table></details>'
        % (
            " open" if diagnostic.level == "error" else "",
            _COLOURS.get(diagnostic.level, _COLOURS["note"]),
            escape(diagnostic.level),
            escape(diagnostic.rule),
            escape(diagnostic.message),
            body,
        )
    )


def _where(label: Label) -> str:
    return "%s:%d:%d" % (label.file, label.line, label.column)
