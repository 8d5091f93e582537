"""Scores by how much of a block lies under cloud or its shadow."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_landslide.counts import Scores
from keras_landslide.evaluation.intervals import block_bootstrap

EDGES = (0.0, 0.25, 0.75)
CLASSES = ("none", "up to 25 %", "25 to 75 %", "above 75 %")
SCORES = ("precision", "recall", "f1")


def by_cloud_cover(every: np.ndarray, cloud: np.ndarray, seed: int = 0) -> list[dict[str, Any]]:
    """Pool the pixels of blocks with like cloud cover.

    Args:
        every: tp, fp, fn, tn of each block, int64 (N, 4).
        cloud: the same of its pixels under cloud or shadow, int64 (N, 4).
        seed: of the intervals.

    Returns:
        A row per class of `CLASSES`: `cloud_cover`, `blocks`, counts, scores, and
        `interval_<score>` as [low, high] or None.
    """
    total = every.sum(axis=1)
    share = cloud.sum(axis=1) / np.maximum(total, 1)
    place = np.searchsorted(EDGES, share, side="left")
    rows = []
    for code, name in enumerate(CLASSES):
        chosen = every[(place == code) & (total > 0)]
        scores = Scores(*(int(n) for n in chosen.sum(axis=0)))
        found = block_bootstrap(chosen, SCORES, seed=seed)
        values = {score: getattr(scores, score) for score in SCORES}
        between = {f"interval_{score}": (i := found[score]) and [i.low, i.high] for score in SCORES}
        counts = {"tp": scores.tp, "fp": scores.fp, "fn": scores.fn, "tn": scores.tn}
        rows.append({"cloud_cover": name, "blocks": len(chosen), **counts, **values, **between})
    return rows
