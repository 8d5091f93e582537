"""Focal loss over labelled pixels."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_landslide.losses.crossentropy import log_likelihoods
from keras_landslide.losses.masking import MaskedLoss, checked, weighted_mean


@keras.saving.register_keras_serializable("keras_landslide")
class FocalLoss(MaskedLoss):
    """Cross-entropy in which pixels that are predicted well count little.

        L = mean(-a_t (1 - p_t)^g ln(p_t))
        p_t = p, a_t = a where y = 1;  p_t = 1 - p, a_t = 1 - a where y = 0

    Source: Lin, Goyal, Girshick, He and Dollár 2017, doi:10.1109/ICCV.2017.324, eq. 5 with its
    defaults. The paper divides by the number of objects; here the mean over labelled pixels is
    taken. Probabilities are clipped as in `losses.crossentropy`.

    Args:
        alpha: a, weight of landslide pixels, 0.25.
        gamma: g >= 0, 2; 0 gives weighted cross-entropy.
        **options: of `MaskedLoss`.

    Raises:
        ModelError: alpha lies outside [0, 1], or gamma is negative.
    """

    key = "focal"

    def __init__(self, alpha: float = 0.25, gamma: float = 2.0, **options: Any):
        super().__init__(**options)
        self.alpha = checked("alpha", alpha, high=1)
        self.gamma = checked("gamma", gamma)

    def of_pixels(self, truth: Any, prediction: Any, weight: Any) -> Any:
        """The loss of flat pixels."""
        landslide, background = log_likelihoods(prediction, self.from_logits)
        right = truth * landslide + (1.0 - truth) * background
        wrong = truth * background + (1.0 - truth) * landslide
        alpha = truth * self.alpha + (1.0 - truth) * (1.0 - self.alpha)
        # exp(g ln(1 - p_t)) has a finite gradient at p_t = 1, a power below 1 has not.
        return weighted_mean(-alpha * ops.exp(self.gamma * wrong) * right, weight)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {"alpha": self.alpha, "gamma": self.gamma, **super().get_config()}
