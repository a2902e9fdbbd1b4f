"""tf.data, and Keras 2 on TensorFlow."""

import os
import subprocess
import sys

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow", reason="tensorflow cannot be had here")

import batchlint

SPEC = {
    "framework": "tensorflow",
    "inputs": {"x": {"dtype": "float32", "shape": ["batch", 3]}},
    "targets": {"y": {"dtype": "int64", "shape": ["batch"]}},
}


def rows():
    rng = np.random.default_rng(0)
    for index in range(24):
        yield rng.random(3), index % 2


def dataset(dtype=tf.float32):
    signature = (tf.TensorSpec((3,), dtype), tf.TensorSpec((), tf.int64))
    return tf.data.Dataset.from_generator(rows, output_signature=signature).batch(4)


def test_check_of_a_dataset():
    report = batchlint.check(dataset(), SPEC)
    assert report.status == "clean", report.text
    assert report.coverage.batches == 6
    report = batchlint.check(dataset(tf.float64), SPEC, batches=2)
    assert [one.rule for one in report.at_least("warning")] == ["double-precision"]
    assert report.coverage.batches == 2


def test_a_dataset_cannot_be_watched_and_its_generator_can():
    with pytest.raises(TypeError, match="batchlint.check"):
        batchlint.watch(dataset(), SPEC)
    watched = batchlint.watch(rows(), {}, batches=5)
    signature = (tf.TensorSpec((3,), tf.float32), tf.TensorSpec((), tf.int64))
    count = sum(1 for _ in tf.data.Dataset.from_generator(lambda: watched, output_signature=signature))
    assert count == 24
    assert batchlint.last_report().coverage.batches == 5


def test_bfloat16():
    def halves():
        for _ in range(3):
            yield tf.cast(tf.random.uniform((4, 3)), tf.bfloat16), tf.zeros(4, tf.int64)

    report = batchlint.check(halves(), SPEC)
    assert "bfloat16" in report.text


KERAS_2 = """
import sys
sys.path.insert(0, %r)
import numpy as np
import tf_keras as keras
import batchlint

class Rows(keras.utils.Sequence):
    def __len__(self):
        return 5
    def __getitem__(self, index):
        rng = np.random.default_rng(index)
        return rng.random((4, 3)), rng.random((4, 1)).astype("float32")

model = keras.Sequential([keras.layers.Input((3,), name="x"), keras.layers.Dense(1)])
model.compile(loss="mse")
watched = batchlint.watch(Rows(), batches=3)
assert isinstance(watched, Rows)
model.fit(watched, epochs=2, verbose=0, workers=2)
report = batchlint.last_report()
print(sorted(one.rule for one in report.at_least("warning")), report.coverage.batches)
"""


def test_keras_2():
    if subprocess.run([sys.executable, "-c", "import tf_keras"], stderr=subprocess.DEVNULL).returncode:
        pytest.skip("tf_keras cannot be had here")
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    done = subprocess.run(
        [sys.executable, "-c", KERAS_2 % os.path.join(root, "python")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "['double-precision'] 3", done.stderr
