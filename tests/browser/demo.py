"""Dumps for the pages that the tests look at, and the pages."""

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
FAULTS = ROOT / "fixtures" / "faults"
BATCHLINT = Path(os.environ.get("BATCHLINT_BIN", ROOT / "target" / "debug" / "batchlint"))

# Which twin of which fault the batches of a dump with several faults are taken from, and which of its batches.
MIXED = [
    ("nan-in-input", "faulty", range(6)),
    ("unscaled-images", "faulty", (0, 1)),
    ("float64-in-one-batch", "faulty", (2, 3, 4, 5)),
    ("float64-mask", "clean", range(6)),
    ("partial-last-batch", "faulty", range(6)),
]

# What somebody might call an array or a file. Each would set `document.title` if it ran.
HOSTILE = [
    "</script><script>document.title='owned'</script>",
    "\"><img src=x onerror=\"document.title='owned'\">",
    "' onmouseover='document.title=1",
    "<svg onload=document.title=1>",
    "\u202egnp.exe\u202c \x1b[31mred",
    "{{ 7 * 7 }} <!-- ",
]


def mixed(folder):
    """Writes train/ and its spec: a NaN, two batches that were never scaled, one of float64, a short last one."""
    dump = folder / "train"
    dump.mkdir(parents=True)
    shutil.copy(FAULTS / "nan-in-input" / "batchlint.toml", folder)
    batches = [(fault, twin, batch) for fault, twin, batches in MIXED for batch in batches]
    for number, (fault, twin, batch) in enumerate(batches):
        shutil.copy(FAULTS / fault / twin / f"batch_{batch:03}.npz", dump / f"batch_{number:03}.npz")


def hostile(folder):
    """Writes dump/ and a spec: names that would be markup if nobody escaped them."""
    dump = folder / "dump"
    dump.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(3):
        arrays = {name: rng.random((4, 8, 8, 3)) for name in HOSTILE}
        arrays["text"] = np.array(HOSTILE[:4])
        name = HOSTILE[number + 1].replace("/", "_")
        np.savez(dump / f"{name}{number}.npz", **arrays)
    keys = [name.replace("\\", "\\\\").replace('"', '\\"') for name in HOSTILE[:4]]
    tables = [f'[inputs."{key}"]\ndtype = "float32"\naxes = "NHWC"\n' for key in keys]
    (folder / "batchlint.toml").write_text("".join(tables) + "# </script><script>document.title='owned'</script>\n")


def report(folder, *arguments):
    """Runs `check` there and returns the page."""
    page = folder / "report.html"
    command = [BATCHLINT, "check", *arguments, "--report", f"html={page}", "-qq"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise AssertionError(f"exit code {done.returncode}: {done.stderr}")
    return page
