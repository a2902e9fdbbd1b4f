"""Rewrites a file as everybody does it: OLD NEW sync|no EXPRESSION."""
import os
import sys

import numpy as np

old, new, sync, expression = sys.argv[1:]
if old.endswith(".npz"):
    with np.load(old) as arrays:
        np.savez(new, **{key: eval(expression, {"np": np, "x": arrays[key]}) for key in arrays})
else:
    np.save(new, eval(expression, {"np": np, "x": np.load(old)}))
if sync == "sync":
    with open(new, "rb+") as file:
        os.fsync(file.fileno())
