"""The same experiment with several seeds: how sure a mean over seeds is.

A replicate takes one of the seeds and draws blocks of its scene, so that the interval holds both
the luck of training and that of the place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from keras_landslide.counts import Scores
from keras_landslide.evaluation.intervals import REPLICATES, interval, resampled


class SeedScore(NamedTuple):
    """A score over seeds.

    Attributes:
        value: mean over the seeds where it is defined; None where it never is.
        values: one per seed.
        interval: [low, high]; None with too few blocks.
    """

    value: float | None
    values: list[float | None]
    interval: list[float] | None


def seed_score(counts: Sequence[np.ndarray], name: str = "f1", seed: int = 0) -> SeedScore:
    """A pooled score of each seed, and their mean.

    Args:
        counts: per seed, tp, fp, fn, tn of each block, integers (N, 4).
        name: of `counts.NAMES`.
        seed: of the draws of blocks.
    """
    values = [getattr(Scores(*(int(n) for n in each.sum(axis=0))), name) for each in counts]
    drawn = np.concatenate([_drawn(each, name, seed + k) for k, each in enumerate(counts)])
    return SeedScore(_mean(values), values, _interval(drawn, counts))


def seed_gap(
    first: Sequence[np.ndarray],
    second: Sequence[np.ndarray],
    name: str = "f1",
    *,
    paired: bool = False,
    seed: int = 0,
) -> SeedScore:
    """The difference `first - second`, seed by seed.

    Args:
        first: as in `seed_score`.
        second: of as many seeds.
        name: see there.
        paired: whether both sides of a seed are scored on the same blocks, which are then drawn
            together; else each side draws alone.
        seed: see there.
    """
    sides = [seed_score(side, name).values for side in (first, second)]
    values = [None if a is None or b is None else a - b for a, b in zip(*sides, strict=True)]
    apart = 0 if paired else len(first)
    drawn = [
        _drawn(a, name, seed + k) - _drawn(b, name, seed + k + apart)
        for k, (a, b) in enumerate(zip(first, second, strict=True))
    ]
    return SeedScore(_mean(values), values, _interval(np.concatenate(drawn), [*first, *second]))


def _drawn(counts: np.ndarray, name: str, seed: int) -> np.ndarray:
    """The score in each replicate, float64, NaN where undefined."""
    used = counts[counts.sum(axis=1) > 0]
    if not len(used):
        return np.full(REPLICATES, np.nan)
    rows = resampled(used, seed=seed).tolist()
    return np.array([getattr(Scores(*row), name) for row in rows], dtype=float)


def _interval(drawn: np.ndarray, counts: Sequence[np.ndarray]) -> list[float] | None:
    found = interval(drawn, min(int((each.sum(axis=1) > 0).sum()) for each in counts))
    return None if found is None else [found.low, found.high]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
