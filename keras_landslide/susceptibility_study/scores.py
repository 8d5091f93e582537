"""How good held-out maps are: per fold, over the folds, and one model against another.

Intervals are from a bootstrap over square blocks within each fold; two models are compared on the
same draws, since they were scored on the same pixels.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from keras_landslide.evaluation.block_ranking import NAMES, BlockRanking, bin_edges
from keras_landslide.evaluation.calibration import ece
from keras_landslide.evaluation.distribution import Distribution
from keras_landslide.evaluation.intervals import LEVEL, interval
from keras_landslide.evaluation.ranking import ranking_scores
from keras_landslide.susceptibility_study.curves import EDGES, FoldCurves, fold_curves

RANKINGS = ("roc_auc", "average_precision")
BLOCK_PX = 64
"""Edge of the blocks that intervals draw: 1.8 km at 28.55 m, wider than clusters of landslides."""
SHOWN = (*NAMES, "naive_nll", "ece")


class FoldScores(NamedTuple):
    """A model on one fold.

    Attributes:
        scores: the names of `SHOWN`, None where undefined.
        intervals: (low, high) of those in `evaluation.block_ranking.NAMES`.
        replicates: the same over drawn blocks, float64 (R,) each, for comparing: models on the same
            pixels of a fold see the same draws.
        curves: see `curves.band`.
    """

    scores: dict[str, float | None]
    intervals: dict[str, tuple[float, float] | None]
    replicates: dict[str, np.ndarray]
    curves: FoldCurves


class Gap(NamedTuple):
    """The mean AUC over folds of one model less that of another.

    Attributes:
        value: on all blocks.
        low: lower end of the interval.
        high: upper end.
        share_above: share of replicates in which the first is better, of those that have a value;
            NaN where none has.
    """

    value: float
    low: float
    high: float
    share_above: float


def score_fold(
    probability: np.ndarray, label: np.ndarray, *, block_px: int = BLOCK_PX, seed: int = 0
) -> FoldScores:
    """Scores and curves of one fold.

    Args:
        probability: float (H, W), from a model that did not learn from these pixels, or, for a
            success rate, that did; NaN is not scored.
        label: (H, W) of 0, 1, 255; others are not scored.
        block_px: edge of the blocks that are resampled.
        seed: of the draws; the same for all models of a fold, so that they can be compared.
    """
    height, width = label.shape
    across = -(-width // block_px)
    rows, cols = np.arange(height) // block_px, np.arange(width) // block_px
    block = rows[:, None] * across + cols
    scored = ((label == 0) | (label == 1)) & ~np.isnan(probability)
    p, truth = probability[scored], label[scored] == 1
    seen = Distribution.of(p, truth.astype(np.uint8))
    exact = ranking_scores(seen) | {"ece": ece(seen)}
    count = int(block.max()) + 1
    ranked, drawn_from = BlockRanking(count, bin_edges(seen, count)), BlockRanking(count, EDGES)
    for blocks in (ranked, drawn_from):
        blocks.add(block[scored], p, truth)
    replicates, used = ranked.replicates(seed), int(ranked.used.sum())
    between = {name: interval(values, used) for name, values in replicates.items()}
    return FoldScores(
        {name: exact[name] for name in SHOWN},
        {name: i and (i.low, i.high) for name, i in between.items()},
        replicates,
        fold_curves(seen, drawn_from, seed),
    )


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
    known = spread[~np.isnan(spread)]
    above = float((known > 0).mean()) if known.size else float("nan")
    return Gap(float(value), float(low), float(high), above)


def _replicates(folds: list[FoldScores], name: str) -> np.ndarray:
    """The mean over folds in each replicate, float64 (R,)."""
    return np.mean([fold.replicates[name] for fold in folds], axis=0)
