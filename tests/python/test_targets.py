"""Everything a target can name, and everything it can turn out to be."""

import os
import sys
import textwrap
import unittest

import numpy as np

from parent import Child, Program, capture, leaf_bytes

FORMS = """
    import numpy as np

    def gen(n=2, *, scale=1):
        for i in range(n):
            yield np.full((2, 3), i * scale, "f4")

    def needs(steps, size):
        for i in range(steps):
            yield size

    def planned(batch_size, steps_per_epoch):
        for i in range(steps_per_epoch):
            yield np.zeros((batch_size, 2))

    class Loader:
        def __init__(self, n=3):
            self.n = n
        def batches(self):
            for i in range(self.n):
                yield i
        def __iter__(self):
            return self.batches()

    class Nested:
        class Inner:
            ready = [1, 2]

    class Takes:
        def __init__(self, folder):
            pass
        def __iter__(self):
            return iter(())

    class Countdown:
        n = 3
        def __iter__(self):
            return self
        def __next__(self):
            self.n -= 1
            if self.n < 0:
                raise StopIteration
            return self.n

    class Indexed:
        def __len__(self):
            return 4
        def __getitem__(self, i):
            return i

    loader = Loader(2)
    batch = (np.zeros((4, 2)), np.zeros(4))

    def one():
        return {"x": np.zeros((4, 2)), "y": [np.zeros(4)]}

    def array():
        return np.zeros((4, 2))

    def pair():
        return Loader(), Loader()

    async def agen():
        for i in range(2):
            yield i

    async def later():
        return agen()

    def samples():
        return [(np.zeros((3, 2), "f4"), 1), (np.zeros((3, 2), "f4"), 0), (np.zeros((3, 3), "f4"), 1)]
"""


def pulled(attribute, **options):
    return capture(FORMS, attribute, dict({"batches": None}, **options))


class Forms(unittest.TestCase):
    def check(self, attribute, kind, batches, **options):
        child = pulled(attribute, **options)
        self.assertEqual(child.of("ERROR"), [])
        self.assertEqual((child.one("HELLO")["kind"], len(child.of("BATCH"))), (kind, batches))
        return child

    def test_objects(self):
        self.check("gen", "generator", 2)
        self.check("loader", "iterable", 2)
        self.check("loader.batches", "generator", 2)
        self.check("Loader", "iterable", 3)
        self.check("Countdown", "iterator", 3)
        self.check("Indexed", "sequence", 4)
        self.check("Nested.Inner.ready", "sequence", 2)
        self.check("batch", "batch", 1)
        self.check("one", "batch", 1)
        self.check("array", "batch", 1)
        self.check("agen", "async generator", 2)
        self.check("later", "async generator", 2)

    def test_expressions(self):
        self.check("Loader(n=4).batches()", "generator", 4)
        self.check("(i for i in range(3))", "generator", 3)
        self.check("gen(5, scale=2)", "generator", 5)
        self.check(":gen", "generator", 2)

    def test_length_is_told(self):
        self.assertEqual(self.check("Indexed", "sequence", 4).one("HELLO")["len"], 4)

    def test_arguments(self):
        child = self.check("gen", "generator", 4, args={"n": "4", "scale": "10"})
        self.assertEqual(
            leaf_bytes(child.of("BATCH")[3], child.of("BATCH")[3]["leaves"][0]),
            np.full((2, 3), 30, "f4").tobytes(),
        )
        child = self.check("needs", "generator", 1, args={"steps": "1", "size": "small one"})
        self.assertEqual(child.one("BATCH")["leaves"][0]["repr"], "'small one'")

    def test_plan_fills_what_has_no_default(self):
        child = self.check("planned", "generator", 3, plan={"batch_size": 7, "steps": 3})
        self.assertEqual(child.of("BATCH")[0]["leaves"][0]["shape"], [7, 2])
        self.assertEqual(child.one("HELLO")["filled"], {"batch_size": 7, "steps_per_epoch": 3})

    def test_modules(self):
        with Program() as program:
            os.mkdir(program.path("pkg"))
            program.write(os.path.join("pkg", "__init__.py"), "")
            program.write(
                os.path.join("pkg", "part.py"), "from . import other\ndef gen():\n    yield other.SIZE\n"
            )
            program.write(os.path.join("pkg", "other.py"), "SIZE = 5\n")
            child = Child({"target": "pkg.part:gen"}, cwd=program.folder.name)
            child.run()
            self.assertEqual(child.one("BATCH")["leaves"][0]["repr"], "5")
            child = Child({"target": os.path.join("pkg", "part.py") + ":gen"}, cwd=program.folder.name)
            child.run()
            self.assertIn("package.module:name", child.one("ERROR")["help"][0])

    def test_a_file_with_the_name_of_a_standard_module(self):
        with Program() as program:
            program.write("json.py", "def gen():\n    yield __name__\n")
            child = Child({"target": program.path("json.py") + ":gen"})
            child.run()
            self.assertEqual(child.one("BATCH")["leaves"][0]["repr"], "'json_'")


