"""Tversky loss and focal Tversky loss over labelled pixels."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_landslide.losses.masking import MaskedLoss, checked, probabilities

SMALLEST = 1e-7
"""A Tversky loss below this has no power taken: the slope of x^(3/4) at 0 is infinite."""


@keras.saving.register_keras_serializable("keras_landslide")
class TverskyLoss(MaskedLoss):
    """One minus the Tversky index: Dice loss with misses and false alarms weighted apart.

        L = 1 - (TP + s) / (TP + a FP + b FN + s)
        TP = sum(y p),  FP = sum((1 - y) p),  FN = sum(y (1 - p))

    summed over the batch as a whole. a = b = 1/2 is the Dice loss with smoothing 2 s. Computed as
    (a FP + b FN) / (TP + a FP + b FN + s), which loses no digits near 0.

    Source: Salehi, Erdogmus and Gholipour 2017, doi:10.1007/978-3-319-67389-9_44, eq. 3, with the
    a = 0.3 and b = 0.7 that it found best; the smoothing constant is ours, as in `DiceLoss`.

    Args:
        alpha: a, weight of false alarms, 0.3.
        beta: b, weight of misses, 0.7.
        smoothing: s > 0, 1 by default.
        **options: of `MaskedLoss`.

    Raises:
        ModelError: a weight is negative, or the smoothing constant is not above 0.
    """

    key = "tversky"

    def __init__(
        self, alpha: float = 0.3, beta: float = 0.7, smoothing: float = 1.0, **options: Any
    ):
        super().__init__(**options)
        self.alpha = checked("alpha", alpha)
        self.beta = checked("beta", beta)
        self.smoothing = checked("smoothing", smoothing, above=True)

    def of_pixels(self, truth: Any, prediction: Any, weight: Any) -> Any:
        """The loss of flat pixels."""
        p = probabilities(prediction, self.from_logits)
        hits = ops.sum(weight * truth * p)
        false_alarms = ops.sum(weight * (1.0 - truth) * p)
        misses = ops.sum(weight * truth * (1.0 - p))
        wrong = self.alpha * false_alarms + self.beta * misses
        return wrong / (hits + wrong + self.smoothing)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        own = {"alpha": self.alpha, "beta": self.beta, "smoothing": self.smoothing}
        return {**own, **super().get_config()}


@keras.saving.register_keras_serializable("keras_landslide")
class FocalTverskyLoss(TverskyLoss):
    """A power of the Tversky loss, which keeps a steeper slope while predictions get good.

        L = T^(1 / g),  T = `TverskyLoss`

    Source: Abraham and Khan 2019, doi:10.1109/ISBI.2019.8759329, eq. 4, with g = 4/3 and, in the
    letters of `TverskyLoss`, a = 0.3 and b = 0.7. Below T = 1e-7, the resolution of float32, loss
    and gradient are 0.

    Args:
        gamma: g > 0, 4/3.
        **options: of `TverskyLoss`.

    Raises:
        ModelError: gamma is not above 0, or as for `TverskyLoss`.
    """

    key = "focal_tversky"

    def __init__(self, *, gamma: float = 4 / 3, **options: Any):
        super().__init__(**options)
        self.gamma = checked("gamma", gamma, above=True)

    def of_pixels(self, truth: Any, prediction: Any, weight: Any) -> Any:
        """The loss of flat pixels."""
        loss = super().of_pixels(truth, prediction, weight)
        # The power's argument is kept off 0 in both branches, or its gradient would be 0 * inf.
        power = ops.power(ops.maximum(loss, SMALLEST), 1.0 / self.gamma)
        # Asked this way round, NaN stays NaN.
        return ops.where(loss <= SMALLEST, ops.zeros_like(loss), power)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {"gamma": self.gamma, **super().get_config()}
