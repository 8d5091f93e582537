"""The decision threshold with the best F1, and the counts at it, from one pass over pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keras_landslide.bands import UNLABELLED
from keras_landslide.counts import Scores
from keras_landslide.evaluation.thresholds import best_f_beta

_SHIFT = 10
_BINS = (0x3F800000 >> _SHIFT) + 1


class ProbabilityHistogram:
    """Counts of landslide and background pixels per probability, in constant memory.

    Bins are the leading 22 bits of the float32 probability, which order as the numbers do: about a
    million bins, 1.2e-4 wide near 1 and ever finer towards 0, so that even a barely trained
    network, whose probabilities hardly differ, gets its best threshold.
    """

    def __init__(self) -> None:
        self.landslide = np.zeros(_BINS, "int64")
        self.background = np.zeros(_BINS, "int64")

    def add(self, label: np.ndarray, probability: np.ndarray) -> None:
        """Count pixels: labels {0, 1, 255} (255 is left out) and as many probabilities."""
        label = np.asarray(label).reshape(-1)
        # Adding 0 turns -0 into 0, whose bits order before all others.
        p = np.clip(np.asarray(probability, "float32").reshape(-1), 0, 1) + np.float32(0)
        bins = p.view("uint32") >> _SHIFT
        self.landslide += np.bincount(bins[label == 1], minlength=_BINS)
        others = (label != 1) & (label != UNLABELLED)
        self.background += np.bincount(bins[others], minlength=_BINS)

    @property
    def values(self) -> np.ndarray:
        """Lowest probability of each bin that holds pixels, ascending, float32 (N,)."""
        return _edges(self._used)

    @property
    def tops(self) -> np.ndarray:
        """The least probability above each of them, float32 (N,)."""
        return _edges(self._used + 1)

    @property
    def positive(self) -> np.ndarray:
        """Landslide pixels of each of them, int64 (N,)."""
        return self.landslide[self._used]

    @property
    def negative(self) -> np.ndarray:
        """Background pixels of each of them, int64 (N,)."""
        return self.background[self._used]

    @property
    def _used(self) -> np.ndarray:
        return np.flatnonzero((self.landslide > 0) | (self.background > 0))

    def counts_at(self, threshold: float) -> Scores:
        """The counts when `probability >= threshold` means landslide.

        Exact for thresholds that `best_f1` returns.
        """
        first = int(np.float32(threshold).view("uint32")) >> _SHIFT
        return Scores(
            tp=int(self.landslide[first:].sum()),
            fp=int(self.background[first:].sum()),
            fn=int(self.landslide[:first].sum()),
            tn=int(self.background[:first].sum()),
        )


@dataclass(frozen=True)
class Threshold:
    """A decision threshold, how it was chosen, and the F1 that it reached there."""

    value: float
    rule: str
    f1: float


def best_f1(histogram: ProbabilityHistogram) -> Threshold:
    """The threshold of `evaluation.thresholds.best_f_beta`.

    Without any landslide pixel F1 is undefined: the threshold is then 0.5, and the rule says so.
    """
    if not histogram.landslide.any():
        return Threshold(0.5, "0.5, since validation has no landslide pixel", 0.0)
    choice = best_f_beta(histogram)
    return Threshold(choice.threshold, "best F1 on validation", choice.value)


def _edges(positions: np.ndarray) -> np.ndarray:
    return (positions.astype(np.uint32) << _SHIFT).view(np.float32)
