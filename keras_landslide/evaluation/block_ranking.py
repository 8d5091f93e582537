"""How sure rankings and losses are: probabilities block by block, in bins, resampled as wholes.

Keeping every probability of every block would hold the scene in memory. The bins end at
probabilities of the scored pixels themselves, so that each holds about as many landslide and about
as many background pixels; where there are no more distinct probabilities than bins, nothing is
rounded. Each replicate is the score of its own counts, so that no interval leaves [0, 1].
"""

from __future__ import annotations

import numpy as np

from keras_landslide.evaluation.distribution import Distribution
from keras_landslide.evaluation.intervals import LEVEL, Interval, interval, resampled

MOST_CELLS = 1 << 22
"""Counts kept for all blocks together (16 MiB), as long as there are `LEAST_BINS`."""
LEAST_BINS, MOST_BINS = 128, 1024
_LEAST = float(np.finfo(np.float32).eps)
NAMES = ("roc_auc", "average_precision", "nll", "brier")


def bin_edges(seen: Distribution, blocks: int) -> np.ndarray:
    """The lowest probability of each bin, ascending, float32 (B,).

    Args:
        seen: all scored pixels.
        blocks: how many blocks there are: the more, the fewer bins.
    """
    bins = int(np.clip(MOST_CELLS // (2 * max(blocks, 1)), LEAST_BINS, MOST_BINS))
    values = seen.values
    if len(values) <= bins:
        return values
    # From the first landslide on: two classes that do not overlap stay apart.
    found = [_starts(each, bins // 2) for each in (seen.negative, seen.positive)]
    return values[np.unique(np.concatenate(found))]


def _starts(counts: np.ndarray, parts: int) -> np.ndarray:
    """Positions where `parts` shares of about equal size begin; none of nothing."""
    total = counts.cumsum()
    if not total[-1]:
        return np.empty(0, np.int64)
    return np.searchsorted(total, np.arange(parts) * (total[-1] / parts), side="right")


class BlockRanking:
    """Landslide and background pixels of each block by probability, and their losses.

    Args:
        blocks: how many blocks there are.
        edges: of `bin_edges`.
    """

    def __init__(self, blocks: int, edges: np.ndarray) -> None:
        self.edges = edges
        self.counts = np.zeros((blocks, 2 * len(edges)), np.int32)
        self.losses = np.zeros((blocks, 2))

    def add(self, number: np.ndarray, probability: np.ndarray, truth: np.ndarray) -> None:
        """Count scored pixels.

        Args:
            number: block of each pixel, int64 (P,).
            probability: in [0, 1], (P,).
            truth: True for landslide, (P,).
        """
        if not number.size:
            return
        p = np.clip(probability.astype(np.float64), 0, 1)
        kept = np.clip(p, _LEAST, 1 - _LEAST)
        bins = len(self.edges)
        place = np.searchsorted(self.edges, np.clip(probability, 0, 1), side="right") - 1
        place = np.maximum(place, 0)
        # A strip touches few blocks: only their rows are counted.
        first, last = int(number.min()), int(number.max()) + 1
        cell = ((number - first) * 2 + truth) * bins + place
        found = np.bincount(cell, minlength=(last - first) * 2 * bins)
        self.counts[first:last] += found.reshape(last - first, 2 * bins).astype(np.int32)
        nll = -np.log(np.where(truth, kept, 1 - kept))
        for column, loss in enumerate((nll, np.square(p - truth))):
            sums = np.bincount(number - first, loss, minlength=last - first)
            self.losses[first:last, column] += sums

    @property
    def used(self) -> np.ndarray:
        """Which blocks hold scored pixels, bool (N,)."""
        return np.any(self.counts, axis=1)

    def replicates(self, seed: int = 0) -> dict[str, np.ndarray]:
        """The scores in `NAMES` over drawn blocks, float64 (R,), NaN where undefined.

        Args:
            seed: of the draws, which are those of `block_bootstrap` on the same blocks.
        """
        drawn = resampled(self.counts[self.used], seed=seed)
        losses = resampled(self.losses[self.used], seed=seed)
        with np.errstate(invalid="ignore"):
            nll, brier = (losses / drawn.sum(axis=1, keepdims=True)).T
        return {**binned_ranking(drawn), "nll": nll, "brier": brier}

    def intervals(self, *, level: float = LEVEL, seed: int = 0) -> dict[str, Interval | None]:
        """Intervals of the scores in `NAMES`; None where undefined or with too few blocks.

        Args:
            level: of the interval.
            seed: see `replicates`.
        """
        blocks = int(self.used.sum())
        drawn = self.replicates(seed)
        return {name: interval(values, blocks, level) for name, values in drawn.items()}


def binned_ranking(counts: np.ndarray) -> dict[str, np.ndarray]:
    """ROC AUC (ties counted half) and average precision of binned pixels.

    Args:
        counts: background, then landslide, by bin from the lowest probability, (R, 2 * B).

    Returns:
        `roc_auc` and `average_precision`, float64 (R,), NaN where undefined.
    """
    background, landslide = np.split(counts.astype(float), 2, axis=1)
    negatives, positives = background.sum(axis=1), landslide.sum(axis=1)
    below = background.cumsum(axis=1) - background / 2
    tp = landslide[:, ::-1].cumsum(axis=1)
    said = tp + background[:, ::-1].cumsum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        auc = (landslide * below).sum(axis=1) / (positives * negatives)
        precision = np.where(said > 0, tp / said, 0)
        average = (precision * landslide[:, ::-1]).sum(axis=1) / positives
    return {"roc_auc": auc, "average_precision": average}
