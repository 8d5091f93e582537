"""What became of each pixel at a threshold, and the pooled counts."""

from __future__ import annotations

import warnings

import numpy as np

from keras_landslide.counts import Scores
from keras_landslide.errors import GridMismatchError, LandslideWarning

TRUE_NEGATIVE, TRUE_POSITIVE, FALSE_POSITIVE, FALSE_NEGATIVE, NOT_SCORED = 0, 1, 2, 3, 255
"""Classes of a confusion map."""


def confusion_classes(
    probability: np.ndarray, label: np.ndarray, threshold: float, mask: np.ndarray | None = None
) -> np.ndarray:
    """What became of each pixel.

    Args:
        probability: (...) floats; NaN is not scored. Landslide where `>= threshold`.
        label: (...) of 0, 1 or 255; anything but 0 and 1 (255, NaN) is not scored.
        threshold: in [0, 1].
        mask: (...) bool, True where to score; None is everywhere.

    Returns:
        uint8 (...): `TRUE_NEGATIVE`, `TRUE_POSITIVE`, `FALSE_POSITIVE`, `FALSE_NEGATIVE` or
        `NOT_SCORED`.

    Raises:
        GridMismatchError: the shapes differ.
    """
    shapes = {a.shape for a in (probability, label, mask) if a is not None}
    if len(shapes) > 1:
        raise GridMismatchError(f"probability, label and mask differ in shape: {sorted(shapes)}")
    scored = ~np.isnan(probability) & ((label == 0) | (label == 1))
    if mask is not None:
        scored &= mask
    # In the probability's own type, as thresholds are stored: float32(0.3) >= 0.3 has to hold.
    said = probability >= np.asarray(threshold, probability.dtype)
    classes = np.full(probability.shape, NOT_SCORED, np.uint8)
    so = label == 1
    classes[scored & ~said & ~so] = TRUE_NEGATIVE
    classes[scored & said & so] = TRUE_POSITIVE
    classes[scored & said & ~so] = FALSE_POSITIVE
    classes[scored & ~said & so] = FALSE_NEGATIVE
    return classes


def confusion(
    probability: np.ndarray, label: np.ndarray, threshold: float, mask: np.ndarray | None = None
) -> Scores:
    """Pooled counts over arrays; arguments and errors as `confusion_classes`."""
    counts = np.bincount(
        confusion_classes(probability, label, threshold, mask).ravel(), minlength=NOT_SCORED
    )
    return Scores(
        tp=int(counts[TRUE_POSITIVE]),
        fp=int(counts[FALSE_POSITIVE]),
        fn=int(counts[FALSE_NEGATIVE]),
        tn=int(counts[TRUE_NEGATIVE]),
    )


def warn_of_one_class(scores: Scores, where: str) -> None:
    """Warn where what is scored is all landslide, or holds none.

    Args:
        scores: of all of it.
        where: what it is, as the message's subject.
    """
    if scores.total and not scores.both_classes:
        what = "no landslide pixel" if not scores.tp + scores.fn else "landslide pixels alone"
        warnings.warn(
            f"{where} holds {what}: precision, F1 and IoU mean nothing there and are left out",
            LandslideWarning,
            stacklevel=3,
        )
