"""Writes random arrays to a folder and, as `truth.json`, what NumPy says of each."""
import json
import sys
from pathlib import Path

import ml_dtypes
import numpy as np

out = Path(sys.argv[1])
rng = np.random.default_rng(20_240)
truth = []
PLAIN = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64"]


def plain(value):
    value = value.item() if hasattr(value, "item") else value
    return int(value) if isinstance(value, bool) else value


def number(value, integer):
    return int(value) if integer else float(value) + 0.0


def first(mask):
    hits = np.flatnonzero(mask)
    return int(hits[0]) if hits.size else None


def answer(kind, mask, of=1, **more):
    """`of` is the length of a line, for questions about lines: places are where lines start."""
    at = first(mask)
    return {"ask": kind, "count": int(np.count_nonzero(mask)), "first": None if at is None else at * of, **more}


def cast(x, flat, name):
    """Which values a cast changes, or makes of nothing."""
    to = np.dtype(getattr(ml_dtypes, name, name) if name == "bfloat16" else name)
    with np.errstate(all="ignore"):
        there = x.astype(to)
    if to.kind in "iu":
        info = np.iinfo(to)
        exact = [int(v) if x.dtype.kind in "iub" else v for v in x.reshape(-1).tolist()]
        changed = [not np.isfinite(v) or not info.min <= v <= info.max or v != int(v) for v in exact]
        # The greatest int64 is no float64.
        if x.dtype.kind == "f":
            changed = [c or v >= 2.0 ** (64 if info.min == 0 else 63) for c, v in zip(changed, exact)]
        return np.array(changed, dtype=bool)
    if to.kind == "b":
        return ~np.isfinite(flat) | ((flat != 0) & (flat != 1))
    there = there.astype(np.float64).reshape(-1)
    if x.dtype.kind in "iu":
        exact = x.reshape(-1).tolist()
        return np.array([not np.isfinite(t) or int(t) != e for t, e in zip(there.tolist(), exact)], dtype=bool)
    return (there != flat) & np.isfinite(flat)


