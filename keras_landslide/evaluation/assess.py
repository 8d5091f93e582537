"""Everything that pixels tell of a map, in one pass: counts, rankings, blocks, boundaries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from keras_landslide.evaluation.boundaries import TOLERANCE_PX, Boundaries, boundaries
from keras_landslide.evaluation.distribution import Distribution
from keras_landslide.evaluation.intervals import LEVEL, block_bootstrap
from keras_landslide.evaluation.maps import Strip, require_pixels, strips
from keras_landslide.evaluation.ranking import ranking_scores
from keras_landslide.evaluation.scores import (
    FALSE_NEGATIVE,
    FALSE_POSITIVE,
    TRUE_NEGATIVE,
    TRUE_POSITIVE,
    Scores,
    confusion_classes,
)
from keras_landslide.grid import Grid, Window
from keras_landslide.rasters.read import stack_info

BLOCK_PX = 64
_ORDER = [TRUE_POSITIVE, FALSE_POSITIVE, FALSE_NEGATIVE, TRUE_NEGATIVE]


@dataclass
class Region:
    """What is known of some pixels of a map.

    Attributes:
        blocks: tp, fp, fn, tn of each spatial block, int64 (N, 4).
        seen: their probabilities.
        outlines: boundary pixels.
    """

    blocks: np.ndarray
    seen: Distribution = field(default_factory=Distribution)
    outlines: Boundaries = field(default_factory=Boundaries)

    @property
    def scores(self) -> Scores:
        """Pooled counts."""
        return Scores(*(int(count) for count in self.blocks.sum(axis=0)))

    def to_dict(self, seed: int = 0) -> dict[str, Any]:
        """All scores and their intervals, ready for JSON; undefined ones are None."""
        scores, outlines = self.scores, self.outlines
        intervals = block_bootstrap(self.blocks, seed=seed)
        used = int((self.blocks.sum(axis=1) > 0).sum())
        return {
            **scores.to_dict(),
            "normalised": scores.normalised,
            **ranking_scores(self.seen),
            "ranking_exact": self.seen.exact,
            "boundary_precision": outlines.precision,
            "boundary_recall": outlines.recall,
            "boundary_f1": outlines.f1,
            "intervals": {
                "level": LEVEL,
                "blocks": used,
                **{name: i and [i.low, i.high] for name, i in intervals.items()},
            },
        }


def assess(
    probability: str | Path,
    stack: str | Path,
    threshold: float,
    *,
    windows: Sequence[Window] | None = None,
    valid_bands: Sequence[str] = (),
    others: Sequence[str | Path] = (),
    block_px: int = BLOCK_PX,
    tolerance_px: int = TOLERANCE_PX,
) -> dict[str, Region]:
    """Assess a map; arguments and other errors as `maps.strips`.

    Args:
        probability: `probability.tif`.
        stack: the stack with the label.
        threshold: probability from which a pixel is landslide.
        windows: see there.
        valid_bands: see there.
        others: see there.
        block_px: edge of the spatial blocks that intervals are made from, pixels.
        tolerance_px: how near a boundary has to be, pixels.

    Returns:
        `all` and, with a cloud mask, `clear` and `cloud`.

    Raises:
        NodataError: no pixel has both a label and a probability.
    """
    grid = stack_info(stack).grid
    found: dict[str, Region] = {}
    read = strips(
        probability,
        stack,
        windows=windows,
        valid_bands=valid_bands,
        others=others,
        margin=tolerance_px + 1,
    )
    for strip in read:
        numbers, count = _block_numbers(strip.window, grid, block_px)
        for name, mask in strip.masks.items():
            region = found.setdefault(name, Region(np.zeros((count, 4), np.int64)))
            _add(region, strip, mask, threshold, numbers, tolerance_px)
    require_pixels(found["all"].seen.total, probability, stack)
    return found


def _add(
    region: Region,
    strip: Strip,
    mask: np.ndarray,
    threshold: float,
    numbers: np.ndarray,
    tolerance_px: int,
) -> None:
    classes = confusion_classes(strip.probability, strip.label, threshold, mask)
    core = classes[strip.core]
    for column, code in enumerate(_ORDER):
        where = numbers[core == code]
        region.blocks[:, column] += np.bincount(where, minlength=len(region.blocks))
    region.seen.add(strip.probability[strip.core], strip.label[strip.core], mask[strip.core])
    said = (classes == TRUE_POSITIVE) | (classes == FALSE_POSITIVE)
    so = (classes == TRUE_POSITIVE) | (classes == FALSE_NEGATIVE)
    scored = said | so | (classes == TRUE_NEGATIVE)
    region.outlines += boundaries(said, so, scored, strip.core, tolerance_px)


def _block_numbers(window: Window, grid: Grid, block_px: int) -> tuple[np.ndarray, int]:
    """The block of each pixel of a window, int64 (H, W), and how many blocks the grid has."""
    across = -(-grid.width // block_px)
    rows = np.arange(window.row_off, window.row_end) // block_px
    cols = np.arange(window.col_off, window.col_end) // block_px
    return rows[:, None] * across + cols, across * -(-grid.height // block_px)
