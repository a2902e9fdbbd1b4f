"""NumPy's side of the header benchmark: writes the files, and reads their headers the ways NumPy offers.

    readers.py write FOLDER FOLDERS FILES ARCHIVES
    readers.py npy-header | npy-load | npz-header FOLDER

The readers print the seconds they took, without the start of the interpreter.
"""

import sys
import time
import zipfile
from pathlib import Path

import numpy as np
from numpy.lib import format as npf


def write(folder, folders, files, archives):
    image, label = np.zeros((4, 4, 4, 3), np.float32), np.zeros(96, np.int64)
    for i in range(folders):
        part = folder / "npy" / f"part_{i:03}"
        part.mkdir(parents=True)
        for j in range(files // 2):
            np.save(part / f"x_{j:04}.npy", image)
            np.save(part / f"y_{j:04}.npy", label)
    members = {f"a{k:02}": np.arange(160, dtype=np.float32) + k for k in range(100)}
    for kind, save in (("stored", np.savez), ("deflated", np.savez_compressed)):
        (folder / kind).mkdir()
        for i in range(archives):
            save(folder / kind / f"batch_{i:04}.npz", **members)


def read_header(file):
    version = npf.read_magic(file)
    return npf.read_array_header_1_0(file) if version == (1, 0) else npf.read_array_header_2_0(file)


def read(mode, folder):
    paths = sorted(folder.rglob("*.np[yz]"))
    start = time.perf_counter()
    for path in paths:
        if mode == "npy-load":
            np.load(path, mmap_mode="r")
        elif mode == "npy-header":
            with open(path, "rb") as file:
                read_header(file)
        else:
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    with archive.open(name) as file:
                        read_header(file)
    print(time.perf_counter() - start)


if __name__ == "__main__":
    mode, folder = sys.argv[1], Path(sys.argv[2])
    if mode == "write":
        write(folder, *map(int, sys.argv[3:]))
    else:
        read(mode, folder)
