"""Dice loss, and its sum with cross-entropy."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_landslide.losses.crossentropy import crossentropy
from keras_landslide.losses.masking import MaskedLoss, checked, probabilities, weighted_mean


def soft_dice(truth: Any, probability: Any, weight: Any, smoothing: float) -> Any:
    """Soft Dice coefficient over flat pixels; see `DiceLoss`."""
    overlap = ops.sum(weight * truth * probability)
    total = ops.sum(weight * truth) + ops.sum(weight * probability)
    return (2.0 * overlap + smoothing) / (total + smoothing)


@keras.saving.register_keras_serializable("keras_landslide")
class DiceLoss(MaskedLoss):
    """One minus the soft Dice coefficient over all labelled pixels of the batch.

        L = 1 - (2 * sum(y * p) + s) / (sum(y) + sum(p) + s)

    with y the label, p the probability, and s the smoothing constant, in numerator and denominator
    alike: a batch without landslides and without predictions then costs 0. The sums run over the
    batch as a whole, not per image, so that a patch without landslides does not by itself cost
    close to 1. Pixels labelled 255 enter no sum. The result lies in [0, 1).

    Source: Milletari, Navab and Ahmadi 2016, "V-Net", doi:10.1109/3DV.2016.79, eq. 3, with y and p
    unsquared in the denominator; the Colombian study (Vega and Hidalgo) names the Dice loss
    without its smoothing constant, and 1 is what public Keras landslide code uses.

    Args:
        smoothing: s > 0, 1 by default.
        **options: of `MaskedLoss`.

    Raises:
        ModelError: the smoothing constant is not above 0; a batch without labels would cost 0 / 0.
    """

    key = "dice"

    def __init__(self, smoothing: float = 1.0, **options: Any):
        super().__init__(**options)
        self.smoothing = checked("smoothing", smoothing, above=True)

    def of_pixels(self, truth: Any, prediction: Any, weight: Any) -> Any:
        """The loss of flat pixels."""
        p = probabilities(prediction, self.from_logits)
        return 1.0 - soft_dice(truth, p, weight, self.smoothing)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {"smoothing": self.smoothing, **super().get_config()}


@keras.saving.register_keras_serializable("keras_landslide")
class BceDiceLoss(DiceLoss):
    """Masked binary cross-entropy plus Dice loss, equally weighted.

    Source: the hybrid loss of Nguyen's "MU-Net", section 3.3; the parts are
    `BinaryCrossentropyLoss` and `DiceLoss` with the same smoothing. Arguments as in `DiceLoss`.
    """

    key = "bce_dice"

    def of_pixels(self, truth: Any, prediction: Any, weight: Any) -> Any:
        """The loss of flat pixels."""
        bce = weighted_mean(crossentropy(truth, prediction, self.from_logits), weight)
        return bce + super().of_pixels(truth, prediction, weight)
