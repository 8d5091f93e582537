"""The same experiment with several seeds: how sure a mean over seeds is.

A replicate draws as many seeds as there are, with replacement, and one set of blocks of the scene,
and takes the mean over the drawn seeds on those blocks: the interval is that of the mean, and holds
both the luck of training and that of the place. Of one seed it holds the place alone, and two or
three tell little of the luck of training.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from keras_landslide.counts import Scores
from keras_landslide.errors import GridMismatchError
from keras_landslide.evaluation.intervals import interval, resampled


class SeedScore(NamedTuple):
    """A score over seeds.

    Attributes:
        value: mean over the seeds where it is defined; None where it never is.
        values: one per seed.
        interval: [low, high] of the mean; None with too few blocks.
    """

    value: float | None
    values: list[float | None]
    interval: list[float] | None

    def to_dict(self) -> dict[str, Any]:
        """`f1`, `per_seed` and `interval`, ready for JSON."""
        return {"f1": self.value, "per_seed": self.values, "interval": self.interval}


def seed_score(counts: Sequence[np.ndarray], name: str = "f1", seed: int = 0) -> SeedScore:
    """A pooled score of each seed, and their mean.

    Args:
        counts: per seed, tp, fp, fn, tn of each block of the scene, integers (N, 4); blocks that a
            seed does not score are 0.
        name: of `counts.NAMES`.
        seed: of the draws.

    Raises:
        GridMismatchError: the seeds have other blocks.
    """
    values = _values(counts, name)
    return SeedScore(_mean(values), values, _interval(_drawn(counts, name, seed), [counts], seed))


def seed_gap(
    first: Sequence[np.ndarray], second: Sequence[np.ndarray], name: str = "f1", seed: int = 0
) -> SeedScore:
    """The difference `first - second`, seed by seed; both sides see the same draws.

    Args:
        first: as in `seed_score`.
        second: of as many seeds and the same blocks.
        name: see there.
        seed: see there.

    Raises:
        GridMismatchError: the two have other blocks.
    """
    pairs = zip(_values(first, name), _values(second, name), strict=True)
    values = [None if a is None or b is None else a - b for a, b in pairs]
    drawn = _drawn([*first, *second], name, seed)
    apart = drawn[: len(first)] - drawn[len(first) :]
    return SeedScore(_mean(values), values, _interval(apart, [first, second], seed))


def _values(counts: Sequence[np.ndarray], name: str) -> list[float | None]:
    return [getattr(Scores(*(int(n) for n in each.sum(axis=0))), name) for each in counts]


def _drawn(counts: Sequence[np.ndarray], name: str, seed: int) -> np.ndarray:
    """The score of each entry over the same drawn blocks, float64 (K, R), NaN where undefined."""
    if len({each.shape for each in counts}) > 1:
        raise GridMismatchError("the seeds were not scored on the blocks of one scene")
    stacked = np.stack(counts, axis=1)
    used = stacked.any(axis=(1, 2))
    sums = resampled(stacked[used].reshape(int(used.sum()), -1), seed=seed)
    rows = sums.reshape(len(sums), len(counts), 4).tolist()
    return np.array([[getattr(Scores(*each), name) for each in row] for row in rows], float).T


def _interval(
    drawn: np.ndarray, sides: Sequence[Sequence[np.ndarray]], seed: int
) -> list[float] | None:
    """The interval of the mean over drawn seeds; `drawn` is (seeds, R)."""
    if not drawn.size:
        return None
    seeds, replicates = drawn.shape
    chosen = np.random.default_rng([seed, 1]).integers(seeds, size=(seeds, replicates))
    picked = np.take_along_axis(drawn, chosen, axis=0)
    known = ~np.isnan(picked)
    with np.errstate(invalid="ignore"):
        means = np.where(known, picked, 0).sum(axis=0) / known.sum(axis=0)
    blocks = min(int(each.any(axis=1).sum()) for side in sides for each in side)
    found = interval(means, blocks)
    return None if found is None else [found.low, found.high]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
