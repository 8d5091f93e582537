"""How good held-out maps are: per fold, over the folds, and one model against another.

Intervals are from a bootstrap over square blocks within each fold; two models are compared on the
same draws, since they were scored on the same pixels.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from keras_landslide.evaluation.block_ranking import NAMES, BlockRanking, binned_ranking
from keras_landslide.evaluation.calibration import ece
from keras_landslide.evaluation.distribution import Distribution
from keras_landslide.evaluation.intervals import LEVEL, resampled
from keras_landslide.evaluation.ranking import curve, ranking_scores
from keras_landslide.susceptibility.folds import NO_FOLD

RANKINGS = ("roc_auc", "average_precision")
SHOWN = (*NAMES, "naive_nll", "ece")


class FoldScores(NamedTuple):
    """A model on one fold.

    Attributes:
        scores: the names of `SHOWN`, None where undefined.
        intervals: (low, high) of those in `evaluation.block_ranking.NAMES`.
        blocks: probabilities by block, for comparing.
    """

    scores: dict[str, float | None]
    intervals: dict[str, tuple[float, float] | None]
    blocks: BlockRanking


class Gap(NamedTuple):
    """The mean AUC over folds of one model less that of another.

    Attributes:
        value: on all blocks.
        low: lower end of the interval.
        high: upper end.
        share_above: share of replicates in which the first is better.
    """

    value: float
    low: float
    high: float
    share_above: float


def score_folds(
    probability: np.ndarray, label: np.ndarray, fold: np.ndarray, *, block_px: int = 64
) -> list[FoldScores]:
    """Scores of held-out probabilities, fold by fold.

    Args:
        probability: float (H, W), each pixel from a model that did not learn from its fold; NaN is
            not scored.
        label: (H, W) of 0, 1, 255.
        fold: int (H, W), -1 where not scored.
        block_px: edge of the blocks that are resampled.
    """
    height, width = label.shape
    across = -(-width // block_px)
    rows, cols = np.arange(height) // block_px, np.arange(width) // block_px
    block = rows[:, None] * across + cols
    count = int(block.max()) + 1
    found = []
    for number in range(int(fold.max()) + 1):
        scored = (fold == number) & ((label == 0) | (label == 1)) & ~np.isnan(probability)
        p, truth = probability[scored], label[scored] == 1
        seen = Distribution.of(p, truth.astype(np.uint8))
        exact = ranking_scores(seen) | {"ece": ece(seen)}
        blocks = BlockRanking(count)
        blocks.add(block[scored], p, truth)
        between = blocks.intervals({name: exact[name] for name in NAMES}, seed=number)
        intervals = {name: i and (i.low, i.high) for name, i in between.items()}
        found.append(FoldScores({name: exact[name] for name in SHOWN}, intervals, blocks))
    return found


def overall(folds: list[FoldScores]) -> dict[str, Any]:
    """Means over the folds and, of rankings, their intervals.

    Returns:
        `{name: {"value": float, "low": float, "high": float}}`; no interval for the other scores.
    """
    result: dict[str, Any] = {}
    for name in SHOWN:
        values = [fold.scores[name] for fold in folds]
        known = [value for value in values if value is not None]
        if len(known) < len(values):
            continue
        result[name] = {"value": float(np.mean(known))}
        if name in RANKINGS:
            spread = _replicates(folds, name)
            low, high = np.nanquantile(spread, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
            result[name] |= {"low": float(low), "high": float(high)}
    return result


def gap(first: list[FoldScores], second: list[FoldScores], name: str = "roc_auc") -> Gap:
    """How much better the first model is, on the same blocks of the same folds."""
    spread = _replicates(first, name) - _replicates(second, name)
    value = np.mean([a.scores[name] - b.scores[name] for a, b in zip(first, second, strict=True)])  # type: ignore[operator]
    low, high = np.nanquantile(spread, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Gap(float(value), float(low), float(high), float((spread > 0).mean()))


def _replicates(folds: list[FoldScores], name: str) -> np.ndarray:
    """The mean over folds in each replicate, moved to the exact score; float64 (R,)."""
    parts = []
    for number, fold in enumerate(folds):
        counts = fold.blocks.counts
        drawn = resampled(counts[counts.any(axis=1)].astype(np.int64), seed=number)
        middle = binned_ranking(counts.sum(axis=0, dtype=np.int64)[None])[name][0]
        parts.append(binned_ranking(drawn)[name] + ((fold.scores[name] or 0.0) - middle))
    return np.mean(parts, axis=0)


def rate_curve(
    probability: np.ndarray, label: np.ndarray, fold: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Share of the map against share of the landslides in it, from the most susceptible pixel on.

    On pixels that were learnt from it is the success rate, on held-out ones the prediction rate
    (Chung and Fabbri 2003, doi:10.1023/B:NHAZ.0000007172.62651.2b). With folds, pixels are ranked
    within their fold, since the models of two folds need not agree on the level.

    Args:
        probability: (H, W), NaN is left out.
        label: (H, W) of 0, 1, 255; others are left out.
        fold: int (H, W), -1 is left out; None ranks all together.

    Returns:
        area and landslides, float64 in [0, 1], ascending, from (0, 0) to (1, 1).
    """
    known = ((label == 0) | (label == 1)) & ~np.isnan(probability)
    if fold is None:
        fold = np.zeros(label.shape, int)
    known &= fold != NO_FOLD
    share = np.linspace(0, 1, 201)
    caught = np.zeros_like(share)
    slides = int((label[known] == 1).sum())
    for number in np.unique(fold[known]):
        here = known & (fold == number)
        _, tp, fp = curve(Distribution.of(probability[here], label[here]))
        # Pixels of equal probability are taken together, in a straight line.
        caught += np.interp(share * here.sum(), np.r_[0, tp + fp], np.r_[0, tp])
    return share, caught / max(slides, 1)
