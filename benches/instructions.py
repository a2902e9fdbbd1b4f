"""Instructions that batchlint takes per file, member and byte: they are the same on a busy machine.

    instructions.py BATCHLINT FOLDER

Writes fixed files to FOLDER, counts with callgrind, prints a table in Markdown.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

FILES, MEMBERS, BYTES = 2000, 500, 16 << 20


def write(folder):
    image, label = np.zeros((4, 4, 4, 3), np.float32), np.zeros(96, np.int64)
    for i in range(FILES // 2):
        part = folder / "npy" / f"part_{i % 4}"
        part.mkdir(parents=True, exist_ok=True)
        np.save(part / f"x_{i:04}.npy", image)
        np.save(part / f"y_{i:04}.npy", label)
    members = {f"a{k:03}": np.arange(160, dtype=np.float32) + k for k in range(MEMBERS)}
    random = np.random.default_rng(0)
    values = random.random(BYTES // 8)
    large = {
        "float32": random.random(BYTES // 4, dtype=np.float32).reshape(-1, 64),
        "float64": values.reshape(-1, 64),
        "uint8": random.integers(0, 256, BYTES, np.uint8).reshape(-1, 64),
        "int64": random.integers(0, 1000, BYTES // 8).reshape(-1, 64),
    }
    for name in ("one", "stored", "deflated", "deflated-values"):
        (folder / name).mkdir()
    np.save(folder / "one" / "x_0001.npy", image)
    np.savez(folder / "stored" / "batch_1.npz", **members)
    np.savez_compressed(folder / "deflated" / "batch_1.npz", **members)
    for name, array in large.items():
        (folder / name).mkdir()
        np.save(folder / name / "x.npy", array)
    np.savez_compressed(folder / "deflated-values" / "x.npz", x=large["float32"].round(2))


def count(batchlint, *arguments):
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", batchlint, *arguments]
    environment = os.environ | {"RAYON_NUM_THREADS": "1"}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    found = re.search(r"Collected : (\d+)", run.stderr)
    if run.returncode not in (0, 1, 3) or not found:
        sys.exit(f"{' '.join(command)}\n{run.stderr}")
    return int(found.group(1))


def check(batchlint, folder, *flags):
    return count(batchlint, "check", "-qq", *flags, str(folder))


def main():
    batchlint, folder = sys.argv[1], Path(sys.argv[2])
    if not (folder / "done").exists():
        write(folder)
        (folder / "done").touch()
    headers, numbers = "--headers-only", "--select=non-finite-values"
    one = check(batchlint, folder / "one", headers)
    rows = [
        ("`--version`", "run", count(batchlint, "--version"), 1),
        ("headers of one .npy", "run", one, 1),
        (f"headers of {FILES:,} .npy", "file", check(batchlint, folder / "npy", headers) - one, FILES),
        (f"all rules on {FILES:,} .npy of 896 bytes", "file", check(batchlint, folder / "npy") - one, FILES),
        (f"headers of a stored .npz of {MEMBERS}", "member", check(batchlint, folder / "stored", headers) - one, MEMBERS),
        (f"headers of a deflated .npz of {MEMBERS}", "member", check(batchlint, folder / "deflated", headers) - one, MEMBERS),
    ]
    for name in ("float32", "float64", "uint8", "int64", "deflated-values"):
        for what, flags in (("counts and extremes", [numbers]), ("every rule", [])):
            text = "deflated float32" if name == "deflated-values" else name
            rows.append((f"16 MiB {text}: {what}", "byte", check(batchlint, folder / name, *flags) - one, BYTES))
    print("| work | instructions | per |\n| --- | --- | --- |")
    for work, unit, instructions, units in rows:
        per = instructions / units
        print(f"| {work} | {f'{per:.2f}' if unit == 'byte' else f'{per:,.0f}'} | {unit} |")


if __name__ == "__main__":
    main()
