"""`watch`: check the first batches while they are being used, then be out of the way."""

from __future__ import annotations

import atexit
import functools
import os
from typing import Any, Callable, Dict, Iterator, List, Optional

from ._capture.program import ancestry, defines, type_name
from ._look import Look, warn_once
from ._policy import fail, policy, tell
from ._report import Report
from ._side import arguments

_last: Optional[Report] = None


def last_report() -> Optional[Report]:
    """The report of the `watch` of this process that finished last; None before the first one has."""
    return _last


def watch(
    gen: Any,
    spec: Any = None,
    *,
    batches: int = 20,
    framework: Optional[str] = None,
    on_findings: str = "warn",
    report: Optional[Callable[[Report], None]] = None,
    **flags: Any,
) -> Any:
    """Check the first batches of `gen` while your own loop uses them; afterwards nothing is left in between.

    `gen` is what you would have passed on, and what comes back takes its place:

    - a generator or any other iterator: a generator (Keras takes nothing else for one);
    - a torch `DataLoader`, a Keras `PyDataset` or `Sequence`, any other iterable of your own: an object of
      a subclass of its class, which shares its attributes;
    - a list of batches: an iterable with the same length.

    `spec`: the path of a batchlint.toml, TOML text, or a dict with the same keys; by default the nearest
    batchlint.toml.
    `batches`: how many are looked at. `framework`: who consumes them. `flags`: those of `batchlint run`,
    such as `select=["dtypes"]`, `batch_size=32`.

    The report is ready before the last of these batches is handed out, or when there are no more. Then
    `on_findings` decides: "warn" prints it to stderr, "raise" prints it too and raises FindingsError in
    your loop if a finding is an error, "ignore" does neither. `report(the Report)` is called in any case,
    and `batchlint.last_report()` keeps it. A loop that is left early is judged by the batches that it took,
    and then nothing is raised.

    Batches are never changed, copied for you, or held back. If the check cannot be made, a RuntimeWarning
    says so once and your program goes on; a wrong spec or flag raises BatchlintError with "raise". Batches
    that are made in worker processes are checked where they arrive (DataLoader) or not at all (PyDataset
    with `use_multiprocessing`).

    Raises ValueError for an unknown `on_findings`, and TypeError for what hands out no batches one by one.
    """
    policy(on_findings)
    if batches < 1:
        raise ValueError("batches is at least 1, not %r" % (batches,))
    watching = Watching(arguments(spec, framework, flags), batches, on_findings, report)
    cls = type(gen)
    names = ancestry(cls)
    if any(name.startswith("torch.utils.data.") and name.endswith(".DataLoader") for name in names):
        from ._loaders import watched_iterable

        return watched_iterable(gen, watching, "torch.DataLoader")
    if any(name.endswith(".PyDataset") or name.endswith(".Sequence") and "keras" in name for name in names):
        from ._loaders import watched_dataset

        return watched_dataset(gen, watching)
    _refuse(gen, names)
    if defines(cls, "__next__"):
        kind = "generator" if type_name(cls) == "builtins.generator" else "iterator"
        return watched(
            gen,
            watching,
            kind,
            getattr(gen, "__qualname__", cls.__name__) if kind == "generator" else cls.__name__,
        )
    from ._loaders import watched_iterable

    return watched_iterable(gen, watching, "sequence" if cls is list else "iterable")


