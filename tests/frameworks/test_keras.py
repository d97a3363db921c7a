"""Keras on its other backends, where wandb's own integration asks for TensorFlow."""

from __future__ import annotations

import os

import pytest

from tests.frameworks.conftest import expected
from tests.frameworks.test_frameworks import rows_of

pytestmark = [
    pytest.mark.frameworks,
    pytest.mark.skipif(os.environ.get("FRAMEWORKS_GROUP") != "keras", reason="these backends are in the group keras"),
]


@pytest.mark.parametrize("way", ["aspara", "shim"])
@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_each_backend_has_the_same_rows(backend: str, way: str, train):
    """On torch and jax the steps and keys are those that wandb has on TensorFlow."""
    (run,) = train("keras", way, KERAS_BACKEND=backend)
    assert expected("keras")["runs"][0]["rows"] == rows_of(run)
