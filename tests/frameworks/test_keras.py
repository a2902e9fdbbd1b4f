"""Keras 3: what `fit` is given, before it and while it trains."""

import types

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="keras cannot be had here")

import batchlint

SPEC = {
    "framework": "keras",
    "inputs": {"image": {"dtype": "float32", "shape": ["batch", 8]}},
    "targets": {"label": {"dtype": "integer", "shape": ["batch"], "encoding": "index", "classes": 2}},
}


def batches(count=6, dtype=np.float32, rows=4):
    rng = np.random.default_rng(0)
    for _ in range(count):
        yield rng.random((rows, 8)).astype(dtype), rng.integers(0, 2, rows)


class Images(keras.utils.PyDataset):
    """Batches by index; the dtype is the fault that is planted."""

    def __init__(self, dtype=np.float32, count=6, **more):
        super().__init__(**more)
        self.dtype, self.count, self.epochs = dtype, count, 0

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        rng = np.random.default_rng(index)
        return rng.random((4, 8)).astype(self.dtype), rng.integers(0, 2, 4)

    def on_epoch_end(self):
        self.epochs += 1


def model():
    image = keras.Input((8,), name="image")
    made = keras.Model(image, keras.layers.Dense(2, activation="softmax")(image))
    made.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
    return made


def rules(report):
    return {diagnostic.rule for diagnostic in report.at_least("warning")}


def test_check_of_a_dataset():
    assert batchlint.check(Images(), SPEC).status == "clean"
    report = batchlint.check(Images(np.float64, workers=3), SPEC)
    assert rules(report) == {"double-precision"}
    assert report.coverage.batches == 6
    assert report.at_least("warning")[0].primary.file.endswith("test_keras.py")


def test_fit_on_a_watched_generator(capsys):
    watched = batchlint.watch(batches(20, np.float64), SPEC, batches=5)
    assert isinstance(watched, types.GeneratorType)
    history = model().fit(watched, steps_per_epoch=10, epochs=2, verbose=0)
    assert len(history.history["loss"]) == 2
    report = batchlint.last_report()
    assert rules(report) == {"double-precision"}
    assert report.coverage.batches == 5
    assert "double-precision" in capsys.readouterr().err


def test_the_same_batches_train_the_same_model():
    def weights(data):
        keras.utils.set_random_seed(1)
        made = model()
        made.fit(data, steps_per_epoch=6, epochs=1, verbose=0)
        return made.get_weights()

    plain, watched = weights(batches()), weights(batchlint.watch(batches(), SPEC, batches=3))
    assert all(np.array_equal(one, other) for one, other in zip(plain, watched))


def test_without_a_spec_the_model_is_the_spec():
    model().fit(batchlint.watch(batches(6, np.float64)), steps_per_epoch=6, verbose=0)
    assert rules(batchlint.last_report()) == {"double-precision"}
    assert "input `image` is float64" in batchlint.last_report().text


def test_findings_stop_the_training():
    def broken():
        for index, (image, label) in enumerate(batches()):
            image[1, 2] = np.nan if index == 3 else 0
            yield image, label

    with pytest.raises(Exception) as caught:
        model().fit(
            batchlint.watch(broken(), SPEC, batches=5, on_findings="raise"), steps_per_epoch=6, verbose=0
        )
    # TensorFlow calls the generator from its own code, and wraps what it raises.
    assert "non-finite-values" in str(caught.value)


@pytest.mark.parametrize("workers", [1, 3])
def test_fit_on_a_watched_dataset(workers):
    given = Images(np.float64, workers=workers)
    watched = batchlint.watch(given, SPEC, batches=4)
    assert isinstance(watched, Images) and isinstance(watched, keras.utils.PyDataset)
    assert (len(watched), watched.workers) == (6, workers)
    history = model().fit(watched, epochs=2, verbose=0)
    assert len(history.history["loss"]) == 2
    plain = Images(workers=workers)
    model().fit(plain, epochs=2, verbose=0)
    assert given.epochs == watched.epochs == plain.epochs
    report = batchlint.last_report()
    assert (rules(report), report.coverage.batches) == ({"double-precision"}, 4)


def test_evaluate_and_predict_take_it_too():
    made = model()
    made.evaluate(batchlint.watch(Images(), SPEC), verbose=0)
    assert batchlint.last_report().status == "clean"
    made.predict(batchlint.watch(Images(), SPEC), verbose=0)
    assert batchlint.last_report().coverage.batches == 6


@pytest.mark.parametrize(
    "name, code, found",
    [
        ("naive", 0, {"double-precision"}),
        ("corrected", 0, set()),
        ("whole", 1, {"whole-dataset-batch"}),
    ],
)
def test_a_script_without_a_spec(example, name, code, found):
    run = example("train_%s.py" % name)
    assert run.code == code, run
    assert found <= set(run.findings), run
    assert not any(one["level"] == "error" for rule, one in run.findings.items() if rule not in found), run
    assert "stopped at `fit`; nothing is trained" in run.said
    assert "loss" not in run.said  # Keras prints that while it trains
    for rule in found:
        assert run.findings[rule]["primary"]["file"].endswith("%s.py" % name), run.findings[rule]


def test_nothing_is_trained(program):
    run = program(train=TRAINS)("train.py")
    assert run.code == 0, run
    assert run.report["coverage"]["batches"] == 3
    assert "a step was trained" not in run.said


TRAINS = """
import keras
import numpy as np

class Told(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        print("a step was trained")

image = keras.Input((8,), name="image")
model = keras.Model(image, keras.layers.Dense(1)(image))
model.compile(loss="mse")
model.fit(((np.random.rand(4, 8).astype("f4"), np.random.rand(4, 1).astype("f4")) for _ in range(3)),
          callbacks=[Told()])
"""


def test_fit_generator_is_said_to_be_gone(program):
    run = program(train=TRAINS.replace("model.fit(", "model.fit_generator("))("train.py")
    assert "Keras 3 has no `fit_generator` any more: `fit` takes generators as well" in run.said, run
    assert run.report["coverage"]["batches"] == 3, run
