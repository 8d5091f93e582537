"""Curves of a model, per fold and over the folds, with intervals from resampled blocks.

ROC, precision against recall, and rates: share of the map, the most susceptible first, against the
share of the landslides in it. On held-out ground that is the prediction rate, on ground that was
learnt from the success rate (Chung and Fabbri 2003, doi:10.1023/B:NHAZ.0000007172.62651.2b).
Calibration is what was said against what was so, in bins of log-odds, since landslides are rare.

The line is exact; the interval is that of binned probabilities, moved to the line, as for scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import expit

from keras_landslide.evaluation.block_ranking import BlockRanking
from keras_landslide.evaluation.distribution import Distribution
from keras_landslide.evaluation.intervals import LEVEL, resampled
from keras_landslide.evaluation.ranking import curve

KINDS = ("roc", "precision_recall", "rate")
GRID = np.linspace(0, 1, 101)
BINS, REACH = 128, 14.0
EDGES = expit(np.linspace(-REACH, REACH, BINS + 1)[:-1]).astype(np.float32)
"""Bins of equal width in log-odds, for all models alike: probabilities of 1e-6 to 1 - 1e-6."""
GROUP = 4
"""Of them in one bin of calibration: 0.9 wide in log-odds."""
REPLICATES = 200
"""A band in a figure needs fewer draws than a number in a table."""
LEAST_PIXELS = 100
"""Bins of calibration with fewer are left out."""


class Band(NamedTuple):
    """A line with its interval, each float64 (N,); NaN where a fold has one class alone."""

    x: np.ndarray
    y: np.ndarray
    low: np.ndarray
    high: np.ndarray


class FoldCurves(NamedTuple):
    """What the curves of a fold are made of.

    Attributes:
        exact: the line of each of `KINDS` at `GRID`.
        counts: background, then landslide, by block and bin, of the blocks with scored pixels.
        said: sum of the probabilities in each bin of calibration.
        seed: of the draws of the fold.
    """

    exact: dict[str, np.ndarray]
    counts: np.ndarray
    said: np.ndarray
    seed: int


def fold_curves(seen: Distribution, blocks: BlockRanking, seed: int) -> FoldCurves:
    """The curves of one fold; `seen` holds the pixels of `blocks`, binned by `EDGES`."""
    _, tp, fp = curve(seen)
    used = blocks.counts[blocks.used].astype(np.int64)
    weight = seen.values.astype(np.float64) * (seen.positive + seen.negative)
    place = np.maximum(np.searchsorted(EDGES, seen.values, side="right") - 1, 0)
    said = np.bincount(place // GROUP, weight, BINS // GROUP)
    return FoldCurves({kind: _line(kind, tp, fp) for kind in KINDS}, used, said, seed)


def band(kind: str, folds: Sequence[FoldCurves]) -> Band:
    """A curve of `KINDS`, the mean over folds, with the interval of that mean."""
    exact = np.mean([fold.exact[kind] for fold in folds], axis=0)
    spread, middle = [], []
    for fold in folds:
        drawn = resampled(fold.counts, REPLICATES, fold.seed)
        spread.append([_line(kind, *_downwards(row)) for row in drawn])
        middle.append(_line(kind, *_downwards(fold.counts.sum(axis=0))))
    off = exact - np.mean(middle, axis=0)
    low, high = np.nanquantile(np.mean(spread, axis=0), [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return Band(GRID, exact, *(np.clip(edge + off, 0, 1) for edge in (low, high)))


def calibration(folds: Sequence[FoldCurves]) -> Band:
    """Share of landslides against probability, all folds together; empty if all bins are small."""
    parts = [resampled(fold.counts, REPLICATES, fold.seed) for fold in folds]
    spread = np.sum([_grouped(part) for part in parts], axis=0)
    own = [_grouped(fold.counts.sum(axis=0)[None])[0] for fold in folds]
    slides, pixels = np.moveaxis(np.sum(own, axis=0), -1, 0)
    said = np.sum([fold.said for fold in folds], axis=0)
    kept = pixels >= LEAST_PIXELS
    if not kept.any():
        return Band(*(np.empty(0) for _ in Band._fields))
    with np.errstate(invalid="ignore"):
        drawn = spread[:, kept, 0] / spread[:, kept, 1]
    low, high = np.nanquantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return Band(said[kept] / pixels[kept], slides[kept] / pixels[kept], low, high)


def _line(kind: str, tp: np.ndarray, fp: np.ndarray) -> np.ndarray:
    """A curve at `GRID` from counts at falling thresholds; in between counts grow evenly."""
    slides, others = int(tp[-1]), int(fp[-1])
    if not slides or not others:
        return np.full(GRID.shape, np.nan)
    if kind == "roc":
        return np.interp(GRID * others, np.r_[0, fp], np.r_[0, tp]) / slides
    if kind == "rate":
        return np.interp(GRID * (slides + others), np.r_[0, tp + fp], np.r_[0, tp]) / slides
    rises = np.diff(tp, prepend=0) > 0
    recall = np.maximum(GRID, GRID[1] / 2)  # without any recall there is no precision
    said = np.interp(recall * slides, np.r_[0, tp[rises]], np.r_[0, (tp + fp)[rises]])
    return recall * slides / said


def _downwards(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Landslide and background pixels at or above each bin, from the highest; of (2 * BINS,)."""
    return counts[: BINS - 1 : -1].cumsum(), counts[BINS - 1 :: -1].cumsum()


def _grouped(counts: np.ndarray) -> np.ndarray:
    """Landslide pixels and all pixels by bin of calibration, (R, BINS / GROUP, 2)."""
    both = counts.reshape(len(counts), 2, BINS // GROUP, GROUP).sum(axis=-1)
    return np.stack([both[:, 1], both.sum(axis=1)], axis=-1)
