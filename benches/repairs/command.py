"""`batchlint fix --in-place` of one large float64 array, beside NumPy and beside `cp`, as whole processes or calls.

python benches/repairs/command.py path/to/batchlint [GB]

Needs NumPy, and room for three such files. The command looks at all values, converts, writes, syncs, reads again, compares and
checks the result once more; NumPy loads, casts, saves and syncs; `cp` copies, and the copy is synced. Three rounds in turn.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

SPEC = """framework = "torch"
[source]
unit = "dataset"
[inputs.x]
dtype = "float32"
shape = ["batch", 224, 224, 3]
"""


def write(path, size):
    """A file of about `size` bytes of random images."""
    shape = (size // (8 * 224 * 224 * 3), 224, 224, 3)
    images = np.lib.format.open_memmap(path, mode="w+", dtype="<f8", shape=shape)
    generator = np.random.default_rng(0)
    for start in range(0, shape[0], 64):
        images[start : start + 64] = generator.random(images[start : start + 64].shape)
    images.flush()


def sync(path):
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def main():
    program, size = sys.argv[1], int(float(sys.argv[2] if len(sys.argv) > 2 else 3) * 1e9)
    with tempfile.TemporaryDirectory(dir=".") as folder:
        first, dump, spec = (os.path.join(folder, name) for name in ("x.npy", "dump", "spec.toml"))
        os.mkdir(dump)
        array, other = os.path.join(dump, "x.npy"), os.path.join(folder, "y.npy")
        with open(spec, "w") as file:
            file.write(SPEC)
        write(first, size)

        def fix():
            subprocess.run([program, "fix", dump, "--spec", spec, "--in-place", "-qq"], check=True)
            assert np.load(array, mmap_mode="r").dtype == np.float32

        def numpy():
            np.save(other, np.load(array).astype(np.float32))
            sync(other)
            os.replace(other, array)

        def copy():
            subprocess.run(["cp", array, other], check=True)
            sync(other)
            os.remove(other)

        seconds = {"batchlint fix": [], "NumPy, synced": [], "cp, synced": []}
        for _ in range(3):
            for (name, taken), work in zip(seconds.items(), (fix, numpy, copy)):
                shutil.copyfile(first, array)
                os.sync()
                start = time.perf_counter()
                work()
                taken.append(time.perf_counter() - start)
        for name, taken in seconds.items():
            print("{}: {:.2f} s of {:.2f} GB".format(name, statistics.median(taken), size / 1e9))


if __name__ == "__main__":
    main()
