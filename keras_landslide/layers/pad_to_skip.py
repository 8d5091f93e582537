"""Odd image sizes in an encoder-decoder: up-sampled features brought to the size of the skip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_landslide")
class PadToSkip(keras.layers.Layer):
    """Add a row and a column of zeros at the end where the skip has one more.

    2 x 2 pooling of an odd number of pixels drops the last one, and up-sampling by 2 then comes
    back one short: 157 -> 78 -> 156. Features and skip stay aligned at the first row and column, so
    that sizes that divide evenly pass unchanged.

    Inputs: features (B, h, w, C) and a skip (B, H, W, any), H - h and W - w being 0 or 1. Output:
    (B, H, W, C).
    """

    def call(self, inputs: Sequence[Any]) -> Any:
        """Pad by one, then cut to the size of the skip."""
        x, skip = inputs
        _, height, width, _ = ops.shape(skip)
        return ops.pad(x, ((0, 0), (0, 1), (0, 1), (0, 0)))[:, :height, :width]

    def compute_output_shape(self, input_shape: Sequence[tuple]) -> tuple:
        """(B, H, W, C)."""
        x, skip = input_shape
        return (x[0], skip[1], skip[2], x[3])
