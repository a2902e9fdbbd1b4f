"""The Keras callback, with the real `fit`: arrays, datasets, generators, the model as the spec."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="keras cannot be had here")

import batchlint
from batchlint.integrations.keras import CheckBatches

SPEC = {
    "framework": "keras",
    "inputs": {"image": {"dtype": "float32", "shape": ["batch", 8], "values": {"min": 0, "max": 1}}},
    "targets": {"label": {"dtype": "integer", "shape": ["batch"], "encoding": "index", "classes": 2}},
}


def arrays(rows=64, dtype=np.float32, scale=1.0):
    rng = np.random.default_rng(0)
    return (rng.random((rows, 8)) * scale).astype(dtype), rng.integers(0, 2, rows).astype(np.int64)


def model():
    image = keras.Input((8,), name="image")
    made = keras.Model(image, keras.layers.Dense(2, activation="softmax")(image))
    made.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
    return made


class Images(keras.utils.PyDataset):
    def __init__(self, scale=1.0, **more):
        super().__init__(**more)
        self.scale, self.asked = scale, 0

    def __len__(self):
        return 6

    def __getitem__(self, index):
        self.asked += 1
        rng = np.random.default_rng(index)
        return (rng.random((4, 8)) * self.scale).astype(np.float32), rng.integers(0, 2, 4)


def rules(report):
    return {diagnostic.rule for diagnostic in report.at_least("warning")}


def test_good_arrays_train_and_say_one_line(capsys):
    check = CheckBatches()
    history = model().fit(*arrays(), validation_data=list(arrays(16)), batch_size=8, epochs=2, verbose=0, callbacks=[check])
    assert len(history.history["val_loss"]) == 2
    training, validation = check.reports["training"], check.reports["validation"]
    assert rules(training) == rules(validation) == set(), training.text + validation.text
    assert (training.coverage.batches, training.coverage.samples) == (8, 64)
    assert (validation.coverage.batches, validation.coverage.samples) == (2, 16)
    said = capsys.readouterr().err.splitlines()
    assert len([line for line in said if line.startswith("batchlint: ")]) == 2, said


def test_the_model_is_the_spec_of_arrays():
    x, y = arrays(dtype=np.float64)
    y[3] = 7
    check = CheckBatches(on_findings="ignore", batches=3)
    # Keras itself trains on, or stops, as the backend has it; the callback has looked before.
    try:
        model().fit(x, y, batch_size=8, verbose=0, callbacks=[check])
    except Exception:
        pass
    report = check.reports["training"]
    assert "label-out-of-range" in {one.rule for one in report.at_least("error")}, report.text
    assert "double-precision" in {one.rule for one in report.diagnostics}, report.text
    assert report.coverage.batches == 3


def test_errors_are_raised_before_the_first_step():
    steps = []
    count = keras.callbacks.LambdaCallback(on_train_batch_begin=lambda batch, logs: steps.append(batch))
    x, y = arrays()
    x[5, 2] = np.nan
    with pytest.raises(batchlint.FindingsError, match="non-finite-values"):
        model().fit(x, y, verbose=0, callbacks=[CheckBatches(SPEC, on_findings="raise"), count])
    assert steps == []


def test_validation_data_are_held_against_the_spec():
    seen = []
    check = CheckBatches(SPEC, on_findings="raise", report=seen.append)
    with pytest.raises(batchlint.FindingsError, match="out-of-range-values"):
        model().fit(*arrays(), validation_data=arrays(scale=255.0), verbose=0, callbacks=[check])
    assert [rules(report) for report in seen][0] == set()
    model().fit(
        *arrays(),
        validation_data=arrays(scale=255.0),
        verbose=0,
        callbacks=[CheckBatches(SPEC, on_findings="raise", validation=False)],
    )


def test_a_validation_split_is_seen_as_fit_splits():
    check = CheckBatches(SPEC)
    model().fit(*arrays(), validation_split=0.25, batch_size=8, verbose=0, callbacks=[check])
    assert check.reports["training"].coverage.samples == 48
    assert check.reports["validation"].coverage.samples == 16


def test_dicts_and_weights():
    x, y = arrays()
    check = CheckBatches(dict(SPEC, targets={}), on_findings="raise")
    model().fit({"image": x}, y, sample_weight=np.ones(64, np.float32), verbose=0, callbacks=[check])
    assert check.reports["training"].coverage.batches == 2


def test_a_dataset_is_asked_once_more_and_trains_the_same():
    def weights(*callbacks):
        keras.utils.set_random_seed(1)
        made = model()
        made.fit(Images(), verbose=0, callbacks=list(callbacks), shuffle=True)
        return made.get_weights()

    check = CheckBatches(SPEC, on_findings="raise")
    for plain, checked in zip(weights(), weights(check)):
        np.testing.assert_array_equal(plain, checked)
    assert check.reports["training"].coverage.batches == 6
    with pytest.raises(batchlint.FindingsError):
        model().fit(Images(255.0), verbose=0, callbacks=[CheckBatches(SPEC, on_findings="raise")])


def test_a_tensorflow_dataset():
    tensorflow = pytest.importorskip("tensorflow", reason="tensorflow cannot be had here")
    data = tensorflow.data.Dataset.from_tensor_slices(arrays(scale=255.0)).batch(16)
    check = CheckBatches(SPEC)
    model().fit(data, verbose=0, callbacks=[check])
    assert "out-of-range-values" in rules(check.reports["training"])


def test_a_generator_is_not_touched():
    def batches():
        for _ in range(4):
            taken.append(1)
            yield arrays(4)

    taken = []
    check = CheckBatches(SPEC)
    with pytest.warns(RuntimeWarning, match="batchlint.watch"):
        model().fit(batches(), steps_per_epoch=4, verbose=0, callbacks=[check])
    assert check.reports == {} and len(taken) == 4


def test_a_wrong_spec_is_told_and_training_goes_on():
    check = CheckBatches({"inputs": {"image": {"dtype": "float31"}}})
    with pytest.warns(RuntimeWarning, match="float31"):
        model().fit(*arrays(), verbose=0, callbacks=[check])
    with pytest.raises(batchlint.BatchlintError, match="float31"):
        bad = CheckBatches({"inputs": {"image": {"dtype": "float31"}}}, on_findings="raise")
        model().fit(*arrays(), verbose=0, callbacks=[bad])
    with pytest.raises(ValueError):
        CheckBatches(on_findings="shout")
