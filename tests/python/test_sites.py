"""Positions and edits through a whole run: SOURCE, SITE, PLAN."""

import unittest

from parent import BYE, PLAN, Child, Program, capture

TEXT = """import numpy as np

def gen(batch_size=4):
    for step in range(3):
        data = np.random.rand(batch_size, 2)
        labels = np.zeros(batch_size, "f4")
        yield data, labels
"""


class Sites(unittest.TestCase):
    def test_a_site_is_told_once_after_its_source_and_before_its_first_batch(self):
        child = capture(TEXT)
        kinds = [frame.kind for frame in child.frames]
        self.assertEqual(
            kinds, ["START", "HELLO", "SOURCE", "SITE", "BATCH", "BATCH", "BATCH", "END"], child.frames
        )
        self.assertEqual(child.one("SOURCE").payload.decode(), TEXT)
        site = child.one("SITE")
        self.assertEqual((site["line"], site["kind"], site["func"]), (7, "yield", "gen"))
        self.assertEqual([batch["site"] for batch in child.of("BATCH")], [site["id"]] * 3)
        self.assertEqual(site["elements"][0]["span"], [7, 14, 7, 18])
        self.assertEqual(site["elements"][0]["made"][0]["span"], [5, 15, 5, 44])

    def test_without_tracing(self):
        child = capture(TEXT, options={"trace": False})
        self.assertEqual((child.of("SITE"), len(child.of("BATCH"))), ([], 3))

    def test_in_a_script(self):
        with Program(torch="", train="") as program:
            import os

            os.makedirs(program.path("keras"))
            program.write("keras/__init__.py", "class Model:\n    def fit(self, x): pass\n")
            path = program.write("train.py", "import keras\n" + TEXT + "keras.Model().fit(gen())\n")
            child = Child({"script": path}, cwd=program.folder.name)
            child.run()
            self.assertEqual(child.one("SITE")["line"], 8)

    def test_a_class_with_next(self):
        child = capture(
            """
            import numpy as np
            class Mine:
                def __iter__(self):
                    return self
                def __next__(self):
                    x = np.zeros(3)
                    return x, 1
        """,
            "Mine",
        )
        self.assertEqual((child.one("SITE")["kind"], child.one("SITE")["line"]), ("return", 8))

    def test_plan_round_trip(self):
        def on_frame(child, frame):
            if frame.kind == "END":
                child.command(
                    PLAN,
                    {
                        "id": 5,
                        "wants": [
                            {"site": child.one("SITE")["id"], "path": [0], "do": "cast", "dtype": "float32"}
                        ],
                    },
                )
            elif frame.kind == "EDITS":
                child.command(BYE)

        with Program(train=TEXT) as program:
            child = Child({"target": program.path("train.py") + ":gen"}, on_frame=on_frame)
            child.run(bye=False)
        edits = child.one("EDITS")
        self.assertEqual((edits["id"], edits["results"][0]["ok"]), (5, True))
        self.assertEqual(
            edits["files"][0]["text"],
            TEXT.replace("rand(batch_size, 2)", "rand(batch_size, 2).astype(np.float32)"),
        )
        patched = edits["files"][0]["text"]
        with Program(train=TEXT) as program:
            child = Child(
                {"target": program.path("train.py") + ":gen", "overlay": {program.path("train.py"): patched}}
            )
            child.run()
            self.assertEqual(child.of("BATCH")[0]["leaves"][0]["dtype"], "float32")
            self.assertEqual(child.one("SOURCE").payload.decode(), patched)

    def test_plan_that_comes_before_the_end(self):
        def on_frame(child, frame):
            if frame.kind == "SITE":
                child.command(
                    PLAN, {"id": 1, "wants": [{"site": 99, "path": [0], "do": "cast", "dtype": "float32"}]}
                )
            elif frame.kind == "EDITS":
                child.command(BYE)

        with Program(train=TEXT) as program:
            child = Child({"target": program.path("train.py") + ":gen"}, on_frame=on_frame)
            child.run(bye=False)
        self.assertFalse(child.one("EDITS")["results"][0]["ok"])


if __name__ == "__main__":
    unittest.main()
