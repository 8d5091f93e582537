"""Does a calibration help on pixels that it was not fitted on? ECE before and after, by blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from keras_landslide.errors import NodataError, SplitError
from keras_landslide.evaluation.calibration import BINS, Calibration, ece
from keras_landslide.evaluation.distribution import Distribution
from keras_landslide.evaluation.intervals import interval, resampled
from keras_landslide.evaluation.maps import require_pixels, strips
from keras_landslide.evaluation.ranking import brier, nll
from keras_landslide.grid import Window
from keras_landslide.rasters.read import stack_info

FOLDS = 5


class HeldOut(NamedTuple):
    """A calibration on pixels that it was not fitted on.

    Attributes:
        seen: their probabilities as predicted.
        after: the same, calibrated.
        change: ECE after less ECE before; below 0 the calibration helps.
        interval: [low, high] of the change over blocks; None with too few.
    """

    seen: Distribution
    after: Distribution
    change: float
    interval: list[float] | None

    def to_dict(self) -> dict[str, Any]:
        """Scores before and after, ready for JSON."""
        sides = {"before": self.seen, "after": self.after}
        scores = {k: {"ece": ece(s), "brier": brier(s), "nll": nll(s)} for k, s in sides.items()}
        return {**scores, "ece_change": self.change, "interval": self.interval}


class BlockPixels:
    """The labelled pixels of some windows of a map, in blocks.

    Args:
        probability: the map as predicted.
        stack: on its grid, with the label.
        windows: which pixels count, each once.
        block_px: edge of a block.

    Raises:
        InputFileError: a file cannot be read.
    """

    def __init__(
        self, probability: str | Path, stack: str | Path, windows: Sequence[Window], block_px: int
    ) -> None:
        self.probability, self.stack, self.windows = probability, stack, windows
        self.block_px, grid = block_px, stack_info(stack).grid
        self.across = -(-grid.width // block_px)
        self.blocks = self.across * -(-grid.height // block_px)

    def parts(self) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Block, probability float32 and truth (bool) of the pixels, strip by strip; (P,) each.

        Raises:
            NodataError: no pixel has a label and a probability.
        """
        total = 0
        for strip in strips(self.probability, self.stack, windows=self.windows):
            scored = ~np.isnan(strip.probability) & ((strip.label == 0) | (strip.label == 1))
            row, col = np.nonzero(scored)
            block = (row + strip.window.row_off) // self.block_px * self.across
            block += (col + strip.window.col_off) // self.block_px
            total += len(row)
            yield block, strip.probability[scored], strip.label[scored] == 1
        require_pixels(total, self.probability, self.stack)


