"""Where batches come from that no generator yields, and how their source is read."""

import os
import sys
import unittest

from shapes import HEAD, Shapes

import numpy as np

from batchlint._capture.origin import Origins
from batchlint._capture.program import is_user
from batchlint._capture.tracer import Tracer
from batchlint._capture.tree import flatten


class OtherSources(Shapes):
    def test_a_list_made_by_a_factory(self):
        for text in (
            "def gen(): return [(np.ones(i), i) for i in range(3)]\n",
            "def gen():\n    made = [(np.ones(i), i) for i in range(3)]\n    return made\n",
        ):
            program = self.both(text, ["np.ones(i)", "i"], batches=3)
            self.assertEqual(self.told, [(0, False)] * 3)
            self.assertEqual(program.sites[0]["kind"], "element")

    def test_classes(self):
        text = "class Own:\n    def __iter__(self): return self\n    def __next__(self):\n        x = np.ones(3)\n        return x, 1\n"
        program = self.traced(text, ["x", "1"], "Own()", batches=4)
        self.assertEqual(self.told, [(0, False), (0, False), (0, True), (0, True)])
        self.assertEqual(program.sites[0]["kind"], "return")
        program = self.program(text, "Own()", traced=False)
        self.assertEqual(self.told, [(None, False)])
        self.both(
            "class Own:\n    def __iter__(self):\n        x = np.ones(3)\n        yield x, 1\n",
            ["x", "1"],
            "Own()",
        )

    def test_a_callable_until_a_sentinel(self):
        self.traced("def load():\n    return np.ones(3), 1\n", ["np.ones(3)", "1"], "iter(load, None)")

    def test_several_returns(self):
        program = self.program(
            """
            class D:
                n = 0
                def __iter__(self): return self
                def __next__(self):
                    self.n += 1
                    x = np.ones(3)
                    if self.n == 1:
                        return x, 1
                    return x, 2
            """,
            "D()",
            batches=2,
        )
        self.assertEqual([number for number, _ in self.told], [0, 1])
        self.assertEqual([program.elements(i)[1][2] for i in (0, 1)], ["1", "2"])

    def test_a_return_within_with_and_try(self):
        for text in (
            "with contextlib.suppress(KeyError):\n            return x, 1\n",
            "try:\n            return x, 1\n        finally:\n            x = x\n",
        ):
            self.traced(
                "class D:\n    def __iter__(self): return self\n    def __next__(self):\n        x = np.ones(3)\n        "
                + text,
                ["x", "1"],
                "D()",
            )

    def test_items_by_index(self):
        program = self.traced(
            """
            class Data:
                def __len__(self): return 3
                def __getitem__(self, i):
                    x = np.ones(3)
                    return {"x": x, "y": np.zeros(2)}
            """,
            ["x", "np.zeros(2)"],
            "Data()",
            wrap=lambda data: (data[i] for i in range(3)),
        )
        self.assertEqual(program.made(0, "x"), [("assign", "np.ones(3)")])

    def test_samples_that_a_loader_stacks_are_inferred(self):
        program = self.program(
            """
            class Data:
                def __len__(self): return 8
                def __getitem__(self, i):
                    x = np.ones(3)
                    return x, i
            """,
            "Data()",
            wrap=stacked,
        )
        site = program.sites[0]
        self.assertTrue(site["inferred"])
        self.assertEqual(site["func"].rpartition(".")[2], "__getitem__")
        self.assertEqual([(exact, cut) for _, exact, cut in program.elements()], [(True, "x"), (True, "i")])
        self.assertEqual(program.element(0, 0)["made"][0]["shape"], [3])

    def test_a_collate_function(self):
        program = self.program(
            """
            class Data:
                def __getitem__(self, i): return np.ones(3), i
            def collate(samples):
                xs = np.stack([s[0] for s in samples])
                return xs, np.asarray([s[1] for s in samples])
            """,
            "Data()",
            wrap=lambda data: iter(lambda: collated(data), None),
        )
        self.assertNotIn("inferred", program.sites[0])
        self.assertEqual(program.elements()[0], ((0,), True, "xs"))

    def test_code_without_a_file(self):
        for wrap in ("<generated>", "/nowhere/at/all.py"):
            names = {"np": np}
            exec(compile("def gen():\n    yield np.ones(3), 1\n", wrap, "exec"), names)
            sent = []
            origins = Origins(lambda kind, message, payload=b"": sent.append((kind, message)))
            tracer = Tracer(is_user)
            generator = names["gen"]()
            batch = next(generator)
            number, _ = origins.site(generator, batch, *flatten(batch), tracer)
            if wrap.startswith("<"):
                self.assertIsNone(number)
            else:
                self.assertEqual((sent[0][1]["how"], sent[0][1]["line"]), ("none", 2))
                self.assertNotIn("source", sent[0][1])
            self.assertNotIn(7, [kind for kind, _ in sent])

    def test_a_notebook_cell(self):
        import linecache

        name = "<ipython-input-1-0>"
        text = "import numpy as np\ndef gen():\n    x = np.ones(3)\n    yield x, 1\n"
        linecache.cache[name] = (len(text), None, text.splitlines(True), name)
        self.addCleanup(linecache.cache.pop, name)
        names = {}
        exec(compile(text, name, "exec"), names)
        sent = []
        generator = names["gen"]()
        batch = next(generator)
        Origins(lambda kind, message, payload=b"": sent.append((kind, message, payload))).site(
            generator, batch, *flatten(batch)
        )
        self.assertEqual([kind for kind, _, _ in sent], [6, 8])
        self.assertEqual(sent[0][1]["file"], name)
        self.assertFalse(sent[0][1]["on_disk"])
        self.assertEqual(sent[0][2].decode(), text)
        self.assertTrue(sent[1][1]["elements"][0]["exact"])


