"""Scores of the probabilities themselves over labelled pixels."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_landslide.bands import UNLABELLED

AUC_THRESHOLDS = 1000


def _labelled(y_true: Any, y_pred: Any) -> tuple[Any, Any, Any]:
    """Truth, probability and weight (1 where labelled, else 0) of all pixels, float32 (N,)."""
    truth = ops.reshape(ops.cast(y_true, "float32"), (-1,))
    probability = ops.reshape(ops.cast(y_pred, "float32"), (-1,))
    labelled = ops.not_equal(truth, float(UNLABELLED))
    return ops.where(labelled, truth, 0.0), probability, ops.cast(labelled, "float32")


class _PixelMean(keras.metrics.Mean):
    """Mean of a loss over labelled pixels; 0 without any."""

    NAME = ""

    def __init__(self, threshold: float = 0.5, name: str | None = None, dtype: Any = "float32"):
        super().__init__(name=name or self.NAME, dtype=dtype)

    def loss(self, truth: Any, probability: Any) -> Any:
        """The loss of each pixel, (N,)."""
        raise NotImplementedError

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch: labels in {0, 1, 255} and probabilities of as many pixels."""
        truth, probability, weight = _labelled(y_true, y_pred)
        super().update_state(self.loss(truth, probability), sample_weight=weight)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {"name": self.name}


@keras.saving.register_keras_serializable("keras_landslide")
class NLL(_PixelMean):
    """Mean negative log-likelihood, nats."""

    NAME = "nll"

    def loss(self, truth: Any, probability: Any) -> Any:
        """Binary cross-entropy of each pixel; probabilities are kept off 0 and 1."""
        least = 2.0**-23
        p = ops.clip(probability, least, 1 - least)
        return -ops.log(ops.where(ops.equal(truth, 1.0), p, 1 - p))


@keras.saving.register_keras_serializable("keras_landslide")
class Brier(_PixelMean):
    """Mean squared error of the probability."""

    NAME = "brier"

    def loss(self, truth: Any, probability: Any) -> Any:
        """Squared error of each pixel."""
        return ops.square(probability - truth)


class _PixelAUC(keras.metrics.AUC):
    """Area by trapezoids over `AUC_THRESHOLDS` thresholds: near the exact value, not equal to it.

    `keras_landslide.evaluation` gives the exact one.
    """

    CURVE = ""
    NAME = ""

    def __init__(self, threshold: float = 0.5, name: str | None = None, dtype: Any = "float32"):
        super().__init__(
            num_thresholds=AUC_THRESHOLDS, curve=self.CURVE, name=name or self.NAME, dtype=dtype
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch: labels in {0, 1, 255} and probabilities of as many pixels."""
        truth, probability, weight = _labelled(y_true, y_pred)
        super().update_state(truth, probability, sample_weight=weight)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {"name": self.name}


@keras.saving.register_keras_serializable("keras_landslide")
class RocAuc(_PixelAUC):
    """Area under the ROC curve."""

    CURVE, NAME = "ROC", "roc_auc"


@keras.saving.register_keras_serializable("keras_landslide")
class AveragePrecision(_PixelAUC):
    """Area under the precision-recall curve."""

    CURVE, NAME = "PR", "average_precision"
