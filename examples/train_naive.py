"""Trains on batches that are twice as large as they need to be: Keras casts float64 without a word.

    batchlint run examples/train_naive.py

needs no spec: the model says what it takes, the call says how many steps. Nothing is trained then.
"""
from model import build
from naive import naive_generator

model = build()
model.fit(naive_generator(steps=20, batch_size=32), steps_per_epoch=20, epochs=1)
