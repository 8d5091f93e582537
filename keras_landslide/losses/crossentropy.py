"""Binary cross-entropy over labelled pixels."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_landslide.losses.masking import labelled_pixels

EPSILON = 1e-7
"""Probabilities are clipped to [EPSILON, 1 - EPSILON] before the logarithm."""


def masked_crossentropy(truth: Any, probability: Any, weight: Any) -> Any:
    """Mean cross-entropy over flat pixels of weight 1; see `BinaryCrossentropyLoss`."""
    p = ops.clip(probability, EPSILON, 1.0 - EPSILON)
    per_pixel = -(truth * ops.log(p) + (1.0 - truth) * ops.log(1.0 - p))
    # At least 1 in the denominator: a batch without labels costs 0 instead of NaN.
    return ops.sum(weight * per_pixel) / ops.maximum(ops.sum(weight), 1.0)


@keras.saving.register_keras_serializable("keras_landslide")
class BinaryCrossentropyLoss(keras.losses.Loss):
    """Mean binary cross-entropy over the labelled pixels of the batch.

        L = -mean(y * ln(p) + (1 - y) * ln(1 - p))

    Pixels labelled 255 are neither summed nor counted.
    """

    def __init__(self, *, name: str = "bce", dtype: Any = "float32"):
        super().__init__(name=name, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The scalar loss of a batch."""
        return masked_crossentropy(*labelled_pixels(y_true, y_pred))

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {"name": self.name}
