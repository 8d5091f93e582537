"""Scores of the probabilities themselves over labelled pixels."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_landslide.labelled import labelled_pixels
from keras_landslide.metrics.confusion import CARRY

BINS = 2**18
LEAST = 2.0**-23
REACH = 16.0
"""Log-odds of the outermost bins: those of `LEAST`."""


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
        truth, probability, weight = labelled_pixels(y_true, y_pred)
        super().update_state(self.loss(truth, probability), sample_weight=weight)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {"name": self.name, "dtype": self.dtype}


@keras.saving.register_keras_serializable("keras_landslide")
class NLL(_PixelMean):
    """Mean negative log-likelihood, nats."""

    NAME = "nll"

    def loss(self, truth: Any, probability: Any) -> Any:
        """Binary cross-entropy of each pixel; probabilities are kept off 0 and 1."""
        p = ops.clip(probability, LEAST, 1 - LEAST)
        return -ops.log(ops.where(ops.equal(truth, 1.0), p, 1 - p))


@keras.saving.register_keras_serializable("keras_landslide")
class Brier(_PixelMean):
    """Mean squared error of the probability."""

    NAME = "brier"

    def loss(self, truth: Any, probability: Any) -> Any:
        """Squared error of each pixel."""
        return ops.square(probability - truth)


class _PixelRanking(keras.metrics.Metric):
    """Landslide and background pixels in `BINS` bins of equal width in log-odds.

    Two pixels in one bin count as equal, which is the only difference from the exact areas of
    `keras_landslide.evaluation`: below 1e-4 for some thousand pixels, less for more. Counts are
    exact up to 2^43 pixels per bin, see `confusion.CARRY`.
    """

    NAME = ""

    def __init__(self, threshold: float = 0.5, name: str | None = None, dtype: Any = "float32"):
        super().__init__(name=name or self.NAME, dtype=dtype)
        self.low = self.add_variable((2 * BINS,), "zeros", name="low")
        self.high = self.add_variable((2 * BINS,), "zeros", name="high")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch: labels in {0, 1, 255} and probabilities of as many pixels."""
        truth, probability, weight = labelled_pixels(y_true, y_pred)
        p = ops.clip(probability, LEAST, 1 - LEAST)
        odds = ops.log(p) - ops.log1p(-p)
        place = ops.cast(ops.floor((odds + REACH) / (2 * REACH) * BINS), "int32")
        place = ops.clip(place, 0, BINS - 1) + BINS * ops.cast(ops.equal(truth, 1.0), "int32")
        found = self.low + ops.segment_sum(weight, place, num_segments=2 * BINS)
        carried = ops.floor(found / CARRY)
        self.low.assign(found - carried * CARRY)
        self.high.assign(self.high + carried)

    def counts(self) -> tuple[Any, Any]:
        """Background and landslide pixels by bin, from the highest probability down."""
        total = ops.convert_to_tensor(self.low) + CARRY * ops.convert_to_tensor(self.high)
        return ops.flip(total[:BINS]), ops.flip(total[BINS:])

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {"name": self.name, "dtype": self.dtype}


@keras.saving.register_keras_serializable("keras_landslide")
class RocAuc(_PixelRanking):
    """Area under the ROC curve, ties counted half."""

    NAME = "roc_auc"

    def result(self) -> Any:
        """The area so far, 0 without both classes."""
        background, landslide = self.counts()
        negatives, positives = ops.sum(background), ops.sum(landslide)
        # Background below a landslide: all of it, less what lies above and half of the ties.
        above = ops.cumsum(background) - background / 2
        share = ops.divide_no_nan(landslide, positives)
        wrong = ops.sum(share * ops.divide_no_nan(above, negatives))
        both = ops.logical_and(ops.greater(positives, 0), ops.greater(negatives, 0))
        return ops.where(both, 1 - wrong, 0.0)


@keras.saving.register_keras_serializable("keras_landslide")
class AveragePrecision(_PixelRanking):
    """Sum over thresholds of precision x gain in recall, no interpolation."""

    NAME = "average_precision"

    def result(self) -> Any:
        """The average so far, 0 without landslide."""
        background, landslide = self.counts()
        found = ops.cumsum(landslide)
        precision = ops.divide_no_nan(found, found + ops.cumsum(background))
        return ops.sum(precision * ops.divide_no_nan(landslide, ops.sum(landslide)))
