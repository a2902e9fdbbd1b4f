"""PyTorch: datasets of samples, loaders with and without workers, collation, bfloat16."""

import os

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch cannot be had here")

from torch.utils.data import DataLoader, Dataset, IterableDataset

import batchlint

SPEC = {
    "framework": "torch",
    "inputs": {"image": {"dtype": "float32", "shape": ["batch", 3, 4]}},
    "targets": {"label": {"dtype": "int64", "shape": ["batch"], "encoding": "index", "classes": 2}},
}


class Images(Dataset):
    def __init__(self, dtype=np.float32, odd=None):
        self.dtype, self.odd = dtype, odd

    def __len__(self):
        return 32

    def __getitem__(self, index):
        rng = np.random.default_rng(index)
        image = rng.random((3, 5 if index == self.odd else 4)).astype(self.dtype)
        return torch.from_numpy(image), index % 2


class Stream(IterableDataset):
    def __iter__(self):
        return (Images()[index] for index in range(20))


def rules(report):
    return {diagnostic.rule for diagnostic in report.at_least("warning")}


def test_check_of_samples():
    report = batchlint.check(Images(), SPEC, batch_size=8)
    assert report.status == "clean", report.text
    assert (report.coverage.batches, report.coverage.samples) == (4, 32)


@pytest.mark.parametrize("workers", [0, 2])
def test_check_of_a_loader_leaves_it_as_it_was(workers):
    loader = DataLoader(Images(np.float64), batch_size=8, num_workers=workers)
    report = batchlint.check(loader, SPEC)
    assert report.coverage.batches == 4
    assert len(report.at_least("warning")) == 1 and "float64" in report.text, report.text
    assert loader.num_workers == workers
    assert loader.collate_fn is DataLoader(Images()).collate_fn
    assert len(list(loader)) == 4


def test_check_of_a_stream():
    report = batchlint.check(DataLoader(Stream(), batch_size=5), SPEC)
    assert report.status == "clean", report.text
    assert report.coverage.batches == 4


def test_samples_that_cannot_be_put_together():
    report = batchlint.check(DataLoader(Images(odd=13), batch_size=8), SPEC)
    assert not report.ok
    assert "stack expects each tensor to be equal size" in report.text


def test_a_collate_function_of_the_users():
    def collate(samples):
        return {
            "image": torch.stack([image for image, _ in samples]).double(),
            "label": torch.tensor([y for _, y in samples]),
        }

    report = batchlint.check(DataLoader(Images(), batch_size=8, collate_fn=collate), SPEC)
    (finding,) = report.at_least("warning")
    assert "float64" in finding.message
    assert finding.primary.file.endswith("test_torch.py"), finding


def test_bfloat16():
    def halves():
        for _ in range(3):
            yield torch.rand(4, 3, 4, dtype=torch.bfloat16), torch.tensor([0, 1, 1, 0])

    assert "bfloat16" in batchlint.check(halves(), SPEC).text
    spec = dict(SPEC, inputs={"image": {"dtype": "bfloat16"}})
    assert batchlint.check(halves(), spec).at_least("warning") == []


@pytest.mark.parametrize("workers", [0, 2])
def test_a_watched_loader(workers, capfd):
    given = DataLoader(Images(np.float64), batch_size=8, num_workers=workers, shuffle=False)
    watched = batchlint.watch(given, SPEC, batches=3)
    assert isinstance(watched, DataLoader)
    assert (len(watched), watched.batch_size, watched.num_workers) == (4, 8, workers)
    assert watched.dataset is given.dataset and watched.sampler is given.sampler
    for _ in range(2):
        came = [images for images, _ in watched]
        assert all(torch.equal(one, other) for one, (other, _) in zip(came, given)) and len(came) == 4
    report = batchlint.last_report()
    assert (report.coverage.batches, len(report.at_least("warning"))) == (3, 1)
    assert "float64" in capfd.readouterr().err


def test_persistent_workers_go_on():
    watched = batchlint.watch(
        DataLoader(Images(), batch_size=8, num_workers=1, persistent_workers=True), SPEC, batches=2
    )
    assert [len(list(watched)) for _ in range(3)] == [4, 4, 4]
    assert batchlint.last_report().status == "clean"


def test_a_watched_generator_in_a_worker_sends_nothing():
    class Inner(IterableDataset):
        def __init__(self, batches):
            self.batches = batches

        def __iter__(self):
            return iter(self.batches)

    reports = []
    made = batchlint.watch(((torch.zeros(2), os.getpid()) for _ in range(4)), {}, report=reports.append)
    assert len(list(DataLoader(Inner(made), batch_size=None, num_workers=1))) == 4
    assert reports == []


def test_the_example(example):
    from conftest import EXAMPLES

    run = example("train_torch.py", "--spec", str(EXAMPLES / "torch.toml"))
    assert run.code == 1, run
    assert "stopped at" in run.said and "loss" not in run.said, run
    # In which batches the unscaled images lie is up to the shuffling.
    assert set(run.findings) - {"not-evaluated", "range-drift"} == {"unscaled-images"}, run
