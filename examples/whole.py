"""Makes all the data and yields it at once: one batch that holds every step of the epoch.

    batchlint run examples/whole.py:whole_generator --spec examples/batchlint.toml
"""
import numpy as np


def whole_generator(steps=20, batch_size=32):
    data = np.random.rand(steps * batch_size, 32, 32, 3).astype(np.float32)
    labels = np.random.randint(0, 2, size=steps * batch_size)
    yield data, labels
