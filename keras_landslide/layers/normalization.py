"""Raw units in: the per-band z-score as a layer, so that it travels inside the exported graph."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from keras_landslide.errors import ModelError


@keras.saving.register_keras_serializable("keras_landslide")
class BandNormalization(keras.layers.Layer):
    """Z-score per band, `(x - mean) / std`; missing and infinite values become 0, the mean.

    `mean` and `std` (shape (C,), float32, in the bands' own units) are non-trainable weights:
    saved with the model, not counted among its trainable parameters. Until `set_statistics` is
    called the layer passes values through unchanged (mean 0, std 1).

    The layer computes in float32 under every precision policy, since raw values such as elevations
    in metres lose their digits in 16 bits.

    Input: (B, H, W, C) in raw units, NaN where there is no data. Output: the same shape, finite.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32"} | kwargs)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create the two statistics, one value per channel."""
        shape = (input_shape[-1],)
        self.mean = self.add_weight(
            name="mean", shape=shape, initializer="zeros", trainable=False, dtype="float32"
        )
        self.std = self.add_weight(
            name="std", shape=shape, initializer="ones", trainable=False, dtype="float32"
        )

    def call(self, inputs: Any) -> Any:
        """Normalise and fill."""
        x = ops.cast(inputs, "float32")
        normal = (x - ops.convert_to_tensor(self.mean)) / ops.convert_to_tensor(self.std)
        return ops.where(ops.isfinite(normal), normal, ops.zeros_like(normal))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Same as the input's."""
        return input_shape

    def set_statistics(self, mean: Any, std: Any) -> None:
        """Store the statistics of the training split.

        Args:
            mean: (C,) band means.
            std: (C,) band standard deviations; 0 (a constant band) is taken as 1, so that the band
                becomes 0 instead of NaN.

        Raises:
            ModelError: wrong length, a value that is not finite, or a negative deviation.
        """
        mean = np.asarray(mean, "float32")
        std = np.asarray(std, "float32")
        shape = tuple(self.mean.shape)
        if mean.shape != shape or std.shape != shape:
            raise ModelError(
                f"band statistics have {mean.size} means and {std.size} deviations, "
                f"but the model takes {shape[0]} bands"
            )
        if not (np.isfinite(mean).all() and np.isfinite(std).all() and (std >= 0).all()):
            raise ModelError(
                f"band statistics must be finite with std >= 0, not mean {mean.tolist()} "
                f"and std {std.tolist()}; check the training patches for all-nodata bands"
            )
        self.mean.assign(mean)
        self.std.assign(np.where(std == 0, np.float32(1), std))
