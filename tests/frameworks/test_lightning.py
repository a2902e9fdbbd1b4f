"""The Lightning callback, with a real Trainer."""

import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch cannot be had here")
lightning = pytest.importorskip("lightning.pytorch", reason="lightning cannot be had here")

from torch.utils.data import DataLoader, Dataset

import batchlint
from batchlint.integrations.lightning import CheckBatches

SPEC = {
    "framework": "torch",
    "batch": {"size": 4, "last": "partial"},
    "inputs": {"image": {"dtype": "float32", "shape": ["batch", 6], "values": {"min": 0, "max": 1}}},
    "targets": {"label": {"dtype": "int64", "shape": ["batch"], "encoding": "index", "classes": 2}},
}


class Images(Dataset):
    def __init__(self, rows=24, scale=1.0):
        self.rows, self.scale = rows, scale

    def __len__(self):
        return self.rows

    def __getitem__(self, index):
        image = np.random.default_rng(index).random(6) * self.scale
        return torch.from_numpy(image.astype(np.float32)), index % 2


class Model(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(6, 2)
        self.trained = 0

    def training_step(self, batch, index):
        self.trained += 1
        return torch.nn.functional.cross_entropy(self.layer(batch[0]), batch[1])

    def validation_step(self, batch, index, dataloader_idx=0):
        torch.nn.functional.cross_entropy(self.layer(batch[0]), batch[1])

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)


def fit(callback, train, *val, epochs=2, **more):
    lightning.seed_everything(1, verbose=False)
    model = Model()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer = lightning.Trainer(
            max_epochs=epochs,
            accelerator="cpu",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            callbacks=[callback] if callback else [],
            **more,
        )
        trainer.fit(model, train, list(val) or None)
    return model


def loader(scale=1.0, rows=24, **more):
    return DataLoader(Images(rows, scale), batch_size=4, **more)


def rules(report):
    return {diagnostic.rule for diagnostic in report.at_least("warning")}


def test_good_loaders(capsys):
    check = CheckBatches(SPEC)
    fit(check, loader(), loader(rows=16))
    assert sorted(check.reports) == ["sanity check", "training", "validation"]
    for report in check.reports.values():
        assert rules(report) == set(), report.text
    assert check.reports["training"].coverage.batches == 6
    assert check.reports["validation"].coverage.batches == 4
    assert check.reports["sanity check"].coverage.batches == 2
    assert "training loader" in capsys.readouterr().err


def test_errors_are_raised_out_of_fit():
    check = CheckBatches(SPEC, on_findings="raise", batches=3)
    with pytest.raises(batchlint.FindingsError, match="out-of-range-values"):
        fit(check, loader(255.0))
    assert check.reports["training"].coverage.batches == 3


def test_the_sanity_check_finds_what_validation_would():
    check = CheckBatches(SPEC, on_findings="raise")
    with pytest.raises(batchlint.FindingsError, match="out-of-range-values"):
        fit(check, loader(), loader(255.0))
    assert list(check.reports) == ["sanity check"]


def test_a_second_validation_loader_and_none_at_all():
    check = CheckBatches(SPEC, batches=2)
    fit(check, loader(), loader(), loader(255.0), num_sanity_val_steps=0)
    assert rules(check.reports["validation"]) == set()
    assert "out-of-range-values" in rules(check.reports["validation 1"])
    check = CheckBatches(SPEC, validation=False)
    fit(check, loader(), loader(255.0))
    assert list(check.reports) == ["training"]


def test_nothing_about_the_training_changes():
    plain = fit(None, loader(shuffle=True), loader())
    checked = fit(CheckBatches(SPEC, batches=3), loader(shuffle=True), loader())
    assert plain.trained == checked.trained
    for one, other in zip(plain.parameters(), checked.parameters()):
        assert torch.equal(one, other)


def test_an_error_of_the_training_comes_out_as_it_is():
    class Broken(Model):
        def training_step(self, batch, index):
            raise KeyError("mine")

    check = CheckBatches(SPEC, on_findings="raise")
    trainer = lightning.Trainer(
        max_epochs=1, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, callbacks=[check],
    )
    with pytest.raises(KeyError, match="mine"):
        trainer.fit(Broken(), loader(255.0))
    assert check.reports["training"].coverage.batches == 1


def test_without_a_spec_rules_run_that_need_none():
    class Ragged(Images):
        def __getitem__(self, index):
            image, label = super().__getitem__(index)
            return (image * float("nan") if index == 9 else image), label

    check = CheckBatches()
    fit(check, DataLoader(Ragged(), batch_size=4))
    assert check.reports["training"].coverage.batches == 6
    assert "non-finite-values" in rules(check.reports["training"]), check.reports["training"].text