class Missing(unittest.TestCase):
    def error(self, attribute, **options):
        child = pulled(attribute, **options)
        error = child.one("ERROR")
        self.assertEqual(
            (error["what"], child.one("END")["reason"], child.of("HELLO")), ("no-target", "load-failed", [])
        )
        return error["message"], "\n".join(error.get("help", []))

    def test_names_that_are_not_there(self):
        message, help = self.error("gem")
        self.assertIn("there is no `gem`", message)
        self.assertIn(":gen`", help)
        for name in ("`needs`", "`Loader`", "`Countdown`", "`Indexed`", "`loader`"):
            self.assertIn(name, help)
        self.assertNotIn("`one`", help)
        self.assertIn("loader.batches", self.error("loader.batchs")[1])

    def test_arguments_that_are_missing(self):
        message, help = self.error("needs", args={"steps": "3"})
        self.assertIn("needs `size`", message)
        self.assertEqual(help, "--arg size=...")
        self.assertIn("takes no argument `size`", self.error("gen", args={"size": "1"})[0])
        self.assertIn("takes no arguments", self.error("loader", args={"size": "1"})[0])

    def test_classes_and_methods(self):
        self.assertIn(":Takes(folder=...)`", self.error("Takes")[1])
        self.assertIn(":Loader(...).batches()`", self.error("Loader.batches")[1])

    def test_what_hands_out_nothing(self):
        self.assertIn("it is no generator", self.error("Nested")[0])
        self.assertIn("[1]`", self.error("pair")[1])
        self.assertIn("is no stream", self.error("dict(train=loader)")[0])

    def test_no_file_and_no_name(self):
        for target, word in [("nowhere.py:gen", "no file"), ("train.py", "names no object")]:
            child = Child({"target": target})
            child.run()
            self.assertIn(word, child.one("ERROR")["message"])


class Samples(unittest.TestCase):
    def test_samples_are_put_together_and_their_differences_told(self):
        child = pulled("samples", rows=2)
        self.assertEqual(child.one("HELLO")["samples"], 2)
        self.assertEqual((child.one("HELLO")["len"], len(child.of("BATCH"))), (2, 2))
        self.assertEqual([leaf["shape"] for leaf in child.of("BATCH")[0]["leaves"]], [[2, 3, 2], [2]])
        self.assertEqual(child.of("SAMPLES"), [])
        child = pulled("samples")
        told = child.one("SAMPLES")
        self.assertEqual(told["count"], 3)
        self.assertEqual(
            told["groups"],
            [
                {"path": [0], "dtype": "float32", "shape": [3, 2], "count": 2, "first": 0},
                {"path": [0], "dtype": "float32", "shape": [3, 3], "count": 1, "first": 2},
            ],
        )
        leaf = child.one("BATCH")["leaves"][0]
        self.assertEqual(leaf["objects"]["shapes"], [[[3, 2], 2, 0], [[3, 3], 1, 2]])

    def test_keys_that_some_samples_lack(self):
        child = capture(
            """
            import numpy as np
            data = [{"x": np.zeros(2), "id": 1}, {"x": np.zeros(2), "id": 2}, {"x": np.zeros(2)}]
        """,
            "data",
        )
        self.assertEqual(child.one("SAMPLES")["lost"], [{"key": "id", "missing": 1, "first": 2}])