class Watching:
    """What a caller of `watch` asked for, and what becomes of the report."""

    def __init__(
        self,
        flags: List[str],
        batches: int,
        policy: str,
        callback: Optional[Callable[[Report], None]],
        heading: str = "",
    ) -> None:
        self.flags, self.batches, self.policy, self.callback = flags, batches, policy, callback
        self.heading = heading
        self.process = os.getpid()
        self._settled = False

    def look(
        self,
        target: str,
        kind: str,
        given: Any,
        iterator: Any,
        length: Optional[int] = None,
        workers: Optional[int] = None,
        limit: Optional[int] = None,
        traced: bool = True,
    ) -> Look:
        """Begin to look at a stream."""
        hello: Dict[str, Any] = {
            "target": target,
            "kind": kind,
            "class": type_name(type(given)),
            "len": length,
            "workers": workers,
            "import_s": 0.0,
        }
        from ._fit import declared

        hello["declared"] = declared()
        look = Look(self.flags, limit or self.batches, hello, iterator, traced)
        _unfinished[look] = self
        if look.trouble is not None:
            self.settle(look)
        return look

    def settle(self, look: Look, may_raise: bool = True) -> None:
        """Do with the report what was asked for, once it is there. Raises FindingsError and
        BatchlintError.
        """
        if self._settled or os.getpid() != self.process or look.report is None and look.trouble is None:
            return
        self._settled = True
        _unfinished.pop(look, None)
        if look.report is None:
            if may_raise and self.policy == "raise" and getattr(look.trouble, "refused", False):
                raise look.trouble  # type: ignore[misc]
            warn_once(look.trouble)  # type: ignore[arg-type]
            return
        global _last
        _last = report = look.report
        tell(report, self.policy, self.callback, self.heading)
        if may_raise:
            fail(report, self.policy)


def watched(
    given: Any, watching: Watching, kind: str, target: str, source: Any = None, **more: Any
) -> Iterator[Any]:
    """A generator over `source` (by default `given` itself, an iterator) whose first batches are looked at.

    What is sent and thrown into it goes to `source`; whatever `source` raises or returns comes out unchanged.
    """
    if source is None:
        source = given
    look = watching.look(target, kind, given, source, **more)
    del given
    plain = step = functools.partial(next, source)
    while True:
        if not look.active and step is plain:
            del look, plain, step
            return (yield from source)
        try:
            held = [look.take(step) if look.active else step()]
        except StopIteration as stop:
            look.end("exhausted")
            watching.settle(look)
            return stop.value
        except BaseException as error:
            look.failed(error)
            watching.settle(look, may_raise=False)
            raise
        watching.settle(look)
        step = plain
        try:
            sent = yield held.pop()  # so that nothing here keeps the batch alive
        except GeneratorExit:
            look.end("limit")
            watching.settle(look, may_raise=False)
            if hasattr(source, "close"):
                source.close()
            raise
        except BaseException as error:
            if not hasattr(source, "throw"):
                look.end("limit")
                watching.settle(look, may_raise=False)
                raise
            step = functools.partial(source.throw, error)
        else:
            if sent is not None:
                step = functools.partial(source.send, sent)


def _refuse(gen: Any, names: List[str]) -> None:
    """Raise TypeError, with what to do instead, for what cannot be watched."""
    name = type_name(type(gen))
    if any(base.endswith(".DatasetV2") for base in names):
        raise TypeError(
            "a tf.data.Dataset is iterated by TensorFlow itself, so nothing can watch it: use "
            "`batchlint.check(dataset, spec)` before training, or watch the generator that feeds it"
        )
    if defines(type(gen), "__anext__") or defines(type(gen), "__aiter__"):
        raise TypeError("%s is asynchronous: use `batchlint.check`" % name)
    if any(
        base.startswith("torch.utils.data.") and base.endswith(".Dataset") for base in names
    ) and not defines(type(gen), "__iter__"):
        raise TypeError("%s hands out samples: watch the DataLoader that makes batches of them" % name)
    from ._capture.adapters import is_batch

    if is_batch(gen) or isinstance(gen, (dict, str, bytes)):
        raise TypeError(
            "this is one batch or one dataset in memory, not something that hands out batches: use "
            "`batchlint.check(data, spec)`"
        )
    if not defines(type(gen), "__next__") and not defines(type(gen), "__iter__"):
        call = callable(gen) and getattr(gen, "__name__", None)
        raise TypeError(
            "%s hands out no batches%s" % (name, ": call it, `watch(%s(...))`" % call if call else "")
        )


_unfinished: Dict[Look, Watching] = {}


@atexit.register
def _finish() -> None:
    # A loop that was never closed: what it took is judged all the same.
    for look, watching in list(_unfinished.items()):
        look.end("limit")
        watching.settle(look, may_raise=False)
