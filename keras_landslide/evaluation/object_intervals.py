"""How sure object scores are, and how they differ between events: landslides block by block."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_landslide.evaluation.intervals import interval, resampled
from keras_landslide.evaluation.object_table import ObjectRow

SCORES = ("precision", "recall", "f1")


def object_intervals(
    rows: Sequence[ObjectRow], block: float, seed: int = 0
) -> dict[str, list[float] | None]:
    """Intervals of object precision, recall and F1; blocks are drawn, with all objects in them.

    Args:
        rows: objects of both sides; one belongs to the block that holds its centroid.
        block: edge of a block, CRS units.
        seed: of the draws.

    Returns:
        [low, high] per score; None with too few blocks or where it is undefined.
    """
    counts = _by_block(rows, block)
    drawn = resampled(counts, seed=seed).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        recall, precision = drawn[:, 1] / drawn[:, 0], drawn[:, 3] / drawn[:, 2]
        both = precision + recall
        f1 = np.where(both > 0, 2 * precision * recall / both, both)
    values = {"precision": precision, "recall": recall, "f1": f1}
    found = {name: interval(each, len(counts)) for name, each in values.items()}
    return {name: i and [i.low, i.high] for name, i in found.items()}


def by_group(rows: Sequence[ObjectRow], block: float, seed: int = 0) -> dict[str, dict[str, Any]]:
    """Detection of the inventory's landslides group by group, such as event by event.

    Predicted landslides belong to no group, so precision cannot be told apart.

    Args:
        rows: objects; those of the inventory with a group count.
        block: see `object_intervals`.
        seed: see there.
    """
    groups: dict[str, list[ObjectRow]] = {}
    for row in rows:
        if row.side == "inventory":
            groups.setdefault(row.group or "(none)", []).append(row)
    return {
        name: {
            "inventory": len(own),
            "detected": sum(row.found for row in own),
            "recall": sum(row.found for row in own) / len(own),
            "interval": object_intervals(own, block, seed)["recall"],
            "area_m2": sum(row.area_m2 for row in own),
            "missed_area_m2": sum(row.area_m2 * (1 - row.overlap) for row in own),
        }
        for name, own in sorted(groups.items())
    }


def _by_block(rows: Sequence[ObjectRow], block: float) -> np.ndarray:
    """inventory, detected, predicted and correct objects of each block, int64 (N, 4)."""
    blocks: dict[tuple[int, int], list[int]] = {}
    for row in rows:
        place = (int(row.x // block), int(row.y // block))
        counts = blocks.setdefault(place, [0, 0, 0, 0])
        first = 0 if row.side == "inventory" else 2
        counts[first] += 1
        counts[first + 1] += row.found
    return np.array([blocks[place] for place in sorted(blocks)], np.int64).reshape(-1, 4)