class StandIns(unittest.TestCase):
    """Classes with the names of the frameworks' own."""

    def run_as(self, text, module="made_up", target="data", **options):
        with Program(train=text) as program:
            folder = program.path("")
            parts = module.split(".")
            for count in range(1, len(parts)):
                package = os.path.join(folder, *parts[:count])
                os.makedirs(package, exist_ok=True)
                with open(os.path.join(package, "__init__.py"), "w"):
                    pass
            path = os.path.join(folder, *parts) + ".py"
            with open(path, "w") as file:
                file.write(textwrap.dedent(FRAMEWORKS[module]))
            child = Child(
                dict({"target": program.path("train.py") + ":" + target, "batches": None}, **options)
            )
            child.run()
            self.assertEqual(child.of("ERROR"), [], child.stderr.decode())
            return child

    def test_keras_dataset(self):
        child = self.run_as(
            """
            from keras.src.trainers.data_adapters.py_dataset_adapter import PyDataset
            class Mine(PyDataset):
                def __len__(self): return 3
                def __getitem__(self, i): return i
            data = Mine(workers=4)
        """,
            "keras.src.trainers.data_adapters.py_dataset_adapter",
        )
        hello = child.one("HELLO")
        self.assertEqual(
            (hello["kind"], hello["len"], hello["workers"], hello["class"]),
            ("keras.PyDataset", 3, 4, "train.Mine"),
        )
        self.assertEqual([batch["leaves"][0]["repr"] for batch in child.of("BATCH")], ["0", "1", "2"])
        self.assertNotIn(b"epoch", child.stderr)

    def test_tensorflow_dataset(self):
        child = self.run_as(
            """
            from tensorflow.python.data.ops.dataset_ops import Mine
            data = Mine()
        """,
            "tensorflow.python.data.ops.dataset_ops",
        )
        hello = child.one("HELLO")
        self.assertEqual((hello["kind"], hello["len"], len(child.of("BATCH"))), ("tf.data.Dataset", 2, 2))
        self.assertEqual(
            hello["element_spec"],
            [
                {"path": ["x"], "dtype": "float32", "shape": [None, 3]},
                {"path": ["y"], "dtype": "int64", "shape": None},
            ],
        )

    def test_torch_loader(self):
        child = self.run_as(
            """
            import numpy as np
            from torch.utils.data.dataloader import DataLoader
            data = DataLoader([np.zeros(2, "f4"), np.zeros(2, "f4"), np.zeros(2, "f4"), np.zeros(2)], 2, num_workers=3)
        """,
            "torch.utils.data.dataloader",
        )
        hello = child.one("HELLO")
        self.assertEqual((hello["kind"], hello["workers"], hello["len"]), ("torch.DataLoader", 3, 2))
        self.assertIn(b"workers 0", child.stderr)
        self.assertEqual([group["dtype"] for group in child.one("SAMPLES")["groups"]], ["float32", "float64"])
        self.assertEqual(child.one("SAMPLES")["batch"], 1)
        kinds = [frame.kind for frame in child.frames]
        self.assertLess(kinds.index("SAMPLES"), len(kinds) - 1 - kinds[::-1].index("BATCH"))

    def test_torch_datasets(self):
        child = self.run_as(
            """
            import numpy as np
            from torch.utils.data.dataset import Dataset, IterableDataset
            class Mine(Dataset):
                def __len__(self): return 5
                def __getitem__(self, i): return np.full(2, i), i
            class Stream(IterableDataset):
                def __iter__(self): return iter([1, 2])
            data, stream = Mine(), Stream()
        """,
            "torch.utils.data.dataset",
            rows=4,
        )
        self.assertEqual((child.one("HELLO")["kind"], child.one("HELLO")["len"]), ("torch.Dataset", 2))
        self.assertEqual(
            [[leaf["shape"] for leaf in batch["leaves"]] for batch in child.of("BATCH")],
            [[[4, 2], [4]], [[1, 2], [1]]],
        )

    def test_huggingface_dataset(self):
        child = self.run_as(
            """
            import numpy
            from datasets.arrow_dataset import Dataset
            data = Dataset()
        """,
            "datasets.arrow_dataset",
            rows=2,
        )
        self.assertEqual((child.one("HELLO")["kind"], len(child.of("BATCH"))), ("datasets.Dataset", 2))
        self.assertEqual([leaf["shape"] for leaf in child.of("BATCH")[0]["leaves"]], [[2, 2], [2]])


