"""Which pixels losses and metrics count: every label but 255."""

from __future__ import annotations

from typing import Any

from keras import ops

from keras_landslide.bands import UNLABELLED


def labelled_pixels(y_true: Any, y_pred: Any) -> tuple[Any, Any, Any]:
    """Flatten labels and predictions, and weigh the unlabelled pixels with 0.

    Args:
        y_true: (B, H, W, 1) or (B, H, W) labels 0, 1, or 255 for unlabelled.
        y_pred: probabilities or logits of the same number of pixels.

    Returns:
        float32 (N,) labels and predictions, both 0 where unlabelled, even if the prediction there
        was NaN, and weights (1 labelled, 0 not).
        Float32 whatever the precision policy: sums over 10^5 pixels overflow or stall in 16 bits.
    """
    truth = ops.reshape(ops.cast(y_true, "float32"), (-1,))
    prediction = ops.reshape(ops.cast(y_pred, "float32"), (-1,))
    labelled = ops.not_equal(truth, float(UNLABELLED))
    zeros = ops.zeros_like(truth)
    # A product with the weight would keep NaN.
    return (
        ops.where(labelled, truth, zeros),
        ops.where(labelled, prediction, zeros),
        ops.cast(labelled, "float32"),
    )
