"""Programs written to a folder, run as the capture runs them, and what was sent about them."""

import importlib.util
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "python"))

from batchlint._capture.origin import Origins
from batchlint._capture.program import is_user
from batchlint._capture.tracer import Tracer
from batchlint._capture.tree import flatten

_modules = 0


def cut(text, span):
    """The text of a span, by nothing of the product."""
    lines = [line.encode() for line in text.replace("\r\n", "\n").split("\n")]
    first, begin, last, end = span
    if first == last:
        return lines[first - 1][begin:end].decode()
    return b"\n".join([lines[first - 1][begin:]] + lines[first : last - 1] + [lines[last - 1][:end]]).decode()


class Program:
    """A module from a text, what it yields, and the sites that were told. `pull` may be called again."""

    def __init__(self, folder, text, encoding="utf-8", data=None):
        global _modules
        _modules += 1
        self.text, self.path = text, os.path.join(folder, "program%d.py" % _modules)
        with open(self.path, "wb") as file:
            file.write(text.encode(encoding) if data is None else data)
        spec = importlib.util.spec_from_file_location("program%d" % _modules, self.path)
        self.module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = self.module
        spec.loader.exec_module(self.module)
        self.frames, self.sites, self.sources, self.texts, self.logged = [], {}, {}, {}, []
        self.origins = Origins(self.send)

    def send(self, kind, message, payload=b""):
        self.frames.append((kind, message))
        if kind == 8:
            self.sites[message["id"]] = message
        elif kind == 6:
            self.sources[message["id"]], self.texts[message["id"]] = message, payload.decode("utf-8")
        else:
            self.logged.append(message)

    def pull(self, target="gen()", traced=True, batches=1, wrap=None):
        """[(site number, assumed)] of the first batches; the first two are traced, as a run does it."""
        maker = Tracer(is_user, lines=False)
        maker.start()
        maker.active = True
        try:
            made = eval(target, self.module.__dict__)
            iterator = iter(made) if wrap is None else wrap(made)
        finally:
            maker.active = False
            self.origins.factory(maker.exits)
            maker.stop()
        tracer = Tracer(is_user)
        if traced:
            tracer.start()
        told = []
        try:
            for index in range(batches):
                if index == 2:
                    tracer.stop()
                tracer.reset()
                tracer.active = True
                try:
                    batch = next(iterator)
                finally:
                    tracer.active = False
                self.tree, self.leaves = flatten(batch)
                told.append(self.origins.site(iterator, batch, self.tree, self.leaves, tracer))
        finally:
            tracer.stop()
        self.iterator = iterator
        return told

    def element(self, site, *path):
        return next(element for element in self.sites[site]["elements"] if element["path"] == list(path))

    def where(self, told):
        """The text of a span of something told."""
        return cut(self.texts[told["source"]], told["span"])

    def elements(self, site=0):
        """[(path, exact, text)] of a site."""
        return [
            (tuple(element["path"]), element["exact"], self.where(element) if "span" in element else None)
            for element in self.sites[site]["elements"]
        ]

    def made(self, site, *path):
        """[(why, text)] of where an element was made."""
        return [(made["why"], self.where(made)) for made in self.element(site, *path)["made"]]

    def became(self, site, *path):
        return [(one["from"], one["to"], self.where(one)) for one in self.element(site, *path)["became"]]
