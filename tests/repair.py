"""`write FOLDER`: arrays in many forms, what is to be done to them (`cases.json`), and what NumPy makes of that.
`check FOLDER`: whether the files in `new` are what NumPy would have saved."""
import io
import json
import sys
import warnings
import zipfile
from pathlib import Path

import ml_dtypes
import numpy as np

warnings.simplefilter("ignore")
out = Path(sys.argv[2])
rng = np.random.default_rng(71)
PLAIN = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
         "float16", "float32", "float64", "bfloat16"]


def dtype(name):
    return np.dtype(getattr(ml_dtypes, name, name) if name == "bfloat16" else name)


def is_float(name):
    return "float" in name


def values(name, to, count):
    """Anything that the type holds and the cast defines."""
    kind = dtype(name)
    raw = np.frombuffer(rng.bytes(count * kind.itemsize), kind).copy()
    if name == "bool":
        # What is no 0 and no 1 is true to NumPy, and a number to `ml_dtypes`.
        raw = np.frombuffer(rng.bytes(count), "u1")
        return (raw % 2 if to == "bfloat16" else raw).copy().view("?")
    if not is_float(name):
        small = rng.integers(0, 3, count).astype(kind)
        return np.where(rng.random(count) < 0.5, raw, small)
    small = (rng.standard_normal(count) * rng.choice([1e-8, 1.0, 300.0, 1e6], count)).astype(kind)
    whole = rng.integers(-100, 100, count).astype(kind)
    special = rng.choice(np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 65504, 65519.996, 65520, 2.0**-24, 2.0**-25, 1e-40]).astype(kind), count)
    x = np.choose(rng.integers(0, 4, count), [raw, small, whole, special])
    if to is not None and not is_float(to) and to != "bool":
        info = np.iinfo(to)
        wide = x.astype("f8")
        least, beyond = float(info.min), float(info.max) + 1.0
        x = np.where(np.isfinite(wide) & (np.trunc(wide) >= least) & (np.trunc(wide) < beyond), x, kind.type(0))
    return x.astype(kind)


def saved(x):
    file = io.BytesIO()
    np.save(file, x)
    return file.getvalue()


def do(x, step):
    name, how = step
    if name == "cast":
        return x.astype(dtype(how))
    if name == "transpose":
        return x.transpose(how)
    if name == "add":
        return np.expand_dims(x, how)
    if name == "drop":
        return np.squeeze(x, how)
    if name == "merge":
        return x.reshape(x.shape[0] * x.shape[1], *x.shape[2:])
    if name == "scale":
        return x.astype("f4") / np.float32(how[0]) - np.float32(how[1])
    if name == "subtract":
        by, stay = how
        keep = np.isin(x, stay) if x.dtype.kind in "iu" else np.isin(x, stay) | (x != np.trunc(x)) | ~np.isfinite(x)
        return np.where(keep, x, x - x.dtype.type(by)).astype(x.dtype)
    if name == "ids":
        return x.argmax(-1).astype(how)
    if name == "one_hot":
        return np.eye(how[0], dtype=dtype(how[1]))[x.astype(int)]
    raise ValueError(name)


cases = []


def case(x, steps, rows=None):
    """One array, in one of many forms."""
    if x.dtype.itemsize > 1 and x.dtype.kind in "iufcUMm" and rng.random() < 0.4:
        x = x.astype(x.dtype.newbyteorder(">"))
    if rng.random() < 0.4:
        x = np.asfortranarray(x)
    y = x
    for step in steps:
        y = do(y, step)
    if rows is not None:
        y = y[rows[0]:rows[1]]
    y = np.array(y, order="C")
    y = y.astype(y.dtype.newbyteorder("=")) if y.dtype.kind != "V" else y
    cases.append((x, {"steps": steps, "rows": rows}, y))