def tell(file, what, x, key=None, casts=()):
    integer = x.dtype.kind in "iub" or "int" in x.dtype.name
    exact = x.reshape(-1) if x.dtype.kind in "iub" else None
    flat = x.astype(np.float64).reshape(-1)
    finite = np.isfinite(flat)
    good = flat[finite]
    rows = x.shape[0] if x.ndim else 1
    width = max(flat.size // max(rows, 1), 1)
    bad = ~finite
    record = {
        "file": file, "key": key, "what": what,
        "nan": int(np.isnan(flat).sum()), "pos_inf": int((flat == np.inf).sum()), "neg_inf": int((flat == -np.inf).sum()),
        "finite": int(finite.sum()), "zeros": int((flat == 0).sum()), "negatives": int((good < 0).sum()),
        "fractional": int((good != np.trunc(good)).sum()),
        "first_nan": first(np.isnan(flat)), "first_pos_inf": first(flat == np.inf), "first_neg_inf": first(flat == -np.inf),
        "first_fractional": first(finite & (np.where(finite, flat, 0) != np.trunc(np.where(finite, flat, 0)))),
        "mean": float(good.mean()) if good.size else None, "variance": float(good.var()) if good.size else None,
        "bad_rows": int(bad.reshape(rows, width).any(axis=1).sum()) if bad.any() else None,
        "bad_columns": None, "min": [None, None], "max": [None, None], "blank": {}, "constant_columns": None, "answers": [],
    }
    if bad.any():
        columns = bad.reshape(rows, width).sum(axis=0)
        record["bad_columns"] = [[int(i), int(n)] for i, n in enumerate(columns) if n]
    values = exact if exact is not None else flat
    if good.size:
        lowest, highest = (values[finite].min(), values[finite].max())
        record["min"] = [number(lowest, integer), first(finite & (values == lowest))]
        record["max"] = [number(highest, integer), first(finite & (values == highest))]
    unique, at, counts = np.unique(values[finite], return_index=True, return_counts=True)
    where = np.flatnonzero(finite)
    few = len(unique) <= (128 if x.dtype.itemsize == 1 else 1024)
    few = few and (not record["fractional"] or len(unique) <= 32 or 4 * len(unique) <= finite.sum())
    record["distinct"] = [[number(v, integer), int(n), int(where[i])] for v, n, i in zip(unique, counts, at)] if few else None
    if x.ndim > 1 and not flat.size:
        record["blank"] = {"zero": 0, "constant": 0, "zero_at_end": 0}
    if x.ndim > 1 and width > 1 and flat.size:
        table = flat.reshape(rows, width)
        zero = (table == 0).all(axis=1)
        constant = (table == table[:, :1]).all(axis=1) & ~zero
        ends = np.flatnonzero(~zero)
        record["blank"] = {
            "zero": int(zero.sum()), "constant": int(constant.sum()), "zero_at_end": rows - 1 - int(ends[-1]) if ends.size else rows,
        }
        if width <= 4096:
            still = [i for i in range(width) if np.isfinite(table[0, i]) and (table[:, i] == table[0, i]).all()]
            record["constant_columns"] = [[i, number(values.reshape(rows, width)[0, i], integer)] for i in still] or None
    line = x.shape[-1] if x.ndim > 1 else 1
    ask = record["answers"]
    if line:
        with np.errstate(all="ignore"):
            sums = flat.reshape(-1, line).sum(axis=1)
            ask.append(answer("sum", np.isfinite(sums) & ~(np.abs(sums - 1) <= 1e-3), line, to=1.0))
        ones = (flat.reshape(-1, line) == 1).sum(axis=1)
        others = ((flat.reshape(-1, line) != 1) & (flat.reshape(-1, line) != 0)).sum(axis=1)
        ask.append(answer("one-hot", (ones != 1) | (others > 0), line))
    ask.append(answer("outside", finite & ((flat < -0.5) | (flat > 3)) & (flat != 7), min=-0.5, max=3.0, **{"except": [7.0]}))
    ask.append(answer("not-in", finite & ~np.isin(flat, [0, 1, 2]), values=[0.0, 1.0, 2.0]))
    ask.extend(answer("cast", cast(x, flat, to), to=to) for to in casts)
    truth.append(record)


def content(dtype, shape, kind):
    dtype = np.dtype(dtype)
    size = shape or (1,)
    if kind == "few":
        x = rng.integers(0, 3, size)
    elif kind == "one-hot":
        x = np.eye(max(size[-1], 1))[rng.integers(0, max(size[-1], 1), size[:-1])]
    elif kind == "bits":
        width = dtype.itemsize
        raw = rng.integers(0, 256, (*size, width), dtype=np.uint8)
        x = raw.view(dtype).reshape(size) if dtype.kind != "b" else raw.reshape(size) & 1
    elif kind == "odd":
        x = rng.normal(0, 3, size).astype(np.float64)
        flat = x.reshape(-1)
        if dtype.kind == "f" and flat.size:
            for value in [np.nan, np.inf, -np.inf, -0.0, 0.0, 65504, 65519.99999999, 2.0 ** 53, 1e-300, 7.0]:
                flat[rng.integers(0, flat.size)] = value
        if len(size) > 1 and size[0] > 3:
            x[1] = 0
            x[2] = 2
            x[-1] = 0
            x.reshape(size[0], -1)[:, 0] = 1
    with np.errstate(all="ignore"):
        x = x.astype(dtype) if kind != "bits" else np.asarray(x, dtype=dtype)
    return np.ascontiguousarray(x).reshape(shape)


SHAPES = [(), (0, 3), (5,), (7, 4), (70, 50), (9, 8, 8, 3), (3000,)]
n = 0
for name in PLAIN:
    for shape in SHAPES:
        for kind in ["few", "one-hot", "bits", "odd"]:
            if kind == "bits" and name.startswith("float"):
                continue
            x = content(name, shape, kind)
            casts = [to for to in [*PLAIN, "bfloat16"] if to != name] if n % 3 == 0 else []
            layout = n % 4
            file = f"{n:04}.npy"
            if layout == 1:
                np.save(out / file, x.astype(x.dtype.newbyteorder(">")))
            elif layout == 2:
                np.save(out / file, np.asfortranarray(x))
            elif layout == 3:
                file = f"{n:04}.npz"
                (np.savez if n % 8 == 3 else np.savez_compressed)(out / file, x=x, y=np.arange(3))
            else:
                np.save(out / file, x)
            tell(file, f"{name} {shape} {kind} {layout}", x, "x" if layout == 3 else None, casts)
            n += 1


def named(file, x, name):
    """As `np.save` writes it, with the name of the type in the header."""
    head = f"{{'descr': '{name}', 'fortran_order': False, 'shape': {x.shape!r}, }}"
    pad = -(10 + len(head) + 1) % 64
    text = head + " " * pad + "\n"
    (out / file).write_bytes(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + x.tobytes())


for name in ["bfloat16", "float8_e4m3fn", "float8_e5m2", "float8_e3m4", "float8_e4m3b11fnuz", "float8_e5m2fnuz"]:
    for shape in [(7, 4), (70, 50)]:
        x = content("float64", shape, "odd").astype(np.dtype(getattr(ml_dtypes, name)))
        named(f"{n:04}.npy", x, name)
        tell(f"{n:04}.npy", f"{name} {shape}", x)
        n += 1
(out / "truth.json").write_text(json.dumps(truth))
