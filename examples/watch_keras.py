"""Training with its first batches checked on the way: `batchlint.watch` around the generator does it.

The report is printed when 20 batches were seen; the training itself gets every batch as it is.
"""
import batchlint
from model import build
from naive import naive_generator

model = build()
batches = batchlint.watch(naive_generator(steps=20, batch_size=32), batches=20)
model.fit(batches, steps_per_epoch=20, epochs=1)
