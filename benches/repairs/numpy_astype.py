"""float64 to float32 as everybody does it: OLD NEW sync|no."""
import os
import sys

import numpy as np

old, new, sync = sys.argv[1:]
if old.endswith(".npz"):
    with np.load(old) as arrays:
        np.savez(new, **{key: arrays[key].astype(np.float32) for key in arrays})
else:
    np.save(new, np.load(old).astype(np.float32))
if sync == "sync":
    with open(new, "rb+") as file:
        os.fsync(file.fileno())
