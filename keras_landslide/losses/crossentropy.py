"""Binary cross-entropy over labelled pixels: plain, and with the landslides weighted."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_landslide.losses.masking import MaskedLoss, checked, weighted_mean

EPSILON = 1e-7
"""Probabilities are clipped to [EPSILON, 1 - EPSILON] before the logarithm."""


def log_likelihoods(prediction: Any, from_logits: bool) -> tuple[Any, Any]:
    """Logarithms of p and 1 - p; from logits as -softplus(-z) and -softplus(z), never clipped."""
    if from_logits:
        return -ops.softplus(-prediction), -ops.softplus(prediction)
    p = ops.clip(prediction, EPSILON, 1.0 - EPSILON)
    return ops.log(p), ops.log(1.0 - p)


def crossentropy(truth: Any, prediction: Any, from_logits: bool) -> Any:
    """-ln of the probability given to the truth, per pixel."""
    landslide, background = log_likelihoods(prediction, from_logits)
    return -(truth * landslide + (1.0 - truth) * background)


@keras.saving.register_keras_serializable("keras_landslide")
class BinaryCrossentropyLoss(MaskedLoss):
    """Mean binary cross-entropy over the labelled pixels of the batch.

        L = -mean(y ln(p) + (1 - y) ln(1 - p))

    Source: Nguyen, "MU-Net", section 3.3. Arguments as in `MaskedLoss`.
    """

    key = "bce"

    def of_pixels(self, truth: Any, prediction: Any, weight: Any) -> Any:
        """The loss of flat pixels."""
        return weighted_mean(crossentropy(truth, prediction, self.from_logits), weight)


@keras.saving.register_keras_serializable("keras_landslide")
class WeightedBinaryCrossentropyLoss(MaskedLoss):
    """Binary cross-entropy in which a landslide pixel counts as much as several others.

        L = sum(w c) / sum(w),  c = -(y ln(p) + (1 - y) ln(1 - p)),  w = b y + (1 - y)

    The weighted likelihood of King and Zeng 2001, "Logistic Regression in Rare Events Data",
    doi:10.1093/oxfordjournals.pan.a004868, divided by the sum of the weights, so that the loss of a
    batch keeps its scale whatever the share of landslides. Probabilities of a network so trained
    are too high by the odds ratio b, and want calibration or a chosen threshold.

    Args:
        positive_weight: b, 10 by default: about the ratio of background to landslide pixels in
            patches that were sampled around landslides.
        **options: of `MaskedLoss`.

    Raises:
        ModelError: the weight is not above 0.
    """

    key = "weighted_bce"

    def __init__(self, positive_weight: float = 10.0, **options: Any):
        super().__init__(**options)
        self.positive_weight = checked("positive_weight", positive_weight, above=True)

    def of_pixels(self, truth: Any, prediction: Any, weight: Any) -> Any:
        """The loss of flat pixels."""
        weight = weight * (self.positive_weight * truth + 1.0 - truth)
        return weighted_mean(crossentropy(truth, prediction, self.from_logits), weight)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {"positive_weight": self.positive_weight, **super().get_config()}
