"""The landslide channel of a two-class softmax."""

from __future__ import annotations

from typing import Any

import keras


@keras.saving.register_keras_serializable("keras_landslide")
class LandslideChannel(keras.layers.Layer):
    """(B, H, W, 2) class probabilities, background and landslide, to (B, H, W, 1).

    Networks with a softmax head so give the same output as those with a sigmoid.
    """

    def call(self, inputs: Any) -> Any:
        """The second channel."""
        return inputs[..., 1:]

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """(B, H, W, 1)."""
        return (*input_shape[:-1], 1)
