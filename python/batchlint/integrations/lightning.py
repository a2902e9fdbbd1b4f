"""A Lightning callback that checks the batches of the training and validation loaders as they come:

    from batchlint.integrations.lightning import CheckBatches

    trainer = Trainer(callbacks=[CheckBatches("batchlint.toml", on_findings="raise")])

Needs lightning 2, or pytorch_lightning where only that is there.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional

from .._policy import for_validation, policy
from .._report import Report
from .._side import arguments
from .._watch import Watching

if "pytorch_lightning" in sys.modules and "lightning" not in sys.modules and not TYPE_CHECKING:
    from pytorch_lightning import Callback
else:
    try:
        from lightning.pytorch import Callback
    except ModuleNotFoundError:
        from pytorch_lightning import Callback


class CheckBatches(Callback):
    """Checks the first batches of each loader before they are trained on, as `training_step` gets them.

    `spec`, `batches`, `framework`, `on_findings`, `report` and `flags` are those of `batchlint.watch`. A
    LightningModule does not say what it takes: without a spec that declares arrays, the rules run that need
    none. `validation`: whether validation loaders are looked at too; the sanity check before training is one
    look, the first validation another. `reports` keeps the reports by name: "training", "validation",
    "sanity check" (and "validation 1", ... for further loaders).

    No loader is asked for a batch of its own, so that nothing about the training changes. In a distributed
    training the process of rank 0 looks. `on_findings="raise"` raises FindingsError out of `Trainer.fit`
    before the last of these batches is trained on.
    """

    def __init__(
        self,
        spec: Any = None,
        *,
        batches: int = 20,
        validation: bool = True,
        framework: Optional[str] = None,
        on_findings: str = "warn",
        report: Optional[Callable[[Report], Any]] = None,
        **flags: Any,
    ) -> None:
        """Raises ValueError for an unknown `on_findings`, BatchlintError for a spec of another type."""
        super().__init__()
        if batches < 1:
            raise ValueError("batches is at least 1, not %r" % (batches,))
        self.reports: Dict[str, Report] = {}
        self._policy, self._batches, self._validation = policy(on_findings), batches, validation
        self._callback = report
        self._train_flags = arguments(spec, framework, flags)
        self._val_flags = arguments(spec, framework, for_validation(flags))
        self._streams: Dict[str, _Stream] = {}

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        self.reports.clear()
        self._streams.clear()

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        loader = trainer.train_dataloader
        self._see(trainer, "training", self._train_flags, batch, loader, trainer.num_training_batches)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        self._end("training", "exhausted" if _is_whole(trainer.limit_train_batches) else "limit")

    def on_validation_batch_start(
        self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        if not self._validation:
            return
        role = "sanity check" if trainer.sanity_checking else "validation"
        counts = trainer.num_sanity_val_batches if trainer.sanity_checking else trainer.num_val_batches
        count = counts[dataloader_idx] if isinstance(counts, list) else counts
        name = role if dataloader_idx == 0 else "%s %d" % (role, dataloader_idx)
        self._see(trainer, name, self._val_flags, batch, trainer.val_dataloaders, count)

    def on_validation_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        whole = not trainer.sanity_checking and _is_whole(trainer.limit_val_batches)
        role = "sanity check" if trainer.sanity_checking else "validation"
        for name in [name for name in self._streams if name.startswith(role)]:
            self._end(name, "exhausted" if whole else "limit")

    def on_fit_end(self, trainer: Any, pl_module: Any) -> None:
        for name in list(self._streams):
            self._end(name, "limit")

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        # What was raised is on its way: nothing else may take its place.
        for name in list(self._streams):
            self._end(name, "limit", may_raise=False)

    def _see(self, trainer: Any, name: str, flags: List[str], batch: Any, loader: Any, count: Any) -> None:
        if not trainer.is_global_zero:
            return
        stream = self._streams.get(name)
        if stream is None:
            heading = name if name == "sanity check" else name + " loader"
            watching = Watching(flags, self._batches, self._policy, self._kept(name), heading)
            stream = self._streams[name] = _Stream(watching, heading, loader, count)
        stream.see(batch)

    def _end(self, name: str, reason: str, may_raise: bool = True) -> None:
        if name in self._streams:
            self._streams[name].end(reason, may_raise)

    def _kept(self, name: str) -> Callable[[Report], None]:
        def keep(report: Report) -> None:
            self.reports[name] = report
            if self._callback is not None:
                self._callback(report)

        return keep


class _Stream:
    """The batches of one loader, looked at as Lightning hands them on."""

    def __init__(self, watching: Watching, target: str, loader: Any, count: Any) -> None:
        length = count if isinstance(count, int) else None  # inf where a loader does not say
        self._watching = watching
        self._look = watching.look(target, "iterable", loader, None, length=length, traced=False)

    def see(self, batch: Any) -> None:
        if self._look.active:
            self._look.take(lambda: batch)
            self._watching.settle(self._look)

    def end(self, reason: str, may_raise: bool) -> None:
        self._look.end(reason)
        self._watching.settle(self._look, may_raise)


def _is_whole(limit: Any) -> bool:
    """Whether an epoch takes all batches of the loader."""
    return limit is None or isinstance(limit, float) and limit == 1.0
