"""NumPy's side of the value benchmark: writes the files, and looks at their values the ways NumPy offers.

    readers.py write FOLDER BYTES
    readers.py obvious | tuned PATH

The readers print the seconds they took, without the start of the interpreter. `obvious` is what people write; `tuned`
works out the same facts as batchlint (counts of NaN and infinities, zeros, negatives and fractions, extremes, mean and
variance) in chunks that stay in the cache.
"""

import sys
import time
from pathlib import Path

import numpy as np

CHUNK = 1 << 16


def images(rng, rows):
    """Smooth images with a little noise, float64 [rows, 32, 32, 3] from 0 to 1."""
    y, x, c = np.meshgrid(np.arange(32), np.arange(32), np.arange(3), indexing="ij")
    phase = rng.random((rows, 1, 1, 1)) * 6
    return 0.5 + 0.45 * np.sin(0.11 * y + 0.19 * x + 0.4 * c + phase) + 0.01 * rng.random((rows, 32, 32, 3))


def write(folder, size):
    rng = np.random.default_rng(0)
    rows = size // (4 * 1024)
    np.save(folder / "float32.npy", rng.standard_normal((rows, 1024), dtype=np.float32))
    np.save(folder / "float64.npy", rng.standard_normal((rows // 2, 1024)))
    np.save(folder / "int64.npy", rng.integers(0, 50_000, (rows // 2, 1024)))
    np.save(folder / "uint8.npy", rng.integers(0, 256, (size // 3072, 32, 32, 3), dtype=np.uint8))
    few = images(rng, (128 << 20) // (3072 * 4))
    np.savez_compressed(folder / "deflated-float32.npz", image=few.astype(np.float32))
    np.savez_compressed(folder / "deflated-uint8.npz", image=np.concatenate([(few * 255).astype(np.uint8)] * 4))
    (folder / "small").mkdir()
    for i in range(10_000):
        np.save(folder / "small" / f"x_{i:05}.npy", rng.standard_normal((4, 48), dtype=np.float32))


def arrays(path):
    for path in sorted(path.rglob("*.npy")) if path.is_dir() else [path]:
        if path.suffix == ".npz":
            yield from np.load(path).values()
        else:
            # A small file is faster read than mapped.
            yield np.load(path, mmap_mode=None if path.stat().st_size < 1 << 20 else "r")


def obvious(a):
    floats = a.dtype.kind == "f"
    finite = bool(np.isfinite(a).all())
    return finite, np.nanmin(a) if floats else a.min(), np.nanmax(a) if floats else a.max(), a.mean(), a.std(), (a == 0).sum()


def tuned(a):
    flat = a.reshape(-1)
    least, greatest, zeros, negatives, whole, bad = [], [], 0, 0, 0, 0
    count, total, squares = 0, 0.0, 0.0
    for start in range(0, len(flat), CHUNK):
        part = flat[start : start + CHUNK]
        if part.dtype.kind == "f":
            if not np.isfinite(part.sum(dtype=np.float64)):
                good = np.isfinite(part)
                bad += len(part) - np.count_nonzero(good)
                part = part[good]
            whole += np.count_nonzero(part == np.floor(part))
        least.append(part.min())
        greatest.append(part.max())
        zeros += len(part) - np.count_nonzero(part)
        negatives += np.count_nonzero(part < 0) if part.dtype.kind != "u" else 0
        count += len(part)
        total += part.sum(dtype=np.float64)
        wide = part.astype(np.float64)
        squares += np.dot(wide, wide)
    return min(least), max(greatest), zeros, negatives, whole, bad, total / count, squares / count


if __name__ == "__main__":
    mode, path = sys.argv[1], Path(sys.argv[2])
    if mode == "write":
        write(path, int(sys.argv[3]))
    else:
        look = {"obvious": obvious, "tuned": tuned}[mode]
        start = time.perf_counter()
        for array in arrays(path):
            look(array)
        print(time.perf_counter() - start)
