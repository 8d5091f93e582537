"""Mixed precision: networks that compute in 16 bits while they learn, and are kept in float32."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras


@contextmanager
def computing_in(precision: str) -> Iterator[None]:
    """Networks built inside compute in `precision`, a name of `config.PRECISIONS`."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def as_float32(model: keras.Model) -> keras.Model:
    """The same network with the same weights, computing in float32; not compiled."""
    config = _without_mixed(keras.saving.serialize_keras_object(model))
    config.pop("compile_config", None)
    with computing_in("float32"):
        twin = keras.saving.deserialize_keras_object(config, safe_mode=True)
    twin.set_weights(model.get_weights())
    return twin


def _without_mixed(config: Any) -> Any:
    if isinstance(config, list | tuple):
        return type(config)(map(_without_mixed, config))
    if not isinstance(config, dict):
        return config
    if config.get("class_name") == "DTypePolicy":
        return {**config, "config": {"name": "float32"}}
    return {key: _without_mixed(value) for key, value in config.items()}
