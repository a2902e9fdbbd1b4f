"""The part of batchlint that runs inside somebody's Python program and tells what its batches are.

It sends facts as frames (`docs/capture-protocol.md`); nothing is judged here. Standard library only, Python
3.8 or later.
"""
