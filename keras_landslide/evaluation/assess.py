"""Everything that pixels tell of a map: counts, rankings, blocks, boundaries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from keras_landslide.counts import Scores
from keras_landslide.evaluation.block_ranking import BlockRanking, bin_edges
from keras_landslide.evaluation.boundaries import TOLERANCE_PX, Boundaries, outlines
from keras_landslide.evaluation.cloud_cover import by_cloud_cover
from keras_landslide.evaluation.distribution import Distribution
from keras_landslide.evaluation.intervals import (
    LEVEL,
    Interval,
    block_bootstrap,
    interval,
    resampled,
)
from keras_landslide.evaluation.maps import Strip, require_pixels, strips
from keras_landslide.evaluation.ranking import ranking_scores
from keras_landslide.evaluation.scores import (
    FALSE_NEGATIVE,
    FALSE_POSITIVE,
    NOT_SCORED,
    TRUE_NEGATIVE,
    TRUE_POSITIVE,
    confusion_classes,
)
from keras_landslide.grid import Grid, Window
from keras_landslide.rasters.read import stack_info

BLOCK_PX = 64
_BOUNDARY = ("boundary_precision", "boundary_recall", "boundary_f1")
_ORDER = [TRUE_POSITIVE, FALSE_POSITIVE, FALSE_NEGATIVE, TRUE_NEGATIVE]


@dataclass
class Region:
    """What is known of some pixels of a map.

    Attributes:
        blocks: tp, fp, fn, tn of each spatial block, int64 (N, 4).
        edges: boundary pixels of each block, columns as the fields of `Boundaries`, int64 (N, 4).
        seen: the probabilities of all pixels.
        ranking: the same block by block, binned; a second pass over the map fills it.
    """

    blocks: np.ndarray
    edges: np.ndarray
    seen: Distribution = field(default_factory=Distribution)
    ranking: BlockRanking = field(init=False)

    @classmethod
    def empty(cls, blocks: int) -> Region:
        """A region without pixels in a scene of so many blocks."""
        return cls(np.zeros((blocks, 4), np.int64), np.zeros((blocks, 4), np.int64))

    @property
    def scores(self) -> Scores:
        """Pooled counts."""
        return Scores(*(int(count) for count in self.blocks.sum(axis=0)))

    def to_dict(self, seed: int = 0) -> dict[str, Any]:
        """All scores and their intervals, ready for JSON; undefined ones are None."""
        scores, ranking = self.scores.to_dict(), ranking_scores(self.seen)
        used = int((self.blocks.sum(axis=1) > 0).sum())
        intervals = {
            **block_bootstrap(self.blocks, seed=seed),
            **self.ranking.intervals(seed=seed),
            **self._boundary_intervals(seed),
        }
        return {
            **scores,
            "normalised": self.scores.normalised,
            **ranking,
            "ranking_exact": self.seen.exact,
            **_boundary_scores(self.edges.sum(axis=0)),
            "intervals": {
                "level": LEVEL,
                "blocks": used,
                **{
                    name: [i.low, i.high] if i and scores.get(name, i) is not None else None
                    for name, i in intervals.items()
                },
            },
        }

    def _boundary_intervals(self, seed: int) -> dict[str, Interval | None]:
        edges = self.edges[self.blocks.sum(axis=1) > 0]
        drawn = [_boundary_scores(sums) for sums in resampled(edges, seed=seed)]
        return {
            name: interval(np.array([each[name] for each in drawn], float), len(edges))
            for name in _BOUNDARY
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
    read = partial(
        strips, probability, stack, windows=windows, valid_bands=valid_bands, others=others
    )
    for strip in read(margin=tolerance_px + 1):
        numbers, count = _block_numbers(strip.window, grid, block_px)
        for name, mask in strip.masks.items():
            region = found.setdefault(name, Region.empty(count))
            _add(region, strip, mask, threshold, numbers, tolerance_px)
    require_pixels(found["all"].seen.total, probability, stack)
    for region in found.values():
        blocks = len(region.blocks)
        region.ranking = BlockRanking(blocks, bin_edges(region.seen, blocks))
    for strip in read():
        numbers, _ = _block_numbers(strip.window, grid, block_px)
        for name, mask in strip.masks.items():
            label = strip.label
            scored = mask & ~np.isnan(strip.probability) & ((label == 0) | (label == 1))
            truth = label[scored] == 1
            found[name].ranking.add(numbers[scored], strip.probability[scored], truth)
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
    scored = core != NOT_SCORED
    region.seen.add(strip.probability[strip.core][scored], strip.label[strip.core][scored])
    said = (classes == TRUE_POSITIVE) | (classes == FALSE_POSITIVE)
    so = (classes == TRUE_POSITIVE) | (classes == FALSE_NEGATIVE)
    found = outlines(said, so, classes != NOT_SCORED, strip.core, tolerance_px)
    for column, where in enumerate(found):
        region.edges[:, column] += np.bincount(numbers[where], minlength=len(region.edges))


def cloud_table(regions: dict[str, Region], seed: int = 0) -> list[dict[str, Any]] | None:
    """Scores by cloud cover of the blocks (see `cloud_cover`); None without a cloud mask."""
    if "cloud" not in regions:
        return None
    return by_cloud_cover(regions["all"].blocks, regions["cloud"].blocks, seed)


def _boundary_scores(sums: np.ndarray) -> dict[str, float | None]:
    edges = Boundaries(*(int(n) for n in sums))
    return {name: getattr(edges, name.removeprefix("boundary_")) for name in _BOUNDARY}


def _block_numbers(window: Window, grid: Grid, block_px: int) -> tuple[np.ndarray, int]:
    """The block of each pixel of a window, int64 (H, W), and how many blocks the grid has."""
    across = -(-grid.width // block_px)
    rows = np.arange(window.row_off, window.row_end) // block_px
    cols = np.arange(window.col_off, window.col_end) // block_px
    return rows[:, None] * across + cols, across * -(-grid.height // block_px)
