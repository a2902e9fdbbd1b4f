"""JAX arrays, whose bfloat16 NumPy has no name for."""

import pytest

jax = pytest.importorskip("jax", reason="jax cannot be had here")

import jax.numpy as jnp

import batchlint

SPEC = {"framework": "jax", "inputs": {"x": {"dtype": "float32", "shape": ["batch", 3]}}}


def batches(dtype):
    for index in range(4):
        yield {"x": jax.random.uniform(jax.random.PRNGKey(index), (8, 3)).astype(dtype)}


def test_float32_is_clean():
    report = batchlint.check(batches(jnp.float32), SPEC)
    assert report.status == "clean", report.text
    assert report.coverage.values_read


def test_bfloat16_is_told_by_its_name():
    report = batchlint.check(batches(jnp.bfloat16), SPEC)
    assert "bfloat16" in report.text
    report = batchlint.check(
        batches(jnp.bfloat16), {"framework": "jax", "inputs": {"x": {"dtype": "bfloat16"}}}
    )
    assert report.at_least("warning") == [], report.text


def test_a_nan_is_found_in_bfloat16():
    def spoiled():
        for index, batch in enumerate(batches(jnp.bfloat16)):
            yield {"x": batch["x"].at[5, 1].set(jnp.nan)} if index == 2 else batch

    report = batchlint.check(spoiled(), {"inputs": {"x": {"dtype": "bfloat16"}}})
    (finding,) = report.at_least("error")
    assert (finding.rule, finding.places[0].batch, finding.places[0].index) == (
        "non-finite-values",
        2,
        [5, 1],
    )