FRAMEWORKS = {
    "keras.src.trainers.data_adapters.py_dataset_adapter": """
        class PyDataset:
            def __init__(self, workers=1): self._workers = workers
            def on_epoch_end(self): print("epoch")
    """,
    "tensorflow.python.data.ops.dataset_ops": """
        class DType:
            def __init__(self, name): self.name = name
        class Shape:
            def __init__(self, sizes): self.sizes = sizes
            def as_list(self):
                if self.sizes is None: raise ValueError
                return self.sizes
        class Spec:
            def __init__(self, dtype, shape): self.dtype, self.shape = DType(dtype), Shape(shape)
        class DatasetV2:
            element_spec = {"x": Spec("float32", [None, 3]), "y": Spec("int64", None)}
            def cardinality(self): return 2
            def __iter__(self): return iter([1, 2])
        class Mine(DatasetV2): pass
    """,
    "torch.utils.data.dataloader": """
        class DataLoader:
            def __init__(self, dataset, batch_size, num_workers=0):
                self.dataset, self.batch_size, self.num_workers = dataset, batch_size, num_workers
                self.prefetch_factor, self.collate_fn, self.batch_sampler = 2, list, object()
                self.done = True
            def __setattr__(self, name, value):
                if getattr(self, "done", False): raise ValueError(name)
                object.__setattr__(self, name, value)
            def __len__(self): return len(self.dataset) // self.batch_size
            def __iter__(self):
                print("workers", self.num_workers, self.prefetch_factor)
                for i in range(len(self)):
                    yield self.collate_fn(self.dataset[i * self.batch_size:(i + 1) * self.batch_size])
    """,
    "torch.utils.data.dataset": """
        class Dataset: pass
        class IterableDataset(Dataset): pass
    """,
    "datasets.arrow_dataset": """
        class Dataset:
            def __len__(self): return 3
            def __getitem__(self, i): return {"ids": [i, i + 1], "label": i}
    """,
}


class Sources(unittest.TestCase):
    SCRIPT = """
        from __future__ import annotations
        import os
        import not_needed_and_not_there
        SIZE = 3
        CONFIG = {"a": 1}
        CONFIG["b"] = SIZE
        OTHER = print("not needed")

        def helper():
            return CONFIG["b"]

        def gen():
            yield helper()

        for i in range(3):
            print("training", i)
        if __name__ == "__main__":
            SIZE = 9
    """

    def test_slice(self):
        child = capture(self.SCRIPT, options={"import": "slice"})
        self.assertEqual(child.of("ERROR"), [])
        self.assertEqual(child.one("BATCH")["leaves"][0]["repr"], "3")
        self.assertEqual(child.stderr, b"")
        self.assertEqual(child.one("HELLO")["skipped"], [3, 4, 8, 16, 18])

    def test_overlay(self):
        with Program(train="import part\ndef gen():\n    yield part.SIZE\n", part="SIZE = 1\n") as program:
            changed = {
                program.path("part.py"): "SIZE = 2\n",
                program.path(
                    "train.py"
                ): "import part\ndef gen():\n    yield part.SIZE, __file__\n    raise ValueError\n",
            }
            child = Child({"target": program.path("train.py") + ":gen", "overlay": changed})
            child.run()
            self.assertEqual(
                [leaf["repr"] for leaf in child.one("BATCH")["leaves"]],
                ["2", repr(program.path("train.py"))[:80]],
            )
            frame = child.one("ERROR")["error"]["frames"][-1]
            self.assertEqual(
                (frame["file"], frame["line"], frame["user"]), (program.path("train.py"), 4, True)
            )
            self.assertIn("raise ValueError\n", child.one("ERROR")["error"]["text"])
            self.assertEqual(os.listdir(program.folder.name).count("__pycache__"), 0)

    def test_seed_repeats_and_casts_are_applied(self):
        text = """
            import random
            import numpy as np
            def gen():
                rng = np.random.default_rng()
                for i in range(2):
                    yield np.random.rand(3), rng.random(3), np.full(3, random.random())
        """
        child = capture(
            text, options={"seed": 7, "repeat": 2, "batches": None, "cast": [[[0], "float32"]]}, runs=2
        )
        payloads = [batch.payload for batch in child.of("BATCH")]
        self.assertEqual(payloads[:2], payloads[2:])
        self.assertNotEqual(payloads[0], payloads[1])
        self.assertEqual(
            [leaf["dtype"] for leaf in child.of("BATCH")[0]["leaves"]], ["float32", "float64", "float64"]
        )
        again = capture(text, options={"seed": 7, "batches": None})
        self.assertEqual(
            leaf_bytes(again.of("BATCH")[1], again.of("BATCH")[1]["leaves"][1]),
            leaf_bytes(child.of("BATCH")[1], child.of("BATCH")[1]["leaves"][1]),
        )


if __name__ == "__main__":
    unittest.main()
