"""`scan` and `judge`: facts of files, made anywhere, put together in any order, and judged without the data."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import zlib
from typing import Any, Dict, Iterable, Iterator, List, Optional, Tuple, Union

from ._report import BatchlintError, Report
from ._side import arguments, find_binary

Path = Union[str, "os.PathLike[str]"]


class Facts:
    """What was seen of files, without the data: what `batchlint inspect --format jsonl` writes.

    Facts are put together with `merge` in any order and any grouping, and as often as you like: the result
    is that of one scan. They are never changed, compare by what they say, and pickle as few bytes. `Facts()`
    is of no file.
    """

    __slots__ = ("_text",)

    def __init__(self, text: Optional[bytes] = None) -> None:
        """`text`: saved facts, as they are in a file. Raises BatchlintError where it cannot be that."""
        self._text = _EMPTY if text is None else bytes(text)
        if not self._text.startswith(_MARK):
            raise _error("not a facts file: the first line must be %s: 1, ...}" % _MARK.decode("ascii"))

    @classmethod
    def load(cls, path: Path) -> "Facts":
        """From a file that `save` or `batchlint inspect --format jsonl -o` wrote. What is wrong with its lines
        is said by `merge` and `judge`.
        """
        with open(path, "rb") as file:
            return cls(file.read())

    def save(self, path: Path) -> None:
        """Write to a file, which is replaced in one step."""
        folder = os.path.dirname(os.path.abspath(os.fspath(path)))
        number, name = tempfile.mkstemp(".part", ".batchlint-", folder)
        try:
            with os.fdopen(number, "wb") as file:
                file.write(self._text)
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise

    def merge(self, *others: "Facts") -> "Facts":
        """The facts of all of them together. Shards may be missing still; `judge` says so."""
        return Facts.merge_all((self,) + others)

    @classmethod
    def merge_all(cls, facts: Iterable["Facts"]) -> "Facts":
        """The facts of all of them together, in one go; of none, those of no file."""
        parts = [part for part in facts if part._text != _EMPTY]
        if len(set(part._text for part in parts)) < 2:
            return parts[0] if parts else cls()
        code, out, said = _run(["merge", "-q", "--allow-missing", "-"], (part._text for part in parts))
        if code not in (0, 3):
            raise _error(said)
        return cls(out)

    def __len__(self) -> int:
        """How many files."""
        return sum(1 for line in self._lines() if not line.startswith(_MARK))

    def __bool__(self) -> bool:
        return True

    def __bytes__(self) -> bytes:
        return self._text

    def __eq__(self, other: object) -> bool:
        return self._text == other._text if isinstance(other, Facts) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> Tuple[Any, ...]:
        return _unpacked, (zlib.compress(self._text, 6),)

    def __repr__(self) -> str:
        count = len(self)
        return "<batchlint.Facts: %d file%s>" % (count, "" if count == 1 else "s")

    def _lines(self) -> Iterator[bytes]:
        return (line for line in self._text.split(b"\n") if line.strip())


def scan(
    paths: Union[Path, Iterable[Path]],
    *,
    spec: Any = None,
    shard: Optional[Tuple[int, int]] = None,
    framework: Optional[str] = None,
    **flags: Any
) -> Facts:
    """Look at files and folders, and say what was seen: the facts, which `judge` judges.

    `paths`: one path or many, of files and folders; relative ones are taken from the working folder. They are
    never globs.
    `spec`: as for `check`; its questions are answered while the values go by.
    `shard`: `(3, 64)` looks at part 3 of 64, counted from 0, of the files that the paths stand for.
    `flags`: those of `batchlint inspect`, such as `headers_only=True`.

    What is wrong with a file, or that it is not there, is a fact like others. Raises BatchlintError where the
    scan cannot be made.
    """
    if isinstance(paths, (str, bytes, os.PathLike)):
        paths = [paths]
    # The names may hold line breaks.
    names = [os.fsencode(os.fspath(path)) + b"\0" for path in paths]
    if shard is not None:
        index, of = shard
        flags = dict(flags, shard="%d/%d" % (index, of))
    found = ["inspect", "-q", "--format", "jsonl", "--files-from", "-"] + arguments(spec, framework, flags)
    code, out, said = _run(found, names)
    if code not in (0, 3):
        raise _error(said, out)
    return Facts(out)


def judge(facts: Facts, spec: Any = None, *, framework: Optional[str] = None, **flags: Any) -> Report:
    """Judge facts against a spec as `batchlint check` judges the files: the report is the same.

    `spec` and `flags` are as for `check`. Where shards are missing the status is "incomplete" and the exit
    code 2: what one file alone shows is found, and nothing passes. Raises BatchlintError where nothing can be
    judged: a wrong spec or flag, facts that are damaged or cut off.
    """
    number, name = tempfile.mkstemp(".json", "batchlint-")
    os.close(number)
    try:
        found = ["check", "--color=never", "--facts", "-", "--report", "json=" + name]
        code, out, said = _run(found + arguments(spec, framework, flags), [facts._text])
        with open(name, encoding="utf-8") as file:
            document = file.read()
    finally:
        os.unlink(name)
    try:
        parsed = json.loads(document)
    except ValueError:
        raise _error(said) from None
    text = out.decode("utf-8", "replace") + said
    return Report.from_json(parsed, text)


def _run(words: List[str], given: Iterable[bytes]) -> Tuple[int, bytes, str]:
    """(exit code, stdout, stderr) of the command with this on stdin."""
    binary = find_binary()
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as stderr:
        for part in given:
            stdin.write(part)
        stdin.seek(0)
        environment: Dict[str, str] = dict(os.environ, NO_COLOR="1")
        environment.pop("FORCE_COLOR", None)
        try:
            process = subprocess.Popen(
                [binary] + words, stdin=stdin, stdout=subprocess.PIPE, stderr=stderr, env=environment
            )
        except OSError as error:
            raise BatchlintError("cannot start %s: %s" % (binary, error)) from None
        try:
            out, _ = process.communicate()
        except BaseException:
            process.kill()
            process.wait()
            raise
        stderr.seek(0)
        return process.returncode, out, stderr.read().decode("utf-8", "replace")


def _error(said: str, out: bytes = b"") -> BatchlintError:
    error = BatchlintError(said.strip() or out.decode("utf-8", "replace").strip() or "batchlint said nothing")
    error.refused = True
    return error


def _unpacked(packed: bytes) -> Facts:
    return Facts(zlib.decompress(packed))


_MARK = b'{"facts"'
_EMPTY = b'{"facts":1,"tool":"batchlint"}\n'
