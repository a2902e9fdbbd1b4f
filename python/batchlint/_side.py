"""The side process: `batchlint listen`, which gets the frames of a running program and answers with a report.

Nothing here can fail the program: when the side process is gone, or does not answer, sending does nothing
any more.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from typing import Any, Dict, Iterator, List, Optional

from ._capture import channel as wire
from ._report import BatchlintError, Report

# Seconds without a sign of life after which the side process is given up.
PATIENCE = 60.0


def find_binary() -> str:
    """The path of the batchlint binary: $BATCHLINT_BIN, the scripts folder of this Python, PATH. Raises
    BatchlintError.
    """
    named = os.environ.get("BATCHLINT_BIN")
    if named:
        if not os.path.isfile(named):
            raise BatchlintError("BATCHLINT_BIN names %r, and there is no such file" % named)
        return named
    for path in _candidates():
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    raise BatchlintError(
        "the batchlint binary was not found: install the package with pip, or put the binary on PATH, "
        "or name it in the environment variable BATCHLINT_BIN"
    )


def _candidates() -> Iterator[str]:
    import shutil
    import sysconfig

    name = "batchlint" + (".exe" if os.name == "nt" else "")
    schemes = sysconfig.get_scheme_names()
    yield os.path.join(sysconfig.get_path("scripts"), name)
    user = os.name + "_user" if sys.platform != "darwin" else "osx_framework_user"
    for scheme in (user, "posix_user"):
        if scheme in schemes:
            yield os.path.join(sysconfig.get_path("scripts", scheme), name)
    # `pip install --target`: the scripts stand beside the packages.
    yield os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "bin", name)
    found = shutil.which(name)
    if found:
        yield found


def arguments(spec: Any, framework: Optional[str], flags: Dict[str, Any]) -> List[str]:
    """The flags of `batchlint listen`. `spec`: a path, TOML text (with a line break in it), a dict, or None.

    `flags` are those of `batchlint run`, with underscores: `batch_size=32`, `select=["dtypes"]`,
    `level={"rule": "note"}`. Raises BatchlintError for a spec of another type.
    """
    found: List[str] = []
    if isinstance(spec, dict):
        from ._toml import dumps

        found.append("--spec-text=" + dumps(spec))
    elif isinstance(spec, str) and "\n" in spec:
        found.append("--spec-text=" + spec)
    elif isinstance(spec, (str, os.PathLike)):
        found.append("--spec=" + os.fsdecode(spec))
    elif spec is not None:
        raise BatchlintError("a spec is a path, TOML text or a dict, not %s" % type(spec).__name__)
    if framework is not None:
        flags = dict(flags, framework=framework)
    for name, value in flags.items():
        flag = "--" + name.replace("_", "-")
        if value is None or value is False:
            continue
        if value is True:
            found.append(flag)
        elif isinstance(value, dict):
            found.extend("%s=%s=%s" % (flag, key, part) for key, part in value.items())
        elif isinstance(value, (list, tuple, set, frozenset)):
            found.extend("%s=%s" % (flag, part) for part in value)
        else:
            found.append("%s=%s" % (flag, value))
    return found


class Side:
    """One side process and the channel to it."""

    def __init__(self, flags: List[str]) -> None:
        """Raises BatchlintError where there is no binary, or where it cannot be started."""
        import tempfile

        binary = find_binary()
        self._stderr = tempfile.TemporaryFile()
        commands, their_commands = os.pipe()
        their_frames, frames = os.pipe()
        try:
            self.process = subprocess.Popen(
                [binary, "listen"] + flags,
                stdin=their_frames,
                stdout=their_commands,
                stderr=self._stderr,
                start_new_session=os.name != "nt",  # Ctrl-C is ours; it ends when we end
            )
        except OSError as error:
            os.close(commands)
            os.close(frames)
            self._stderr.close()
            raise BatchlintError("cannot start %s: %s" % (binary, error)) from None
        finally:
            os.close(their_frames)
            os.close(their_commands)
        self.channel = SideChannel(commands, frames)

    def finish(self) -> Report:
        """Wait for the report, after END was sent. Raises BatchlintError, with what is known, where none
        comes.
        """
        channel = self.channel
        channel.close_frames()
        channel.wait_for_report()
        channel.close()
        code = self._reap()
        said = self._said()
        if channel.report is None:
            late = (
                "it did not answer for %d seconds" % PATIENCE
                if channel.late
                else "it ended with code %s" % code
            )
            if code == 2 and said:
                error = BatchlintError(said)
                error.refused = True
                raise error
            raise BatchlintError(
                "the batchlint process gave no report: %s%s" % (late, ": " + said if said else "")
            )
        told = channel.report
        return Report.from_json(told.get("report") or {}, told.get("text") or said)

    def abandon(self) -> None:
        """End the process; no report is wanted."""
        self.channel.close()
        self._reap(0.0)
        self._stderr.close()

    def _reap(self, patience: float = 10.0) -> Optional[int]:
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def _said(self) -> str:
        try:
            self._stderr.seek(0)
            return self._stderr.read(4000).decode("utf-8", "replace").strip()
        finally:
            self._stderr.close()


class SideChannel(wire.Channel):
    """The helper's channel, for a program that goes on when the other side is gone."""

    def __init__(self, commands: int, frames: int) -> None:
        super().__init__(commands, frames)
        self.report: Optional[Dict[str, Any]] = None
        self.late = False
        if hasattr(os, "set_blocking"):
            try:
                os.set_blocking(frames, False)
            except OSError:
                pass  # pipes on Windows

    def wait_for_report(self) -> None:
        """Take commands until the report has come, or the side process is gone."""
        while self.report is None and self.commands >= 0 and not self.ended:
            self._take()

    def close_frames(self) -> None:
        """No frame will follow."""
        with self._lock:
            frames, self.frames = self.frames, -1
        _close(frames)

    def close(self) -> None:
        self.close_frames()
        commands, self.commands = self.commands, -1
        self.ended = True
        _close(commands)

    def _take(self) -> None:
        head = self._read(wire._HEAD.size)
        if head is None or head[:4] != wire.MAGIC:
            self.ended = True
            return
        _, kind, _, slot, count, _, payload = wire._HEAD.unpack(head)
        text = self._read(count + payload)
        if text is None:
            self.ended = True
        elif kind == wire.ACK:
            self.free.add(slot)
        elif kind == wire.RING:
            self.heard(json.loads(text[:count].decode("utf-8")))
        elif kind == wire.REPORT:
            self.report = json.loads(text[:count].decode("utf-8"))
            self.ended = True

    def _comes(self) -> bool:
        if not _ready(self.commands, PATIENCE):
            self.late = self.ended = True
            return False
        return True

    def _write(self, buffers: List[Any]) -> None:
        # The number may belong to a file of the program by now: then nothing may be written to it, nor may
        # it be closed.
        if wire._identity(self.frames) != self._identity:
            self.frames = -1
            return
        until = time.monotonic() + PATIENCE
        for part in buffers:
            view = memoryview(part)
            view = view if view.format == "B" and view.ndim == 1 else view.cast("B")
            while len(view):
                try:
                    view = view[os.write(self.frames, view[: 1 << 20]) :]
                    until = time.monotonic() + PATIENCE
                except BlockingIOError:
                    if time.monotonic() < until and _ready(self.frames, PATIENCE, select.POLLOUT):
                        continue
                    self.late = True
                    self._drop()
                    return
                except OSError:
                    self._drop()
                    return

    def _drop(self) -> None:
        # Commands stay open: a side process that could not use the spec says so in its report, and ends.
        frames, self.frames = self.frames, -1
        _close(frames)


def _ready(fd: int, patience: float, event: Optional[int] = None) -> bool:
    """Whether something can be read (or written) within so many seconds; True where nobody can tell."""
    if not hasattr(select, "poll"):
        return True
    poller = select.poll()
    try:
        poller.register(fd, select.POLLIN if event is None else event)
        return bool(poller.poll(patience * 1000))
    except (OSError, ValueError):
        return True


def _close(fd: int) -> None:
    if fd >= 0:
        try:
            os.close(fd)
        except OSError:
            pass
