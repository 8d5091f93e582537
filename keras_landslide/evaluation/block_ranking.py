"""How sure rankings and losses are: probabilities block by block, in bins, resampled as wholes.

Keeping every probability of every block would hold the scene in memory. Bins of equal width in
log-odds are enough for the spread over blocks; the interval is then moved to the exact score.
"""

from __future__ import annotations

import numpy as np
from scipy.special import logit

from keras_landslide.evaluation.intervals import LEVEL, Interval, interval, resampled

BINS = 128
REACH = 14.0
"""Log-odds of the outermost bins: probabilities of 1e-6 and 1 - 1e-6."""
_LEAST = float(np.finfo(np.float32).eps)
NAMES = ("roc_auc", "average_precision", "nll", "brier")


class BlockRanking:
    """Landslide and background pixels of each block by probability, and their losses.

    Args:
        blocks: how many blocks there are.
    """

    def __init__(self, blocks: int) -> None:
        self.counts = np.zeros((blocks, 2 * BINS), np.int32)
        self.losses = np.zeros((blocks, 2))

    def add(self, number: np.ndarray, probability: np.ndarray, truth: np.ndarray) -> None:
        """Count scored pixels.

        Args:
            number: block of each pixel, int64 (P,).
            probability: in [0, 1], (P,).
            truth: True for landslide, (P,).
        """
        p = np.clip(probability.astype(np.float64), 0, 1)
        kept = np.clip(p, _LEAST, 1 - _LEAST)
        place = log_odds_bin(p)
        first, last = (int(number.min()), int(number.max()) + 1) if number.size else (0, 0)
        # A strip touches few blocks: only their rows are counted.
        cell = ((number - first) * 2 + truth) * BINS + place
        found = np.bincount(cell, minlength=(last - first) * 2 * BINS)
        self.counts[first:last] += found.reshape(last - first, 2 * BINS).astype(np.int32)
        nll = -np.log(np.where(truth, kept, 1 - kept))
        for column, loss in enumerate((nll, np.square(p - truth))):
            sums = np.bincount(number - first, loss, minlength=last - first)
            self.losses[first:last, column] += sums

    def intervals(
        self, exact: dict[str, float | None], *, level: float = LEVEL, seed: int = 0
    ) -> dict[str, Interval | None]:
        """Intervals of the scores in `exact`, of `NAMES`.

        Args:
            exact: scores of all blocks together, from every probability; None where undefined.
            level: of the interval.
            seed: of the draws, which are those of `block_bootstrap` on the same blocks.
        """
        used = self.counts.any(axis=1)
        blocks = int(used.sum())
        drawn = resampled(self.counts[used].astype(np.int64), seed=seed)
        losses = resampled(self.losses[used], seed=seed)
        spread = {**binned_ranking(drawn), **_means(losses, drawn)}
        own = self.counts.sum(axis=0, dtype=np.int64)[None]
        middle = {**binned_ranking(own), **_means(self.losses.sum(axis=0)[None], own)}
        found: dict[str, Interval | None] = {}
        for name in NAMES:
            value = exact[name]
            between = None if value is None else interval(spread[name], blocks, level)
            if between is not None and value is not None:
                off = value - float(middle[name][0])
                between = between._replace(low=between.low + off, high=between.high + off)
            found[name] = between
        return found


def log_odds_bin(probability: np.ndarray) -> np.ndarray:
    """The bin of each probability, int64 in [0, BINS)."""
    kept = np.clip(probability.astype(np.float64), _LEAST, 1 - _LEAST)
    place = (logit(kept) + REACH) / (2 * REACH) * BINS
    return np.clip(place, 0, BINS - 1).astype(np.int64)


def binned_ranking(counts: np.ndarray) -> dict[str, np.ndarray]:
    """ROC AUC (ties counted half) and average precision of binned pixels.

    Args:
        counts: background, then landslide, by bin from the lowest probability, (R, 2 * BINS).

    Returns:
        `roc_auc` and `average_precision`, float64 (R,), NaN where undefined.
    """
    background, landslide = counts[:, :BINS].astype(float), counts[:, BINS:].astype(float)
    negatives, positives = background.sum(axis=1), landslide.sum(axis=1)
    below = background.cumsum(axis=1) - background / 2
    tp = landslide[:, ::-1].cumsum(axis=1)
    said = tp + background[:, ::-1].cumsum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        auc = (landslide * below).sum(axis=1) / (positives * negatives)
        precision = np.where(said > 0, tp / said, 0)
        average = (precision * landslide[:, ::-1]).sum(axis=1) / positives
    return {"roc_auc": auc, "average_precision": average}


def _means(losses: np.ndarray, counts: np.ndarray) -> dict[str, np.ndarray]:
    with np.errstate(invalid="ignore"):
        nll, brier = (losses / counts.sum(axis=1, keepdims=True)).T
    return {"nll": nll, "brier": brier}