class PatchPixels:
    """The labelled pixels of patches or chips; those of one block of the patch table are a block.

    Args:
        probability: float32 (N, H, W), the answers to the patches.
        label: uint8 (N, H, W).
        blocks: block of each patch, (N,); each chip is one.
        where: what they are, for messages.
    """

    def __init__(
        self, probability: np.ndarray, label: np.ndarray, blocks: np.ndarray, where: str
    ) -> None:
        self.probability, self.label, self.where = probability, label, where
        names, self.block = np.unique(blocks, return_inverse=True)
        self.blocks, self.block_px = len(names), probability.shape[-1]

    def parts(self) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Block, probability float32 and truth (bool) of the pixels, patch by patch; (P,) each.

        Raises:
            NodataError: no pixel has a label and a probability.
        """
        total = 0
        for block, probability, label in zip(self.block, self.probability, self.label, strict=True):
            scored = ~np.isnan(probability) & ((label == 0) | (label == 1))
            total += int(scored.sum())
            yield np.full(int(scored.sum()), block), probability[scored], label[scored] == 1
        if not total:
            raise NodataError(f"{self.where}: no pixel has both a label and a probability")


Pixels = BlockPixels | PatchPixels


def held_out(pixels: Pixels, fitted: Calibration, seed: int = 0) -> HeldOut:
    """Score a map before and after a calibration.

    Args:
        pixels: none of them may have been fitted on.
        fitted: the calibration.
        seed: of the drawn blocks.

    Raises:
        NodataError: no pixel has a label and a probability.
    """
    return _score(pixels, [fitted], np.zeros(pixels.blocks, np.int64), seed)


def cross_fitted(
    pixels: Pixels, fit: Callable[[Distribution], Calibration], seed: int = 0
) -> HeldOut:
    """Score a way to calibrate by leaving blocks out of the fit, `FOLDS` groups in turn.

    Neighbouring blocks stay together, row by row: groups then touch along few edges.

    Args:
        pixels: what may be fitted on.
        fit: makes a calibration of pixels.
        seed: of the drawn blocks.

    Raises:
        NodataError: nothing is labelled, or all pixels of a class lie in one group.
        SplitError: all pixels lie in one block.
    """
    held = np.zeros(pixels.blocks, bool)
    for block, _, _ in pixels.parts():
        held[block] = True
    groups = np.array_split(np.flatnonzero(held), min(FOLDS, int(held.sum())))
    if len(groups) < 2:
        raise SplitError(
            f"the pixels to fit on lie in one block of {pixels.block_px} px, so that none can be "
            "left out to tell whether the calibration helps; choose a smaller `block_px`"
        )
    group = np.zeros(pixels.blocks, np.int64)
    for number, blocks in enumerate(groups):
        group[blocks] = number
    seen = [Distribution() for _ in groups]
    for block, p, truth in pixels.parts():
        for number in np.unique(group[block]):
            own = group[block] == number
            seen[number].add(p[own], truth[own])
    fitted = [_fit_others(seen, number, fit, pixels.block_px) for number in range(len(groups))]
    return _score(pixels, fitted, group, seed)


def _fit_others(
    seen: Sequence[Distribution],
    number: int,
    fit: Callable[[Distribution], Calibration],
    block_px: int,
) -> Calibration:
    """A calibration of all groups but one."""
    others = Distribution.joined([*seen[:number], *seen[number + 1 :]])
    out = seen[number]
    sides = {
        "landslide": (out.positives, others.positives),
        "background": (out.negatives, others.negatives),
    }
    for name, (own, rest) in sides.items():
        if own and not rest:
            raise NodataError(
                f"all {name} pixels to fit on lie in one of the {len(seen)} groups of blocks that "
                "are left out in turn, so that nothing can be fitted without it; choose a smaller "
                f"`block_px` than {block_px}"
            )
    return fit(others)


def _score(pixels: Pixels, fitted: Sequence[Calibration], group: np.ndarray, seed: int) -> HeldOut:
    """Before and after, where the blocks of a group have a calibration of their own."""
    # Per block, before and after, and bin: probabilities, landslides, pixels.
    sums = np.zeros((pixels.blocks, 2, BINS, 3))
    seen = [Distribution() for _ in fitted]
    for block, p, truth in pixels.parts():
        after = np.empty(len(p))
        for number in np.unique(group[block]):
            own = group[block] == number
            after[own] = fitted[number](p[own])
            seen[number].add(p[own], truth[own])
        for side, said in enumerate((p.astype(np.float64), after)):
            place = np.minimum((said * BINS).astype(int), BINS - 1)
            cell = block * BINS + place
            for column, value in enumerate((said, truth, None)):
                found = np.bincount(cell, value, pixels.blocks * BINS)
                sums[:, side, :, column] += found.reshape(pixels.blocks, BINS)
    sums = sums[sums[:, 0, :, 2].any(axis=-1)]
    drawn = resampled(sums.reshape(len(sums), -1), seed=seed).reshape(-1, 2, BINS, 3)
    spread = interval(_change(drawn), len(sums))
    return HeldOut(
        Distribution.joined(seen),
        Distribution.joined(
            each.mapped(own(each.values)) for each, own in zip(seen, fitted, strict=True)
        ),
        float(_change(sums.sum(axis=0)[None])[0]),
        None if spread is None else [spread.low, spread.high],
    )


def _change(sums: np.ndarray) -> np.ndarray:
    """ECE after less before, (R,), of sums (R, 2, BINS, 3)."""
    said, so, pixels = np.moveaxis(sums, -1, 0)
    errors = np.abs(said - so).sum(axis=-1) / pixels.sum(axis=-1)
    return errors[:, 1] - errors[:, 0]
