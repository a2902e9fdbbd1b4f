"""Batches under test: `pytest examples`. The fixture `batchlint` is there when the package is installed."""
from corrected import corrected_generator
from naive import naive_generator
import pytest


def test_the_corrected_batches_fit_the_model(batchlint):
    batchlint.check(corrected_generator(), "batchlint.toml", level="warning")


def test_one_batch(batchlint):
    report = batchlint.check(next(corrected_generator()), "batchlint.toml", steps=1)
    assert report.coverage.samples == 32


def test_the_naive_batches_are_told_from_them(batchlint):
    with pytest.raises(pytest.fail.Exception, match="double-precision"):
        batchlint.check(naive_generator(), "batchlint.toml", level="warning")
