"""Which pixels count: every label but 255; and what the losses have in common."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_landslide.bands import UNLABELLED


def labelled_pixels(y_true: Any, y_pred: Any) -> tuple[Any, Any, Any]:
    """Flatten labels and predictions, and weigh the unlabelled pixels with 0.

    Args:
        y_true: (B, H, W, 1) or (B, H, W) labels 0, 1, or 255 for unlabelled.
        y_pred: probabilities or logits of the same number of pixels.

    Returns:
        float32 (N,) labels (0 where unlabelled), predictions, and weights (1 labelled, 0 not).
        Float32 whatever the precision policy: sums over 10^5 pixels overflow or stall in 16 bits.
    """
    truth = ops.reshape(ops.cast(y_true, "float32"), (-1,))
    prediction = ops.reshape(ops.cast(y_pred, "float32"), (-1,))
    weight = ops.cast(ops.not_equal(truth, float(UNLABELLED)), "float32")
    return truth * weight, prediction, weight


class MaskedLoss(keras.losses.Loss):
    """A loss over the labelled pixels of a whole batch; a child defines `of_pixels`.

    Pixels labelled 255 enter no sum, no count and no gradient; a batch of them alone costs 0. All
    is computed in float32 under every precision policy, and the result is a scalar that no further
    reduction changes.

    Args:
        from_logits: whether predictions are logits z, with p = 1 / (1 + exp(-z)), instead of
            probabilities p.
        name: the loss's name in logs.
        dtype: precision of the reduction, float32.
    """

    def __init__(self, *, from_logits: bool = False, name: str, dtype: Any = "float32"):
        super().__init__(name=name, dtype=dtype)
        self.from_logits = from_logits

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The scalar loss of a batch of (B, H, W, 1) labels 0, 1, 255 and predictions."""
        return self.of_pixels(*labelled_pixels(y_true, y_pred))

    def of_pixels(self, truth: Any, prediction: Any, weight: Any) -> Any:
        """The loss of flat pixels, see `labelled_pixels`."""
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {"from_logits": self.from_logits, "name": self.name}


def probabilities(prediction: Any, from_logits: bool) -> Any:
    """Probabilities as they are, or the sigmoid of logits."""
    return ops.sigmoid(prediction) if from_logits else prediction


def weighted_mean(values: Any, weight: Any) -> Any:
    """sum(w v) / sum(w), and 0 where all weights are 0."""
    total = ops.sum(weight)
    return ops.sum(weight * values) / ops.where(total > 0, total, ops.ones_like(total))
