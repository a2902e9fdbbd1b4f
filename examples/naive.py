"""Yields what most first generators yield: `np.random.rand` makes float64, and the model takes float32.

    batchlint run examples/naive.py:naive_generator --spec examples/batchlint.toml
"""
import numpy as np


def naive_generator(steps=20, batch_size=32):
    for _ in range(steps):
        data = np.random.rand(batch_size, 32, 32, 3)
        labels = np.random.randint(0, 2, size=batch_size)
        yield data, labels
