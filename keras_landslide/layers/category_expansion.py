"""Class bands such as lithology, one channel per class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_landslide.errors import ModelError


@keras.saving.register_keras_serializable("keras_landslide")
class CategoryExpansion(keras.layers.Layer):
    """Turn each class band of n classes into n channels of 0 and 1; leave all others as they are.

        y_c = 1 where x = c, else 0,  c = 0 ... n - 1
        y_unknown = 1 - sum_c y_c     (bands with a channel for unknown classes, after the others)

    A value that is no class (no data, negative, n or more, between two classes) is 0 in all class
    channels, and 1 in the channel for unknown classes where there is one. Computed in float32 under
    every precision policy, since continuous bands pass through.

    Source: the features of Hajimoradlou, Roberti and Poole, "Predicting Landslides Using Contour
    Aligning Convolutional Neural Networks": slope, 44 classes of lithology, 5 of land cover, 5 of
    rock family (4 and unknown), 38 of age, elevation, so `sizes=[0, 44, 5, 4, 38, 0]` with
    `unknown=[False, False, False, True, False, False]` makes the 94 channels.

    Input: (B, H, W, len(sizes)), class numbers in class bands, NaN where there is no data. Output:
    (B, H, W, `channels`), channels in the order of the bands.

    Args:
        sizes: number of classes of each band, 0 for continuous bands.
        unknown: whether class bands get a channel for unknown classes; one value for all of them,
            or one per band.

    Raises:
        ModelError: a size is no whole number of 0 or more, `unknown` has another length than
            `sizes`, or the input has another number of bands.
    """

    def __init__(
        self, sizes: Sequence[int], unknown: bool | Sequence[bool] = False, **kwargs: Any
    ) -> None:
        super().__init__(**{"dtype": "float32"} | kwargs)
        self.sizes = list(sizes)
        wrong = [n for n in self.sizes if not isinstance(n, int) or isinstance(n, bool) or n < 0]
        if wrong or not self.sizes:
            raise ModelError(
                f"sizes are numbers of classes, one per band and 0 for continuous ones, not {sizes}"
            )
        each = [unknown] * len(self.sizes) if isinstance(unknown, bool) else list(unknown)
        if len(each) != len(self.sizes):
            raise ModelError(
                f"unknown has {len(each)} values for {len(self.sizes)} bands; give one per band"
            )
        self.unknown = [bool(u) and n > 0 for u, n in zip(each, self.sizes, strict=True)]

    @property
    def channels(self) -> int:
        """Number of channels that come out."""
        return sum((n or 1) + u for n, u in zip(self.sizes, self.unknown, strict=True))

    def call(self, inputs: Any) -> Any:
        """Expand."""
        x = ops.cast(inputs, "float32")
        parts = []
        for band, (size, unknown) in enumerate(zip(self.sizes, self.unknown, strict=True)):
            part = x[..., band : band + 1]
            if size:
                part = ops.cast(ops.equal(part, ops.arange(size, dtype="float32")), "float32")
            parts.append(part)
            if unknown:
                parts.append(1.0 - ops.sum(part, axis=-1, keepdims=True))
        return ops.concatenate(parts, axis=-1)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """(B, H, W, `channels`)."""
        if input_shape[-1] != len(self.sizes):
            raise ModelError(
                f"sizes are given for {len(self.sizes)} bands, but the input has {input_shape[-1]}"
            )
        return (*input_shape[:-1], self.channels)

    def build(self, input_shape: tuple) -> None:
        """Check the number of bands."""
        self.compute_output_shape(input_shape)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {**super().get_config(), "sizes": self.sizes, "unknown": self.unknown}
