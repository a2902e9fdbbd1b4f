"""What docs/performance.md says of every goal: the ratios that its tables hold, beside what is aimed at.

`python benches/goals.py docs/performance.md` prints a table in Markdown. A goal without a row is told as not measured, never as met.
"""

import re
import sys

# What is measured, on how many threads, beside what, and the goal: the greatest number of times that the other one takes
# ("<="), or the least number of times that we are faster (">=").
GOALS = [
    ("headers of 100,000 .npy", "1", "open-read-close loop", "<=", 1.15),
    ("headers of 100,000 .npy", "2", "two such loops", "<=", 1.20),
    ("headers of 100,000 .npy", "2", "read_array_header", ">=", 14),
    ("headers of 100,000 .npy", "2", "np.load(mmap_mode", ">=", 28),
    ("10,000 small .npy: counts and extremes", "1", "NumPy, the obvious way", ">=", 12),
    ("headers of 1,000 stored .npz", "1", "one whole-file read each", "<=", 1.4),
    ("headers of 1,000 stored .npz", "1", "zipfile + read_array_header", ">=", 150),
    ("headers of 1,000 deflated .npz", "1", "zipfile + read_array_header", ">=", 15),
    ("headers of 1,000 deflated .npz", "2", "zipfile + read_array_header", ">=", 30),
    ("1 GiB float32: counts and extremes", "1", "reading alone", "<=", 1.5),
    ("1 GiB float32: counts and extremes", "1", "NumPy in chunks", ">=", 4),
    ("1 GiB float32: counts and extremes", "1", "NumPy, the obvious way", ">=", 30),
    ("1 GiB float64: counts and extremes", "1", "NumPy in chunks", ">=", 2.5),
    ("1 GiB int64: counts and extremes", "1", "NumPy in chunks", ">=", 2.5),
    ("128 MiB deflated float32 images: counts and extremes", "1", "inflating alone", "<=", 1 / 0.85),
    ("128 MiB deflated uint8 images: counts and extremes", "1", "inflating alone", "<=", 1 / 0.85),
    ("slow, `run`", "-", "loop of the bare one", "<=", 1.05),
    ("slow, `watch` of all", "-", "loop of the bare one", "<=", 1.05),
    ("fast, `run`", "-", "loop of the bare one", "<=", 1.05),
    ("naive, `run`", "-", "bare", "<=", 2.0),
    ("`batchlint --version`, ms", "-", "none", "<=", 3.0),
]


def ratios(page):
    """Gives (work, threads, beside, ratio) of every row that holds one."""
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []
        if len(cells) != 5:
            continue
        found = re.match(r"([\d.]+)x", cells[4])
        if found:
            yield cells[0], cells[1], cells[3], float(found.group(1))
        found = re.match(r"([\d.]+)x$", cells[2])
        if found:
            # A program that runs: the whole process beside the bare one, and its loop alone.
            yield cells[0], "-", "bare", float(found.group(1))
            loop = re.match(r"([\d.]+)x$", cells[4])
            if loop:
                yield cells[0], "-", "loop of the bare one", float(loop.group(1))
    for name, milliseconds in re.findall(r"^\| (`batchlint --version`), ms \| ([\d.]+) \|", page, re.MULTILINE):
        yield f"{name}, ms", "-", "none", float(milliseconds)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        known = list(ratios(file.read()))
    print("| work | threads | beside | goal | measured | |")
    print("| --- | --- | --- | --- | --- | --- |")
    for work, threads, beside, way, goal in GOALS:
        rows = [row for row in known if row[0].startswith(work) and row[1] == threads and row[2].startswith(beside)]
        rows = [row for row in rows if threads != "-" or row[0] == work]
        sign = "≤" if way == "<=" else "≥"
        if not rows:
            print(f"| {work} | {threads} | {beside} | {sign} {goal:.4g} | not measured | |")
            continue
        ratio = rows[0][3]
        met = ratio <= goal if way == "<=" else ratio >= goal
        print(f"| {work} | {threads} | {beside} | {sign} {goal:.4g} | {ratio:.2f} | {'met' if met else '**missed**'} |")


if __name__ == "__main__":
    main()
