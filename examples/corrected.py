"""The naive generator with its one fault repaired: the images are cast where they are made.

    batchlint run examples/corrected.py:corrected_generator --spec examples/batchlint.toml
"""
import numpy as np


def corrected_generator(steps=20, batch_size=32):
    for _ in range(steps):
        data = np.random.rand(batch_size, 32, 32, 3).astype(np.float32)
        labels = np.random.randint(0, 2, size=batch_size)
        yield data, labels
