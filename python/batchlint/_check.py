"""`check`: take the first batches of something, and say what is wrong with them."""

from __future__ import annotations

import functools
from typing import Any, Dict, List, Optional

from ._report import BatchlintError, Report
from ._side import arguments


def check(
    obj: Any, spec: Any = None, *, batches: int = 20, framework: Optional[str] = None, **flags: Any
) -> Report:
    """Check up to `batches` batches of `obj` against a spec; the report says what is wrong with them.

    `obj`: a generator, iterator or iterable of batches, a torch DataLoader or Dataset, a Keras PyDataset or
    Sequence, a tf.data.Dataset, a function without arguments that makes one of these, or one batch: an
    array, or a tuple or dict of arrays. The items of a list are batches. Single samples of a dataset are
    stacked, `batch_size` at a time.
    `spec`: the path of a batchlint.toml, TOML text, or a dict with the same keys; by default the nearest
    batchlint.toml.
    `framework`: who will consume the batches. `flags`: those of `batchlint run`, such as `select=["dtypes"]`.

    An iterator is moved on by as many batches as were taken; an asynchronous one is closed. A DataLoader is
    iterated without its worker processes.

    What your code raises while it makes a batch is a finding of the report; what it raises before the first
    one, and KeyboardInterrupt, is raised here. Raises BatchlintError where the check cannot be made: no
    binary, a wrong spec or flag, an object that hands out no batches.
    """
    if batches < 1:
        raise ValueError("batches is at least 1, not %r" % (batches,))
    given, name = _called(obj)
    return checked(given, name, arguments(spec, framework, flags), batches, rows=flags.get("batch_size"))


def checked(
    given: Any,
    name: str,
    flags: List[str],
    batches: int,
    rows: Optional[int] = None,
    declared: Optional[Dict[str, Any]] = None,
) -> Report:
    """`check` of what is called `name` in the report, or of a `Stream`. `flags`: of `batchlint listen`. `rows`:
    how many single samples make a batch. `declared`: what a training call says (docs/capture-protocol.md).
    """
    from ._capture.adapters import Stream, Unusable, open_stream
    from ._capture.program import type_name
    from ._look import Look

    seen = _Samples()
    try:
        stream = given if isinstance(given, Stream) else open_stream(_unshared(given), rows, seen.look)
    except Unusable as error:
        raise BatchlintError("\n".join([str(error)] + ["help: " + line for line in error.help])) from None
    if stream.kind == "async generator" and _loop_is_running():
        raise BatchlintError(
            "an asynchronous generator cannot be checked while an event loop is running in this thread"
        )
    hello = {
        "target": name,
        "kind": stream.kind,
        "class": stream.cls or type_name(type(given)),
        "len": stream.length,
        "samples": stream.samples,
        "workers": stream.workers,
        "element_spec": stream.element_spec,
        "declared": declared,
        "import_s": 0.0,
    }
    made_here = stream is given
    look = seen.into = Look(flags, batches, hello, None if made_here else stream.iterator, not made_here)
    step = functools.partial(next, stream.iterator)
    try:
        while look.active:
            try:
                look.take(step)
            except StopIteration:
                look.end("exhausted")
            except Exception as error:
                look.failed(error)
    except BaseException:
        look.abandon()
        raise
    finally:
        if stream.kind == "async generator":
            _close(stream)
    if look.report is None:
        raise look.trouble or BatchlintError("batchlint gave no report")
    return look.report


class _Samples:
    """Passes on the samples of the batch under way."""

    into: Any = None

    def look(self, samples: Any) -> None:
        if self.into is not None:
            self.into.samples(samples)


def _called(obj: Any) -> Any:
    """(what hands out batches, its name); a function is called, and may raise."""
    from ._capture.adapters import hands_out, is_batch

    name = getattr(obj, "__qualname__", None) or type(obj).__name__
    if callable(obj) and not hands_out(obj) and not is_batch(obj):
        return obj(), name
    return obj, name


def _unshared(given: Any) -> Any:
    """A loader is iterated in another way than it was set up for: a copy of it is."""
    from ._capture.program import ancestry

    if any(
        base.startswith("torch.utils.data.") and base.endswith(".DataLoader")
        for base in ancestry(type(given))
    ):
        made = object.__new__(type(given))
        object.__setattr__(made, "__dict__", dict(given.__dict__))
        return made
    return given


def _close(stream: Any) -> None:
    # It was driven by an event loop of ours, and no other can go on with it.
    try:
        stream.close()
    except Exception:
        pass


def _loop_is_running() -> bool:
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
