"""Pooled precision, recall and F1 at a threshold, exact however many pixels are counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_landslide.labelled import labelled_pixels

CARRY = 2**20
"""Counts are kept as `low + CARRY * high` in float32: exact up to 2^43 pixels on every backend
and accelerator, where one float32 would stop counting at 2^24 (1024 patches of 128 x 128)."""


class PooledCounts(keras.metrics.Metric):
    """True positives, false positives and false negatives, pooled over all pixels seen.

    A pixel is predicted landslide where its probability is at least `threshold`. Pixels labelled
    255 are not counted. Ratios with a zero denominator are 0, as scikit-learn's `zero_division=0`.

    Args:
        threshold: decision threshold in [0, 1].
        name: the metric's name in logs.
        dtype: precision of the counts, float32.
    """

    CELLS = 3
    """How many cells of the confusion matrix are counted: TP, FP, FN, and TN as the fourth."""

    def __init__(self, threshold: float, name: str, dtype: Any = "float32"):
        super().__init__(name=name, dtype=dtype)
        self.threshold = threshold
        self.low = self.add_variable((self.CELLS,), "zeros", name="low")
        self.high = self.add_variable((self.CELLS,), "zeros", name="high")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch: labels (B, H, W, 1) in {0, 1, 255} and probabilities of as many pixels."""
        truth, probability, weight = labelled_pixels(y_true, y_pred)
        landslide = ops.equal(truth, 1.0)
        background = ops.logical_and(ops.greater(weight, 0.0), ops.logical_not(landslide))
        predicted = ops.greater_equal(probability, self.threshold)
        spared = ops.logical_not(predicted)
        cells = [(landslide, predicted), (background, predicted), (landslide, spared)]
        cells = [*cells, (background, spared)][: self.CELLS]
        self.add(cells)

    def add(self, cells: Sequence[tuple[Any, Any]]) -> None:
        """Count, per cell, where both of its tensors are true."""
        counts = ops.stack([ops.count_nonzero(ops.logical_and(*cell)) for cell in cells])
        low = self.low + ops.cast(counts % CARRY, "float32")
        high = self.high + ops.cast(counts // CARRY, "float32")
        carried = ops.floor(low / CARRY)
        self.low.assign(low - carried * CARRY)
        self.high.assign(high + carried)

    def counts(self) -> tuple[Any, ...]:
        """True positives, false positives, false negatives so far (float32 scalars)."""
        total = ops.convert_to_tensor(self.low) + CARRY * ops.convert_to_tensor(self.high)
        return tuple(total[i] for i in range(self.CELLS))

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {"threshold": self.threshold, "name": self.name, "dtype": self.dtype}


@keras.saving.register_keras_serializable("keras_landslide")
class Precision(PooledCounts):
    """TP / (TP + FP) of the landslide class."""

    def __init__(self, threshold: float = 0.5, name: str = "precision", dtype: Any = "float32"):
        super().__init__(threshold, name, dtype)

    def result(self) -> Any:
        """The precision so far, 0 where nothing was predicted."""
        tp, fp, _ = self.counts()
        return ops.divide_no_nan(tp, tp + fp)


@keras.saving.register_keras_serializable("keras_landslide")
class Recall(PooledCounts):
    """TP / (TP + FN) of the landslide class."""

    def __init__(self, threshold: float = 0.5, name: str = "recall", dtype: Any = "float32"):
        super().__init__(threshold, name, dtype)

    def result(self) -> Any:
        """The recall so far, 0 where there is no landslide."""
        tp, _, fn = self.counts()
        return ops.divide_no_nan(tp, tp + fn)


@keras.saving.register_keras_serializable("keras_landslide")
class F1(PooledCounts):
    """2 TP / (2 TP + FP + FN) of the landslide class."""

    def __init__(self, threshold: float = 0.5, name: str = "f1", dtype: Any = "float32"):
        super().__init__(threshold, name, dtype)

    def result(self) -> Any:
        """The F1 so far, 0 where there is neither a landslide nor a prediction."""
        tp, fp, fn = self.counts()
        return ops.divide_no_nan(2.0 * tp, 2.0 * tp + fp + fn)
