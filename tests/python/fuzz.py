"""Random generator programs, run with and without tracing; every place that is claimed exact is cut out of
the file by
code of its own, evaluated, and compared with what was yielded.

    python tests/python/fuzz.py [--programs N] [--seed S]
"""

import argparse
import collections
import importlib.util
import os
import random
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "python"))

import numpy as np

from batchlint._capture.origin import Origins
from batchlint._capture.program import is_user
from batchlint._capture.tracer import Tracer
from batchlint._capture.tree import flatten, is_array

PARTS = [
    "a",
    "b",
    "a + 1",
    "a * b",
    "np.zeros(3)",
    "f(a)",
    "d['k']",
    "self_.x",
    "(a)",
    "(a\n            + b)",
    "a if flag else b",
    "(lambda q: q)(a)",
    "[v for v in [a]][0]",
    "-a",
    "np.stack(\n            [a, b],\n        )[0]",
    "é",
    "a[::2]",
    "np.asarray([1.0,\n     2.0])",
]
HEAD = """# -*- coding: utf-8 -*-
import numpy as np, contextlib
from collections import namedtuple
NT = namedtuple("NT", "x y")
def f(q): return q * 2
class S: pass
self_ = S(); self_.x = np.ones(3)
@contextlib.contextmanager
def cm(): yield 1
"""
BODY = "    a = np.arange(3.0); b = np.ones(3); d = {'k': np.full(3, 7.)}; é = np.full(3, 9.)\n"
AROUND = [
    "    {Y}\n",
    "    for i in range(2):\n        {Y}\n",
    "    try:\n        {Y}\n    finally:\n        pass\n",
    "    with cm() as _:\n        {Y}\n",
    "    pass; {Y}; pass\n",
    "    z = {Y}\n",
    "    if flag: {Y}\n    else: yield None\n",
    "    yield None\n    {Y}\n",
    "    {Y}; {Y2}\n",
    "    while flag:\n        {Y}\n        flag = False\n",
    "    try:\n        raise KeyError\n    except KeyError:\n        {Y}\n",
    "    for i in range(1):\n        pass\n    else:\n        {Y}\n    {Y2}\n",
    "    yield from ({E} for _ in range(1))\n",
    "    batch = {E}\n    yield batch\n",
]
Y_ONLY = 9  # the first ones, as in the measurement that the floor of 94 % comes from


class Fuzz:
    """`counts`: (mode, what came of it) of all leaves; `wrong`: the cases that must not be."""

    def __init__(self, seed=7, around=AROUND):
        self.random, self.around = random.Random(seed), around
        self.counts, self.wrong, self.logged = collections.Counter(), [], []

    def expression(self, depth=0):
        if depth == 0 or self.random.random() < 0.45 and depth < 3:
            kind = self.random.choice("ttlddcwn")
            parts = [self.expression(depth + 1) for _ in range(self.random.randint(1, 3))]
            if kind == "t":
                text = ", ".join(parts) + ("," if len(parts) == 1 else "")
                bare = not depth and self.random.random() >= 0.5 and "\n" not in text and len(parts) > 1
                return text if bare else "(%s)" % text
            if kind == "l":
                return "[%s]" % ", ".join(parts)
            if kind == "d":
                comma = self.random.choice([", ", ",\n          "])
                return "{%s}" % comma.join("%r: %s" % ("k%d" % i, part) for i, part in enumerate(parts))
            if kind == "c":
                return "dict(%s)" % ", ".join("k%d=%s" % (i, part) for i, part in enumerate(parts))
            if kind == "w":
                return "(%s, *[a, b], %s)" % (parts[0], parts[-1])
            return "NT(%s, y=%s)" % (parts[0], parts[-1])
        return self.random.choice(PARTS)

    def program(self):
        first, second, around = self.expression(), self.expression(), self.random.choice(self.around)
        text = "yield " + first
        if around.strip().startswith("z =") and "\n" in first:
            text = "(%s)" % text
        enclosed = first if "{E}" not in around or first[:1] in "([{dN" else "(%s)" % first
        return (
            HEAD
            + "def gen(flag=True):\n"
            + BODY
            + around.replace("{Y2}", "yield " + second).replace("{Y}", text).replace("{E}", enclosed)
        )

    def run(self, programs):
        with tempfile.TemporaryDirectory() as folder:
            for number in range(programs):
                text = self.program()
                path = os.path.join(folder, "m%d.py" % number)
                with open(path, "w", encoding="utf-8", newline="") as file:
                    file.write(text if number % 3 else text.replace("\n", "\r\n"))
                spec = importlib.util.spec_from_file_location("m%d" % number, path)
                module = importlib.util.module_from_spec(spec)
                try:
                    spec.loader.exec_module(module)
                except SyntaxError:
                    self.counts["both", "no Python"] += 1
                    continue
                for mode in ("traced", "untraced"):
                    self.pull(mode, module, path)

    def pull(self, mode, module, path):
        generator = module.gen()
        sites = {}

        def send(kind, message, payload=b""):
            if kind == 8:
                sites[message["id"]] = message
            elif kind == 7:
                self.logged.append(message["message"])

        origins = Origins(send)
        tracer = Tracer(is_user) if mode == "traced" else None
        if tracer is not None:
            tracer.start()
        try:
            while True:
                if tracer is not None:
                    tracer.reset()
                    tracer.active = True
                try:
                    batch = next(generator)
                except StopIteration:
                    break
                finally:
                    if tracer is not None:
                        tracer.active = False
                if batch is None:
                    continue
                tree, leaves = flatten(batch)
                number, _ = origins.site(generator, batch, tree, leaves, tracer)
                names = dict(generator.gi_frame.f_locals)
                elements = sites[number]["elements"] if number in sites else []
                told = {tuple(element["path"]): element for element in elements}
                for at, leaf in leaves:
                    self.counts[mode, self.judge(path, module, names, told.get(at, {}), at, leaf)] += 1
        finally:
            if tracer is not None:
                tracer.stop()

    def judge(self, path, module, names, element, at, leaf):
        if "span" not in element:
            self.wrong.append(("missing", path, at))
            return "missing"
        if not element["exact"]:
            return "enclosing"
        text = cut(path, element["span"])
        try:
            value = eval("(" + text + "\n)", module.__dict__, names)
        except Exception as error:
            self.wrong.append((text, at, error))
            return "wrong"
        if is_array(leaf):
            right = np.array_equal(np.asarray(value), np.asarray(leaf))
        else:
            right = value == leaf
        if not right:
            self.wrong.append((text, at, leaf))
        return "exact" if right else "wrong"


def cut(path, span):
    """The text of a span of a file, by nothing of the product."""
    with open(path, encoding="utf-8") as file:
        lines = [line.encode() for line in file.read().split("\n")]
    first, begin, last, end = span
    if first == last:
        return lines[first - 1][begin:end].decode()
    return b"\n".join([lines[first - 1][begin:]] + lines[first : last - 1] + [lines[last - 1][:end]]).decode()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=int, default=400)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    fuzz = Fuzz(args.seed)
    fuzz.run(args.programs)
    print("Python %d.%d, %d programs, seed %d" % (sys.version_info[:2] + (args.programs, args.seed)))
    for (mode, what), count in sorted(fuzz.counts.items()):
        print("%-9s %-10s %6d" % (mode, what, count))
    for case in fuzz.wrong[:20]:
        print(*map(repr, case))
    for message in sorted(set(fuzz.logged)):
        print(message)
    return 1 if fuzz.wrong or fuzz.logged else 0


if __name__ == "__main__":
    sys.exit(main())
