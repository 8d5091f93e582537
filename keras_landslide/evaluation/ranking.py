"""Scores of the probabilities themselves, whatever the threshold: curves, areas, losses."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from scipy.integrate import trapezoid

from keras_landslide.evaluation.distribution import Distribution


class Seen(Protocol):
    """Pixels by probability, as a `Distribution` or the histogram that training fills."""

    @property
    def values(self) -> np.ndarray:
        """Lowest probability of each entry, ascending, float32 (N,)."""

    @property
    def tops(self) -> np.ndarray:
        """The least probability above each entry, float32 (N,)."""

    @property
    def positive(self) -> np.ndarray:
        """Landslide pixels of each entry, int64 (N,)."""

    @property
    def negative(self) -> np.ndarray:
        """Background pixels of each entry, int64 (N,)."""


class Curve(NamedTuple):
    """Counts at every threshold that separates pixels, from the highest to the lowest.

    Attributes:
        threshold: float32 (N,), descending: landslide where `probability >= threshold`.
        tp: landslide pixels at or above it, int64 (N,).
        fp: background pixels at or above it, int64 (N,).
    """

    threshold: np.ndarray
    tp: np.ndarray
    fp: np.ndarray


def curve(seen: Seen) -> Curve:
    """Cumulated counts from the most certain landslide downwards."""
    down = slice(None, None, -1)
    return Curve(seen.values[down], seen.positive[down].cumsum(), seen.negative[down].cumsum())


def roc_auc(seen: Distribution) -> float | None:
    """Area under the ROC curve, ties counted half; None without both classes.

    Hanley and McNeil 1982, doi:10.1148/radiology.143.1.7063747.
    """
    if not seen.positives or not seen.negatives:
        return None
    _, tp, fp = curve(seen)
    area = trapezoid(np.r_[0, tp] / seen.positives, np.r_[0, fp] / seen.negatives)
    return float(area)


def average_precision(seen: Distribution) -> float | None:
    """Sum over thresholds of precision x gain in recall, no interpolation; None without landslide.

    As scikit-learn's `average_precision_score`.
    """
    if not seen.positives:
        return None
    _, tp, fp = curve(seen)
    # `precision @ gain`, each threshold with the precision at it.
    return float((tp / np.maximum(tp + fp, 1)) @ np.diff(tp, prepend=0) / seen.positives)


def nll(seen: Distribution) -> float | None:
    """Mean negative log-likelihood, nats; None without pixels."""
    return seen.nll_sum / seen.total if seen.total else None


def brier(seen: Distribution) -> float | None:
    """Mean squared error of the probability (Brier 1950); None without pixels."""
    return seen.brier_sum / seen.total if seen.total else None


def naive_nll(seen: Distribution) -> float | None:
    """NLL of the best constant, the prevalence itself: what a map has to beat."""
    if not seen.total:
        return None
    shares = np.array([seen.positives, seen.negatives]) / seen.total
    shares = shares[shares > 0]
    return float(-(shares * np.log(shares)).sum()) + 0.0


def ranking_scores(seen: Distribution) -> dict[str, float | None]:
    """All of the above, ready for JSON."""
    return {
        "roc_auc": roc_auc(seen),
        "average_precision": average_precision(seen),
        "nll": nll(seen),
        "naive_nll": naive_nll(seen),
        "brier": brier(seen),
    }
