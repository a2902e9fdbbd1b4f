"""What more data costs: the same work on 1, 10 and 100 times as much of it. Called by scripts/bench-growth.

    growth.py BATCHLINT FOLDER
    growth.py write FOLDER

Writes its files to FOLDER, in a process of its own, and prints a table. All sizes take turns; times are medians of rounds, memory is the most that
a process had in any of them. The start of the program is part of every time. A child starts with the peak of its parent, so this process has to stay smaller than what it measures.
"""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROUNDS = 5
SIZES = (10_000_000, 100_000_000, 1_000_000_000)
FILES = (1_000, 10_000, 100_000)


def write(folder):
    import numpy as np

    rng = np.random.default_rng(0)
    for size in SIZES:
        np.save(folder / f"floats_{size}.npy", rng.standard_normal((size // 4096, 1024), dtype=np.float32))
        np.save(folder / f"bytes_{size}.npy", rng.integers(0, 256, (size // 3072, 32, 32, 3), dtype=np.uint8))
    for count in FILES:
        for i in range(count):
            part = folder / f"files_{count}" / f"part_{i // 1000:03}"
            part.mkdir(parents=True, exist_ok=True)
            np.save(part / f"x_{i:06}.npy", rng.standard_normal((4, 48), dtype=np.float32))


def run(command):
    """Seconds and peak memory in bytes of one process."""
    began = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - began
    # Findings are no failure.
    assert os.waitstatus_to_exitcode(status) in (0, 1, 3), command
    return seconds, usage.ru_maxrss * 1024


def main():
    binary, folder = sys.argv[1], Path(sys.argv[2])
    if binary == "write":
        write(folder)
        return
    if not (folder / "done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, __file__, "write", str(folder)], check=True)
        (folder / "done").touch()
    numbers = ["--select", "non-finite-values"]
    works = [
        ("float32, counts and extremes", "floats_%d.npy", SIZES, "GB", 1e9, numbers),
        ("float32, every rule", "floats_%d.npy", SIZES, "GB", 1e9, []),
        ("uint8 images, every rule", "bytes_%d.npy", SIZES, "GB", 1e9, []),
        ("small .npy, every rule", "files_%d", FILES, "100,000 files", 1e5, []),
    ]
    times, memory = {}, {}
    for round_ in range(ROUNDS + 1):
        for work, name, sizes, _, _, select in works:
            for size in sizes:
                seconds, peak = run([binary, "check", "-qq", str(folder / (name % size)), *select])
                if round_:  # the first one warms the page cache
                    times.setdefault((work, size), []).append(seconds)
                    memory[work, size] = max(memory.get((work, size), 0), peak)
    print("| work | 1x | 10x | 100x | each of the 100x | memory at 1x, 10x, 100x |")
    print("| --- | --- | --- | --- | --- | --- |")
    for work, _, sizes, unit, one, _ in works:
        median = [statistics.median(times[work, size]) for size in sizes]
        seconds = " | ".join("%.3f s" % value for value in median)
        peaks = ", ".join("%.0f MB" % (memory[work, size] / 1e6) for size in sizes)
        print(f"| {work} | {seconds} | {median[2] / sizes[2] * one:.3f} s per {unit} | {peaks} |")


if __name__ == "__main__":
    main()
