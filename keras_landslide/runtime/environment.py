"""Variables for what is imported or started meanwhile."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec

from keras_landslide.errors import RecipeError

BACKENDS = ("tensorflow", "jax", "torch")


def check_backend(name: str) -> None:
    """Refuse a Keras backend that cannot be there; nothing heavy is imported.

    Raises:
        RecipeError: it is unknown, or not installed.
    """
    if fault := backend_fault(name):
        raise RecipeError(fault)


def backend_fault(name: str) -> str | None:
    """Why Keras cannot be imported with this backend, if that is so."""
    if name not in BACKENDS:
        return f"KERAS_BACKEND = '{name}' is unknown; choose one of: {', '.join(BACKENDS)}"
    if find_spec(name) is None:
        return f"Keras backend '{name}' is not installed: pip install {name}"
    return None


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables inside the block, and put back those of before.

    Keras, TensorFlow and PyTorch read theirs on import, so they have to be there first.
    """
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
