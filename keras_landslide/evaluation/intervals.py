"""How sure a score is: bootstrap over spatial blocks, never over pixels.

Neighbouring pixels tell the same story, so a bootstrap over pixels is far too sure of itself;
blocks of a landscape are resampled as wholes (Roberts et al. 2017, doi:10.1111/ecog.02881).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from keras_landslide.counts import NAMES, Scores
from keras_landslide.errors import GridMismatchError

REPLICATES = 1000
LEVEL = 0.95
LEAST_BLOCKS = 5
"""Below, draws repeat each other so often that an interval would look surer than it is."""
_DRAWN_AT_ONCE = 100
"""Replicates held in memory at a time: a large scene has 100 000 blocks."""


class Interval(NamedTuple):
    """A percentile interval of a score.

    Attributes:
        low: lower end.
        high: upper end.
        blocks: blocks with scored pixels that were resampled.
        undefined: share of replicates in which the score has no value; they are left out.
    """

    low: float
    high: float
    blocks: int
    undefined: float


class Difference(NamedTuple):
    """A score of one model less that of another on the same blocks.

    Attributes:
        value: on all blocks.
        interval: of the difference over resampled blocks.
        share_above: share of replicates in which the first model is better.
    """

    value: float
    interval: Interval
    share_above: float


def block_bootstrap(
    counts: np.ndarray,
    names: Sequence[str] = NAMES,
    *,
    replicates: int = REPLICATES,
    level: float = LEVEL,
    seed: int = 0,
) -> dict[str, Interval | None]:
    """Intervals of pooled scores.

    Args:
        counts: tp, fp, fn, tn of each block, integers (N, 4).
        names: scores, of `scores.NAMES`.
        replicates: how often N blocks are drawn with replacement.
        level: of the interval, in (0, 1).
        seed: of the draws.

    Returns:
        An interval per name; None with too few blocks, or where no replicate has a value.
    """
    counts = _used(counts, counts)[0]
    drawn = _replicates(counts, replicates, seed)
    return {name: interval(_values(drawn, name), len(counts), level) for name in names}


def resampled(values: np.ndarray, replicates: int = REPLICATES, seed: int = 0) -> np.ndarray:
    """Sums of columns over blocks drawn with replacement, (replicates, K).

    The same number of blocks and the same seed give the same draws, whatever the columns. Sums of
    integers are int64, others float64.

    Args:
        values: (N, K), a row per block.
        replicates: how often N blocks are drawn.
        seed: of the draws.
    """
    blocks = len(values)
    if not blocks:
        return np.zeros((0, values.shape[1]), values.dtype)
    rng = np.random.default_rng(seed)
    chance = np.full(blocks, 1 / blocks)
    # In float64, which BLAS multiplies; counts below 2**53 stay whole.
    columns = values.astype(np.float64)
    parts = [
        rng.multinomial(blocks, chance, min(_DRAWN_AT_ONCE, replicates - done)) @ columns
        for done in range(0, replicates, _DRAWN_AT_ONCE)
    ]
    drawn = np.concatenate(parts)
    return drawn.astype(np.int64) if values.dtype.kind in "iu" else drawn


def interval(values: np.ndarray, blocks: int, level: float = LEVEL) -> Interval | None:
    """The percentile interval of replicates, NaN where undefined; None with too few blocks."""
    known = values[~np.isnan(values)]
    if blocks < LEAST_BLOCKS or not known.size:
        return None
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high), blocks, float(1 - known.size / values.size))


def paired_difference(
    first: np.ndarray,
    second: np.ndarray,
    names: Sequence[str] = ("f1",),
    *,
    replicates: int = REPLICATES,
    level: float = LEVEL,
    seed: int = 0,
) -> dict[str, Difference | None]:
    """Differences `first - second` of pooled scores; both models see the same draws of blocks.

    Args:
        first: tp, fp, fn, tn of each block, integers (N, 4).
        second: the other model's, of the same blocks and pixels.
        names: see `block_bootstrap`, as the other arguments.
        replicates: see there.
        level: see there.
        seed: see there.

    Raises:
        GridMismatchError: the models were not scored on the same pixels of the same blocks.
    """
    if first.shape != second.shape or (first.sum(1) != second.sum(1)).any():
        raise GridMismatchError(
            "the two models were not scored on the same pixels; score them with the same blocks "
            "where both have a value"
        )
    first, second = _used(first, second)
    pair = _replicates(first, replicates, seed), _replicates(second, replicates, seed)
    return {
        name: _difference(
            (first, second), _values(pair[0], name) - _values(pair[1], name), name, level
        )
        for name in names
    }


def _difference(
    sides: Sequence[np.ndarray], spread: np.ndarray, name: str, level: float
) -> Difference | None:
    a, b = (getattr(Scores(*(int(n) for n in side.sum(axis=0))), name) for side in sides)
    between = interval(spread, min(map(len, sides)), level)
    if a is None or b is None or between is None:
        return None
    known = spread[~np.isnan(spread)]
    return Difference(a - b, between, float((known > 0).mean()))


def _used(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Blocks with scored pixels alone."""
    used = first.sum(axis=1) > 0
    return first[used], second[used]


def _replicates(counts: np.ndarray, replicates: int, seed: int) -> list[Scores]:
    return [Scores(*row) for row in resampled(counts, replicates, seed).tolist()]


def _values(drawn: Sequence[Scores], name: str) -> np.ndarray:
    """The score in each replicate, float64, NaN where undefined."""
    return np.array([getattr(scores, name) for scores in drawn], dtype=float)
