"""The Keras callback without Keras: a `fit` like its own. The real one is in tests/frameworks."""

import subprocess
import sys
import types
import unittest
import warnings
from contextlib import redirect_stderr
from io import StringIO

import support  # noqa: F401
import numpy as np

import batchlint

SPEC = {
    "framework": "keras",
    "inputs": {"image": {"dtype": "float32", "shape": ["batch", 8]}},
    "targets": {"label": {"dtype": "integer", "shape": ["batch"]}},
}


class Callback:
    pass


class Model:
    """Known by its name, as `keras.src...Model`, and by the method that is on the stack."""

    inputs = outputs = loss = None

    def fit(self, x=None, y=None, batch_size=None, epochs=1, validation_data=None, sample_weight=None, callbacks=()):
        for callback in callbacks:
            callback.on_train_begin()
        return epochs


Model.__module__ = "keras.src.models.model"


def arrays(rows=64, dtype=np.float32):
    rng = np.random.RandomState(0)
    return rng.rand(rows, 8).astype(dtype), rng.randint(0, 2, rows)


def rules(report):
    return {diagnostic.rule for diagnostic in report.at_least("warning")}


class KerasCallback(unittest.TestCase):
    def setUp(self):
        keras = types.ModuleType("keras")
        keras.__version__ = "3.0"
        keras.callbacks = types.SimpleNamespace(Callback=Callback)
        sys.modules["keras"] = keras
        from batchlint.integrations.keras import CheckBatches

        self.callback = CheckBatches

    def tearDown(self):
        for name in ("keras", "batchlint.integrations.keras"):
            sys.modules.pop(name, None)

    def test_arrays_are_looked_at_in_slices(self):
        check, said = self.callback(SPEC, batches=3), StringIO()
        with redirect_stderr(said):
            Model().fit(*arrays(), batch_size=8, validation_data=arrays(20), callbacks=[check])
        training, validation = check.reports["training"], check.reports["validation"]
        self.assertEqual(rules(training) | rules(validation), set(), training.text + validation.text)
        self.assertEqual(training.coverage.batches, 3)
        self.assertEqual((validation.coverage.batches, validation.coverage.samples), (3, 20))
        self.assertEqual(said.getvalue().count("batchlint: "), 2)

    def test_findings_name_a_line_of_the_spec_and_none_of_ours(self):
        check = self.callback(SPEC, on_findings="ignore")
        Model().fit(*arrays(dtype=np.float64), callbacks=[check])
        report = check.reports["training"]
        self.assertEqual(rules(report), {"double-precision"})
        self.assertNotIn("integrations", report.text)

    def test_errors_are_raised_out_of_fit(self):
        x, y = arrays()
        x[3] = np.inf
        check, said = self.callback(SPEC, on_findings="raise"), StringIO()
        with redirect_stderr(said), self.assertRaises(batchlint.FindingsError) as caught:
            Model().fit(x, y, callbacks=[check])
        self.assertIn("non-finite-values", str(caught.exception))
        self.assertIn("training data", said.getvalue())

    def test_random_numbers_go_on_as_before(self):
        class Data:
            def __iter__(self):
                return iter([(np.random.rand(4, 8).astype(np.float32), np.zeros(4, np.int64)) for _ in range(3)])

        np.random.seed(3)
        check = self.callback(SPEC, on_findings="ignore")
        Model().fit(Data(), callbacks=[check])
        self.assertEqual(check.reports["training"].coverage.batches, 3)
        found = np.random.rand()
        np.random.seed(3)
        self.assertEqual(found, np.random.rand())

    def test_a_generator_keeps_its_batches(self):
        given = (batch for batch in [arrays(4)])
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            Model().fit(given, callbacks=[self.callback(SPEC)])
        self.assertIn("batchlint.watch", str(told[0].message))
        self.assertEqual(len(list(given)), 1)

    def test_outside_of_fit_nothing_happens(self):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            self.callback(SPEC).on_train_begin()
        self.assertIn("no `fit`", str(told[0].message))


class Imports(unittest.TestCase):
    def test_the_package_needs_no_framework(self):
        code = (
            "import sys; sys.path.insert(0, %r); import batchlint, batchlint.integrations;"
            "assert not {'keras', 'lightning', 'torch', 'numpy'} & set(sys.modules)" % sys.path[0]
        )
        subprocess.run([sys.executable, "-c", code], check=True)

    def test_a_framework_that_is_missing_is_named(self):
        for name in ("keras", "lightning"):
            with self.assertRaises(ModuleNotFoundError) as caught:
                __import__("batchlint.integrations." + name)
            self.assertIn(name, caught.exception.name)


if __name__ == "__main__":
    unittest.main()
