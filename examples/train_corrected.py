"""Trains on float32 images, 32 at a time.

    batchlint run examples/train_corrected.py

needs no spec: the model says what it takes, the call says how many steps. Nothing is trained then.
"""
from model import build
from corrected import corrected_generator

model = build()
model.fit(corrected_generator(steps=20, batch_size=32), steps_per_epoch=20, epochs=1)
