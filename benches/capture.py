"""What a look at a running program costs. Called by scripts/bench-capture.

Every figure is the median of rounds in which the contestants take turns. `wall` is the whole process, start of Python and
import of NumPy included; `loop` is the time between the first request for a batch and the last batch, told by the program
itself.
"""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

PROGRAM = r'''
import sys, time
import numpy as np


def large(batches=60):
    """Batches of 32 RGB images of 224 x 224 as float32, 19.27 MB, made as slowly as real ones are."""
    rng = np.random.default_rng(0)
    labels = np.arange(32) % 2
    for _ in range(batches):
        yield rng.random((32, 224, 224, 3), dtype=np.float32), labels


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
    began = time.perf_counter()
    for batch in stream:
        pass
    print(time.perf_counter() - began)
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

        contestants = {
            "large, bare": python("bare", "large", batches),
            "large, `watch` of the first 20": python("watch", "large", batches, "20"),
            "large, `watch` of all": python("watch", "large", batches, batches),
            "large, `run`": run("program.py:large", "--arg", "batches=" + batches, "--batches", batches),
            "large, `run --headers-only`": run("program.py:large", "--arg", "batches=" + batches, "--batches", batches,
                                            "--headers-only"),
            "large, `run --select non-finite-values`": run("program.py:large", "--arg", "batches=" + batches, "--batches", batches,
                                             "--select", "non-finite-values"),
            "naive, bare": python("bare", "naive", "20"),
            "naive, `run`": run("program.py:naive"),
        }
        walls = {name: [] for name in contestants}
        loops = {name: [] for name in contestants}
        for _ in range(args.rounds):
            for name, command in contestants.items():
                began = time.perf_counter()
                done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
                walls[name].append(time.perf_counter() - began)
                if command[1] == "program.py":
                    loops[name].append(float(done.stdout))
        print("| | wall | beside bare | loop | beside bare |")
        print("| --- | --- | --- | --- | --- |")
        for name in contestants:
            bare = name.split(",")[0] + ", bare"
            wall = statistics.median(walls[name])
            line = "| %s | %.2f s | %.2fx |" % (name, wall, wall / statistics.median(walls[bare]))
            if loops[name]:
                loop = statistics.median(loops[name])
                line += " %.2f s | %.2fx |" % (loop, loop / statistics.median(loops[bare]))
            else:
                line += " | |"
            print(line)


if __name__ == "__main__":
    main()
