"""Milliseconds of whole processes that do next to nothing, in turns. Called by scripts/bench-start.

    start.py BATCHLINT

Prints a table in Markdown: medians of 200 rounds.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

ROUNDS = 200


def main():
    batchlint = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, ".git"))
        np.save(os.path.join(folder, "x_0.npy"), np.linspace(0, 1, 96, dtype=np.float32).reshape(12, 8))
        contestants = {
            "`/bin/true`": ["/bin/true"],
            "`batchlint --version`": [batchlint, "--version"],
            "`batchlint check` of one small .npy": [batchlint, "check", "-qq", "x_0.npy"],
        }
        times = {name: [] for name in contestants}
        for _ in range(ROUNDS):
            for name, command in contestants.items():
                began = time.perf_counter()
                subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
                times[name].append((time.perf_counter() - began) * 1000)
    print("| process, ms | median | least |")
    print("| --- | --- | --- |")
    for name, spent in times.items():
        print(f"| {name}, ms | {statistics.median(spent):.2f} | {min(spent):.2f} |")


if __name__ == "__main__":
    main()
