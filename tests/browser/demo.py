"""A dump with several faults, put together from the batches of fixtures/faults, and the reports that the tests look at."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FAULTS = ROOT / "fixtures" / "faults"
BATCHLINT = ROOT / "target" / "debug" / "batchlint"

# Which twin of which fault a batch is taken from, and which of its batches. The clean twins of all faults are not alike.
BATCHES = [
    ("nan-in-input", "faulty", range(6)),
    ("unscaled-images", "faulty", (0, 1)),
    ("float64-in-one-batch", "faulty", (2, 3, 4, 5)),
    ("float64-mask", "clean", range(6)),
    ("partial-last-batch", "faulty", range(6)),
]


def mixed(folder):
    """Writes train/ and its spec into the folder."""
    dump = folder / "train"
    dump.mkdir(parents=True)
    shutil.copy(FAULTS / "nan-in-input" / "batchlint.toml", folder)
    number = 0
    for fault, twin, batches in BATCHES:
        for batch in batches:
            shutil.copy(FAULTS / fault / twin / f"batch_{batch:03}.npz", dump / f"batch_{number:03}.npz")
            number += 1
    return dump


def report(folder, *arguments, exit_code=1):
    """Runs batchlint there and returns the path of the page."""
    page = folder / "report.html"
    command = [BATCHLINT, "check", *arguments, "--report", f"html={page}", "-qq"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == exit_code, f"exit code {done.returncode}: {done.stderr}"
    return page