def write():
    for name in PLAIN:
        for to in PLAIN:
            if to != name:
                count = 700
                case(values(name, to, count).reshape(7, 100), [["cast", to]])
    for name in PLAIN + ["complex64", "complex128"]:
        for shape, order in [((3, 4, 5), (0, 2, 1)), ((2, 3, 4, 5), (0, 3, 1, 2)), ((6, 7), (1, 0)), ((1, 3, 1, 2), (3, 0, 2, 1)), ((5,), (0,))]:
            x = np.frombuffer(rng.bytes(int(np.prod(shape)) * dtype(name).itemsize), dtype(name)).reshape(shape)
            case(x, [["transpose", list(order)]])
            case(x, [["add", 1], ["transpose", [*range(1, len(shape) + 1), 0]]], [0, 1])
    for x in [np.array([["añ", "日本"], ["", "x"]]), np.array([b"ab", b"c"]), np.array([1, 2, 3], "M8[25s]"), np.array([5, -1], "m8[ns]"),
              np.zeros((2, 2), "V3"), np.zeros((0, 3), "f8"), np.array(2.5), np.zeros((3, 0, 2), "f8"), np.longdouble([1, 2, 3])]:
        case(x, [])
    records = np.array([(1, 2.5, [1, 2]), (2, -1.0, [3, 4])], np.dtype([("a", "i1"), ("b", "f8"), ("c", "i2", 2)], align=True))
    cases.append((records.reshape(1, 2), {"steps": [["drop", 0]], "rows": [0, 2]}, records))
    case(rng.random((4, 3, 2)), [["merge", None], ["cast", "float32"]], [2, 9])
    case(rng.random((4, 3, 2)), [["transpose", [1, 0, 2]], ["merge", None], ["transpose", [1, 0]]])
    case(rng.random((4, 1, 2)), [["drop", 1], ["cast", "float16"]])
    for name in ["uint8", "float64", "int32", "float16"]:
        x = rng.integers(0, 256 if name != "float16" else 100, (3, 5, 2)).astype(name)
        case(x, [["scale", [127.5, 1.0]], ["transpose", [0, 2, 1]]])
        case(x, [["scale", [255.0, 0.0]]])
        case(x, [["subtract", [1, [0]]]])
        case(rng.integers(0, 5, (4, 3)).astype(name), [["one_hot", [5, "float32"]]], [1, 3])
        case(np.eye(6, dtype=name)[rng.integers(0, 6, (4, 3))], [["ids", "int64"]])
    case(np.arange(-3, 200), [["subtract", [2, [-1, 255]]], ["cast", "int32"]])
    # Larger than what is moved at once: 35 MB in Fortran order.
    case(np.asfortranarray(rng.random((2200, 2000))), [["cast", "float32"]], [100, 2200])
    listed = []
    for i, (x, plan, y) in enumerate(cases):
        (out / "old").mkdir(exist_ok=True)
        (out / "truth").mkdir(exist_ok=True)
        np.save(out / "old" / f"{i}.npy", x)
        (out / "truth" / f"{i}.npy").write_bytes(saved(y))
        listed.append({"file": f"{i}.npy", "arrays": [plan]})
    for n, start in enumerate(range(0, len(cases) - 1, 7)):
        group = cases[start:min(start + 7, len(cases) - 1)]
        save = np.savez if n % 2 else np.savez_compressed
        save(out / "old" / f"group_{n}.npz", **{f"x{i}": x for i, (x, _, _) in enumerate(group)})
        np.savez(out / "truth" / f"group_{n}.npz", **{f"x{i}": y for i, (_, _, y) in enumerate(group)})
        listed.append({"file": f"group_{n}.npz", "arrays": [plan for _, plan, _ in group]})
    (out / "cases.json").write_text(json.dumps(listed))


def equal(x, y):
    if x.dtype != y.dtype or x.shape != y.shape or not x.flags.c_contiguous:
        return False
    if x.dtype.kind == "f" and x.dtype.itemsize < 16:
        nan = np.isnan(y)
        return bool((np.isnan(x) == nan).all()) and x[~nan].tobytes() == y[~nan].tobytes()
    if x.dtype.str == "|V2" or x.dtype.kind == "c" or x.dtype.itemsize == 16:
        # NaN has many bit patterns.
        bits = lambda a: a.view(ml_dtypes.bfloat16).astype("f4") if a.dtype.str == "|V2" else a
        return x.tobytes() == y.tobytes() or np.array_equal(bits(x), bits(y), equal_nan=True)
    return x.tobytes() == y.tobytes()


def check():
    wrong = []
    for path in sorted((out / "truth").iterdir()):
        new, truth = out / "new" / path.name, path
        if path.suffix == ".npz":
            if zipfile.ZipFile(new).testzip() is not None:
                wrong.append(f"{path.name}: testzip")
            with np.load(new) as x, np.load(truth) as y:
                wrong += [f"{path.name}: {key}" for key in y if not equal(x[key], y[key])]
                if x.files != y.files:
                    wrong.append(f"{path.name}: {x.files}")
        else:
            x, y = np.load(new), np.load(truth)
            head = new.read_bytes()[:len(new.read_bytes()) - x.nbytes]
            if head != truth.read_bytes()[:len(truth.read_bytes()) - y.nbytes]:
                wrong.append(f"{path.name}: {head!r}")
            if not equal(x, y):
                wrong.append(f"{path.name}: {x.dtype}{x.shape} {x.ravel()[:4]} is not {y.dtype}{y.shape} {y.ravel()[:4]}")
    print(json.dumps({"files": len(list((out / "truth").iterdir())), "wrong": wrong}))


write() if sys.argv[1] == "write" else check()
