"""Where in the chip a pixel lies, as a further channel."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_landslide")
class CentreDistance(keras.layers.Layer):
    """(B, H, W, C) to (B, H, W, C + 1): the last channel is the distance from the image's centre.

        d = sqrt(((2 r + 1) / H - 1)^2 + ((2 c + 1) / W - 1)^2)

    of row r and column c, counted from 0: 0 in the middle, nearly 1 at the middle of each side.
    For chips that were cut around what they show, whose middle is a strong hint; a network with it
    means nothing on scenes. Turning and mirroring an image turns and mirrors d.
    """

    def call(self, inputs: Any) -> Any:
        """Add the channel."""
        shape = ops.shape(inputs)
        down, across = (_from_centre(shape[axis]) for axis in (1, 2))
        distance = ops.sqrt(down[:, None] ** 2 + across[None, :] ** 2)
        channel = ops.zeros_like(inputs[..., :1], dtype="float32") + distance[None, :, :, None]
        return ops.concatenate([ops.cast(inputs, "float32"), channel], axis=-1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """One channel more."""
        return (*input_shape[:-1], input_shape[-1] + 1)  # type: ignore[operator]


def _from_centre(length: Any) -> Any:
    """(length,): -1 to 1 at the outer edges of the first and the last pixel."""
    places = ops.cast(ops.arange(length), "float32")
    return (2 * places + 1) / ops.cast(length, "float32") - 1