class Texts(Shapes):
    def test_encodings_line_ends_tabs_and_form_feeds(self):
        body = "def gen():\n\té = 'ü'; x = np.ones(3)\n\tyield é, x\n"
        for name, data in [
            ("latin-1", ("# -*- coding: latin-1 -*-\n" + HEAD + body).encode("latin-1")),
            ("mark", ("\ufeff" + HEAD + body).encode()),
            ("crlf", (HEAD + body).replace("\n", "\r\n").encode()),
            ("form feed", (HEAD + "\f\n" + body.replace("; x", ";\f x")).encode()),
        ]:
            with self.subTest(name):
                program = self.program("", head="", data=data)
                self.assertEqual(program.elements(), [((0,), True, "é"), ((1,), True, "x")])
        self.assertEqual(program.sources[0]["encoding"], "utf-8")

    def test_the_source_is_sent_once_with_its_hash(self):
        import hashlib

        program = self.program("def gen():\n    yield np.ones(3), 1\n    yield np.ones(4), 2\n", batches=2)
        self.assertEqual([kind for kind, _ in program.frames], [6, 8, 8])
        source = program.sources[0]
        with open(program.path, "rb") as file:
            self.assertEqual(source["sha256"], hashlib.sha256(file.read()).hexdigest())
        self.assertEqual(source["path"], program.path)
        self.assertTrue(source["on_disk"])
        self.assertEqual(program.texts[0], program.text)

    def test_a_file_below_the_working_directory_is_shown_from_there(self):
        before = os.getcwd()
        self.addCleanup(os.chdir, before)
        os.chdir(self.folder)
        os.mkdir("sub")
        self.folder = os.path.join(os.getcwd(), "sub")
        program = self.program("def gen():\n    yield np.ones(3)\n")
        self.assertEqual(program.sites[0]["file"], "sub/" + os.path.basename(program.path))


# A library's code: it has no file of the user's.
_LOADER = """
def stacked(data):
    while True:
        samples = [data[i] for i in range(4)]
        yield tuple(np.stack([np.asarray(part) for part in parts]) for parts in zip(*samples))
"""
_library = {"np": np}
exec(compile(_LOADER, "<loader>", "exec"), _library)
stacked = _library["stacked"]


def collated(data):
    return sys.modules[type(data).__module__].collate([data[i] for i in range(4)])


if __name__ == "__main__":
    unittest.main()
