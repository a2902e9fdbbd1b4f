"""An exception as the ERROR frame tells it."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional

from .program import frame_of, is_ours, is_user, shown

_FRAMES = 100
_DEPTH = 4


def describe(
    error: BaseException, source: Optional[Callable[[str], Optional[int]]] = None, depth: int = 0
) -> Dict[str, Any]:
    """`error` of the protocol: type, message, notes, frames, and what led to it. Never raises.

    `source`: gives the id of the SOURCE of a file, for the innermost frame that is the user's own.
    """
    message = _text(error)
    told = {
        "type": type(error).__name__,
        "module": type(error).__module__,
        "message": message[:2000],
        "notes": [str(note)[:500] for note in _notes(error)],
        "frames": frames(error, source),
    }  # type: Dict[str, Any]
    if depth < _DEPTH:
        if error.__cause__ is not None:
            told["cause"] = describe(error.__cause__, source, depth + 1)
        elif error.__context__ is not None and not error.__suppress_context__:
            told["context"] = describe(error.__context__, source, depth + 1)
    if depth == 0:
        told["text"] = _traceback(error)
    return told


def frames(error: BaseException, source: Optional[Callable[[str], Optional[int]]] = None) -> List[Dict[str, Any]]:
    """The frames of a traceback, outermost first, without ours and without those of the import system."""
    found = []
    innermost = None
    at = error.__traceback__
    while at is not None:
        code = at.tb_frame.f_code
        if not is_ours(code.co_filename) and not code.co_filename.startswith("<frozen"):
            found.append(frame_of(code, at.tb_lineno, at.tb_lasti))
            if found[-1]["user"]:
                innermost = found[-1], code.co_filename
        at = at.tb_next
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        # The text that could not be compiled has no frame; it is where the reader has to look.
        found.append(
            {
                "file": shown(error.filename),
                "line": error.lineno,
                "func": "<module>",
                "user": is_user(error.filename),
            }
        )
        innermost = found[-1], error.filename
    if innermost is not None and source is not None:
        number = source(innermost[1])
        if number is not None:
            innermost[0]["source"] = number
    if len(found) > _FRAMES:
        found = found[: _FRAMES // 2] + found[-_FRAMES // 2 :]
    return found


def line(error: BaseException) -> str:
    """Type and message in one line."""
    return ("%s: %s" % (type(error).__name__, _text(error)))[:500]


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException as inner:
        return "<its text cannot be had: %s>" % type(inner).__name__


def _notes(error: BaseException) -> List[Any]:
    notes = getattr(error, "__notes__", None)
    return [note for note in notes if isinstance(note, str)][:5] if isinstance(notes, (list, tuple)) else []


def _traceback(error: BaseException) -> Optional[str]:
    import traceback

    begin = error.__traceback__
    while begin is not None and is_ours(begin.tb_frame.f_code.co_filename):
        begin = begin.tb_next
    try:
        return "".join(traceback.format_exception(type(error), error, begin))[-8000:]
    except BaseException:
        return None
