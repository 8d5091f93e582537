"""The decision threshold with the best F1, and the counts at it, from one pass over pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keras_landslide.bands import UNLABELLED
from keras_landslide.counts import Scores

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
    """The threshold with the highest F1 over all that separate the pixels seen.

    Between two neighbouring probabilities every threshold scores the same, so the middle of that
    gap is taken. Ties go to the higher threshold. Without any landslide pixel F1 is undefined:
    the threshold is then 0.5, and the rule says so.
    """
    positives = histogram.landslide.sum()
    if positives == 0:
        return Threshold(0.5, "0.5, since validation has no landslide pixel", 0.0)
    tp = histogram.landslide[::-1].cumsum()[::-1]
    fp = histogram.background[::-1].cumsum()[::-1]
    f1 = 2 * tp / (tp + fp + positives)
    used = np.flatnonzero((histogram.landslide > 0) | (histogram.background > 0))
    position = len(used) - 1 - int(np.argmax(f1[used][::-1]))
    chosen = int(used[position])
    below = int(used[position - 1]) + 1 if position else 0
    middle = (_edge(below) + _edge(chosen)) / 2
    # Rounded down to a bin's edge, so that counts from the histogram and from the map agree.
    threshold = _edge(int(np.float32(middle).view("uint32")) >> _SHIFT)
    return Threshold(max(threshold, _edge(below)), "best F1 on validation", float(f1[chosen]))


def _edge(position: int) -> float:
    return float(np.uint32(position << _SHIFT).view("float32"))
