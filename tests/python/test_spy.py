"""A script without a target: it runs up to the first call that takes data. The frameworks are stand-ins."""

import os
import sys
import textwrap
import unittest

from parent import Child, Program

KERAS = """
    __version__ = "%s"
    class Tensor:
        def __init__(self, name, shape, dtype): self.name, self.shape, self.dtype = name, shape, dtype
    class Model:
        inputs = [Tensor("image", (None, 4), "float32")]
        outputs = [Tensor("head", (None, 1), "float32")]
        loss = "mse"
        def fit(self, x=None, y=None, batch_size=None, epochs=1, verbose=1, steps_per_epoch=None, sample_weight=None):
            print("trained")
        def evaluate(self, x=None, y=None, batch_size=None, verbose=1, steps=None):
            print("evaluated")
        def predict(self, x, batch_size=None, verbose=1, steps=None):
            print("predicted")
    class Unbuilt(Model):
        @property
        def inputs(self): raise ValueError("not built")
        outputs = None
        loss = {"a": Tensor, "b": Tensor("", 0, 0)}
    class Mapped(Model):
        first, second = Tensor("x1", (None, 2), "int32"), Tensor("x2", (None, None), "float16")
        inputs = [second, first]
        _inputs_struct = {"b": {"second": second}, "first": first}
"""
TORCH = """
    class DataLoader:
        def __init__(self, dataset, batch_size=2):
            self.dataset, self.batch_size, self.num_workers = dataset, batch_size, 0
        def __len__(self): return len(self.dataset)
        def __iter__(self): return iter(self.dataset)
"""


