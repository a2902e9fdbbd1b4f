"""Ctrl-C ends the user's code at once and ours never: a frame that was begun is finished first."""

from __future__ import annotations

import signal


class _State:
    inside = False  # the user's code is running
    pending = False  # Ctrl-C came while ours was


def install() -> None:
    """Take SIGINT over. Only possible in the main thread; elsewhere nothing changes."""
    try:
        signal.signal(signal.SIGINT, _handle)
    except (ValueError, OSError):
        pass


def _handle(number: int, frame: object) -> None:
    if _State.inside:
        raise KeyboardInterrupt
    _State.pending = True


class User:
    """`with User():` around every stretch of the user's code: there, and only there, Ctrl-C raises
    KeyboardInterrupt.
    """

    def __enter__(self) -> None:
        _State.inside = True
        if _State.pending:
            _State.pending = _State.inside = False
            raise KeyboardInterrupt

    def __exit__(self, *exc: object) -> None:
        _State.inside = False


class Ours:
    """`with Ours():` around work of ours that the user's code has led to."""

    def __enter__(self) -> None:
        self.before, _State.inside = _State.inside, False

    def __exit__(self, kind: object, *rest: object) -> None:
        _State.inside = self.before
        if self.before and _State.pending and kind is None:
            _State.pending = False
            raise KeyboardInterrupt
