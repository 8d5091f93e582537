"""Max-pooling that remembers where the maximum was, and its inverse.

Source: V. Badrinarayanan, A. Kendall and R. Cipolla, "SegNet: A Deep Convolutional Encoder-Decoder
Architecture for Image Segmentation", IEEE TPAMI 2017, section 3.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_landslide")
class MaxPoolingWithIndices(keras.layers.Layer):
    """2 x 2 max-pooling of stride 2 and the position of each maximum.

    Input: (B, H, W, C), H and W even. Outputs: the maxima, (B, H / 2, W / 2, C), and their
    positions, uint8 of the same shape: 0 and 1 in the upper row, 2 and 3 in the lower one. Among
    equal values the first counts, and it alone receives the gradient.
    """

    def call(self, inputs: Any) -> tuple[Any, Any]:
        """Maxima and positions."""
        best = inputs[:, ::2, ::2]
        index = ops.zeros_like(best, dtype="uint8")
        for position in (1, 2, 3):
            value = inputs[:, position // 2 :: 2, position % 2 :: 2]
            larger = value > best
            best = ops.where(larger, value, best)
            index = ops.where(larger, ops.cast(position, "uint8"), index)
        return best, index

    def compute_output_spec(self, inputs: Any) -> tuple[Any, Any]:
        """Half the height and width, twice."""
        batch, height, width, channels = inputs.shape
        shape = (batch, height and height // 2, width and width // 2, channels)
        return (
            keras.KerasTensor(shape, dtype=self.compute_dtype),
            keras.KerasTensor(shape, dtype="uint8"),
        )


@keras.saving.register_keras_serializable("keras_landslide")
class MaxUnpooling(keras.layers.Layer):
    """Values put back to the positions that `MaxPoolingWithIndices` noted, zeros elsewhere.

    Inputs: values (B, H, W, C) and positions, uint8 of the same shape.
    Output: (B, 2 H, 2 W, C).
    """

    def call(self, inputs: Any) -> Any:
        """Values and zeros."""
        values, index = inputs
        zeros = ops.zeros_like(values)
        parts = [ops.where(index == position, values, zeros) for position in range(4)]
        rows = [ops.stack(parts[:2], axis=3), ops.stack(parts[2:], axis=3)]
        _, height, width, channels = ops.shape(values)
        # (B, H, 2, W, 2, C): the pairs become neighbours.
        return ops.reshape(ops.stack(rows, axis=2), (-1, 2 * height, 2 * width, channels))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Twice the height and width."""
        batch, height, width, channels = input_shape[0]
        return (batch, height and 2 * height, width and 2 * width, channels)
