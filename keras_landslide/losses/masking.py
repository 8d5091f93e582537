"""Which pixels count: every label but 255."""

from __future__ import annotations

from typing import Any

from keras import ops

from keras_landslide.bands import UNLABELLED


def labelled_pixels(y_true: Any, y_pred: Any) -> tuple[Any, Any, Any]:
    """Flatten labels and probabilities, and weigh the unlabelled pixels with 0.

    Args:
        y_true: (B, H, W, 1) or (B, H, W) labels 0, 1, or 255 for unlabelled.
        y_pred: probabilities of the same number of pixels.

    Returns:
        float32 (N,) labels (0 where unlabelled), probabilities, and weights (1 labelled, 0 not).
        Float32 whatever the precision policy: sums over 10^5 pixels overflow or stall in 16 bits.
    """
    truth = ops.reshape(ops.cast(y_true, "float32"), (-1,))
    probability = ops.reshape(ops.cast(y_pred, "float32"), (-1,))
    weight = ops.cast(ops.not_equal(truth, float(UNLABELLED)), "float32")
    return truth * weight, probability, weight
