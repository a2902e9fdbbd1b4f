"""Trains on one batch that holds all the data: 1 step where 20 were asked for, and Keras only warns.

    batchlint run examples/train_whole.py

needs no spec: the model says what it takes, the call says how many steps. Nothing is trained then.
"""
from model import build
from whole import whole_generator

model = build()
model.fit(whole_generator(steps=20, batch_size=32), steps_per_epoch=20, epochs=1)
