"""What a look at a running program costs. Called by scripts/bench-capture.

Every figure is the median of rounds in which the contestants take turns. `wall` is the whole process, start of Python and
import of NumPy included; `loop` is the time between the first request for a batch and the moment when the generator is asked
for one more or closed, told by the generator itself: what a look costs a program that runs, without the start of anything.
"""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

PROGRAM = r'''
import os, sys, time
import numpy as np


def timed(generator):
    """The generator, which tells how long it took in a file."""

    def told(*args, **kwargs):
        began = time.perf_counter()
        try:
            yield from generator(*args, **kwargs)
        finally:
            with open(os.environ["BENCH_LOOP"], "w") as file:
                file.write(repr(time.perf_counter() - began))

    return told


@timed
def slow(batches=60):
    """Batches of 32 RGB images of 224 x 224 as float32, 19.27 MB, made in 20 ms: faster than any that are decoded."""
    labels = np.arange(32) % 2
    for _ in range(batches):
        yield np.random.rand(32, 224, 224, 3).astype("f4"), labels


@timed
def fast(batches=60):
    """The same, made in 7 ms: hardly faster than memory is."""
    rng = np.random.default_rng(0)
    labels = np.arange(32) % 2
    for _ in range(batches):
        yield rng.random((32, 224, 224, 3), dtype=np.float32), labels


@timed
def naive(steps=20, batch_size=32):
    for _ in range(steps):
        data = np.random.rand(batch_size, 32, 32, 3)
        labels = np.random.randint(0, 2, size=batch_size)
        yield data, labels


if __name__ == "__main__":
    how, name, batches = sys.argv[1], sys.argv[2], int(sys.argv[3])
    stream = globals()[name](batches)
    if how == "watch":
        import batchlint

        stream = batchlint.watch(stream, 'framework = "any"\n', batches=int(sys.argv[4]), on_findings="ignore")
    for batch in stream:
        pass
'''


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batches", type=int, default=60)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, ".git"))
        with open(os.path.join(folder, "program.py"), "w") as file:
            file.write(PROGRAM)
        batches, binary = str(args.batches), os.environ["BATCHLINT_BIN"]

        def python(*arguments):
            return [sys.executable, "program.py", *arguments]

        def run(target, *arguments):
            return [binary, "run", target, "--python", sys.executable, "--fail-on", "error", "-qq", *arguments]

        contestants = {}
        for name in ("slow", "fast"):
            target = ("program.py:" + name, "--arg", "batches=" + batches, "--batches", batches)
            contestants[name + ", bare"] = python("bare", name, batches)
            contestants[name + ", `watch` of the first 20"] = python("watch", name, batches, "20")
            contestants[name + ", `watch` of all"] = python("watch", name, batches, batches)
            contestants[name + ", `run`"] = run(*target)
            contestants[name + ", `run --headers-only`"] = run(*target, "--headers-only")
            contestants[name + ", `run --select non-finite-values`"] = run(*target, "--select", "non-finite-values")
        contestants["naive, bare"] = python("bare", "naive", "20")
        contestants["naive, `run`"] = run("program.py:naive")
        walls = {name: [] for name in contestants}
        loops = {name: [] for name in contestants}
        told = os.path.join(folder, "loop")
        env = dict(os.environ, BENCH_LOOP=told)
        for _ in range(args.rounds):
            for name, command in contestants.items():
                began = time.perf_counter()
                subprocess.run(command, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                walls[name].append(time.perf_counter() - began)
                with open(told) as file:
                    loops[name].append(float(file.read()))
                os.remove(told)
        print("| | wall | beside bare | loop | beside bare |")
        print("| --- | --- | --- | --- | --- |")
        for name in contestants:
            bare = name.split(",")[0] + ", bare"
            cells = [name]
            for times in (walls, loops):
                median = statistics.median(times[name])
                cells += ["%.2f s" % median, "%.2fx" % (median / statistics.median(times[bare]))]
            print("| %s |" % " | ".join(cells))


if __name__ == "__main__":
    main()