class Script(unittest.TestCase):
    def run_script(self, text, keras="3.1.0", runs=1, **options):
        with Program(keras=KERAS % keras) as program:
            os.makedirs(program.path("torch/utils/data"))
            for package in ("torch", "torch/utils"):
                program.write(package + "/__init__.py", "")
            program.write(
                "torch/utils/data/__init__.py",
                TORCH + "    DataLoader.__module__ = 'torch.utils.data.dataloader'\n",
            )
            path = program.write("train.py", text)
            child = Child(dict({"script": path}, **options), cwd=program.folder.name)
            child.runs = runs
            child.run()
            self.assertEqual(child.code, 0, child.stderr.decode())
            return child

    def test_generator_given_to_fit(self):
        child = self.run_script(
            """
            import keras, sys
            def gen():
                while True:
                    yield bytearray(4), 1
            def train():
                keras.Model().fit(gen(), steps_per_epoch=5, epochs=2)
            if __name__ == "__main__":
                print(sys.argv[1:])
                train()
                print("went on")
        """,
            argv=["--fast"],
        )
        hello = child.one("HELLO")
        self.assertEqual(hello["kind"], "generator")
        call = hello["declared"].pop("call")
        self.assertEqual(
            (call["line"], call["func"], os.path.basename(call["file"])), (7, "train", "train.py")
        )
        self.assertEqual(
            hello["declared"],
            {
                "method": "fit",
                "framework": "keras",
                "version": "3.1.0",
                "model": "Model",
                "steps_per_epoch": 5,
                "epochs": 2,
                "inputs": [{"name": "image", "shape": [None, 4], "dtype": "float32"}],
                "outputs": [{"name": "head", "shape": [None, 1], "dtype": "float32"}],
                "loss": "mse",
            },
        )
        self.assertEqual((len(child.of("BATCH")), child.one("END")["reason"]), (3, "limit"))
        self.assertIn(b"['--fast']", child.stderr)
        self.assertNotIn(b"trained", child.stderr)
        self.assertNotIn(b"went on", child.stderr)

    def test_files_are_open_while_their_batches_are_pulled(self):
        child = self.run_script("""
            import keras
            def gen(file):
                while True:
                    yield file.read(6)
            with open(__file__) as file:
                keras.Model().fit(gen(file), steps_per_epoch=1)
        """)
        self.assertEqual(child.of("BATCH")[0]["leaves"][0]["repr"], repr("\nimpor"))

    def test_other_models(self):
        child = self.run_script("import keras\nkeras.Unbuilt().fit(iter([1]))\n")
        declared = child.one("HELLO")["declared"]
        self.assertEqual((declared["inputs"], declared["outputs"]), ([], []))
        self.assertEqual(declared["loss"], {"a": "Tensor", "b": "Tensor"})
        child = self.run_script("import keras\nclass My(keras.Mapped): pass\nMy().fit(iter([1]))\n")
        declared = child.one("HELLO")["declared"]
        self.assertEqual(
            [(each["name"], each["shape"]) for each in declared["inputs"]],
            [("second", [None, None]), ("first", [None, 2])],
        )
        self.assertEqual(declared["model"], "My")

    def test_methods_that_were_removed_are_reached(self):
        child = self.run_script("import keras\nkeras.Model().fit_generator(iter([1, 2]), 7, epochs=3)\n")
        declared = child.one("HELLO")["declared"]
        self.assertEqual(
            (declared["method"], declared["removed"], declared["steps_per_epoch"], declared["epochs"]),
            ("fit_generator", True, 7, 3),
        )

    def test_whole_arrays(self):
        child = self.run_script("""
            import keras
            import numpy as np
            keras.Model().fit(np.zeros((10, 4)), np.zeros(10), batch_size=5, sample_weight=np.ones(10))
        """)
        hello = child.one("HELLO")
        self.assertEqual(
            (hello["kind"], hello["declared"]["whole"], hello["declared"]["batch_size"]), ("arrays", True, 5)
        )
        self.assertEqual([leaf["shape"] for leaf in child.one("BATCH")["leaves"]], [[10, 4], [10], [10]])

    def test_predict_and_evaluate(self):
        child = self.run_script("import keras\nkeras.Model().predict(iter([1]), steps=4)\n")
        self.assertEqual(
            (child.one("HELLO")["declared"]["method"], child.one("HELLO")["declared"]["steps_per_epoch"]),
            ("predict", 4),
        )

    def test_first_loader_that_is_iterated(self):
        child = self.run_script(
            """
            from torch.utils.data import DataLoader
            loader = DataLoader([1, 2, 3])
            other = DataLoader([4])
            for batch in loader:
                print("stepped")
        """,
            runs=2,
            repeat=2,
        )
        first, second = child.of("HELLO")
        self.assertEqual(
            (
                first["kind"],
                first["declared"]["framework"],
                first["declared"]["batch_size"],
                first["declared"]["call"]["line"],
            ),
            ("torch.DataLoader", "torch", 2, 5),
        )
        self.assertEqual([batch["leaves"][0]["repr"] for batch in child.of("BATCH")], ["1", "2", "3"] * 2)
        self.assertNotIn(b"stepped", child.stderr)

    def test_a_script_that_catches_everything_never_trains(self):
        child = self.run_script("""
            import keras
            for i in range(3):
                try:
                    keras.Model().fit(iter([1]))
                except BaseException:
                    print("caught")
            try:
                keras.Model().evaluate(iter([1]))
            except BaseException:
                print("caught")
        """)
        self.assertEqual((child.stderr.count(b"caught"), len(child.of("HELLO"))), (4, 1))
        self.assertNotIn(b"trained", child.stderr)

    def test_a_thread_that_trains(self):
        child = self.run_script(
            """
            import keras, threading, time
            def gen():
                yield 1
                time.sleep(0.4)
                yield 2
            thread = threading.Thread(target=lambda: keras.Model().fit(gen()))
            thread.start()
            thread.join()
        """,
            stall=0.1,
        )
        self.assertEqual(child.one("END")["reason"], "exhausted")
        self.assertIn(
            "gen",
            [child.of("PROGRESS")[-1]["stack"][0]["func"]]
            + [f["stack"][0]["func"] for f in child.of("PROGRESS")],
        )

    def test_scripts_that_end_without_data(self):
        for text in ("print('nothing')\n", "import sys\nsys.exit(3)\n"):
            child = self.run_script(text)
            self.assertEqual((child.one("ERROR")["what"], child.one("END")["reason"]), ("no-data", "no-data"))
        child = self.run_script("import keras\n1 / 0\n")
        self.assertEqual((child.one("ERROR")["what"], child.one("END")["reason"]), ("load", "load-failed"))
        self.assertEqual(child.one("ERROR")["error"]["frames"][-1]["line"], 2)

    def test_an_error_in_the_generator(self):
        child = self.run_script(
            "import keras\ndef gen():\n    yield 1\n    1 / 0\nkeras.Model().fit(gen())\n"
        )
        self.assertEqual(
            (child.one("ERROR")["what"], child.one("ERROR")["batch"], child.one("END")["reason"]),
            ("exception", 1, "exception"),
        )

    def test_something_that_is_no_data(self):
        child = self.run_script("import keras\nkeras.Model().fit(object())\n")
        self.assertEqual(
            (child.one("ERROR")["what"], child.one("END")["reason"]), ("no-target", "load-failed")
        )

    def test_overlay_of_the_script(self):
        with Program(train="raise ValueError\n") as program:
            path = program.path("train.py")
            child = Child({"script": path, "overlay": {path: "print('replaced')\n"}})
            child.run()
            self.assertEqual((child.one("ERROR")["what"], child.stderr), ("no-data", b"replaced\n"))


if __name__ == "__main__":
    unittest.main()
