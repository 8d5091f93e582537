"""Does a calibration help on pixels that it was not fitted on? ECE before and after, by blocks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from keras_landslide.evaluation.calibration import BINS, Isotonic, Temperature, ece
from keras_landslide.evaluation.distribution import Distribution
from keras_landslide.evaluation.intervals import interval, resampled
from keras_landslide.evaluation.maps import require_pixels, strips
from keras_landslide.evaluation.ranking import brier, nll
from keras_landslide.grid import Window
from keras_landslide.rasters.read import stack_info


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


def held_out(
    probability: str | Path,
    stack: str | Path,
    windows: Sequence[Window],
    fitted: Temperature | Isotonic,
    *,
    block_px: int,
    seed: int = 0,
) -> HeldOut:
    """Score a map before and after a calibration.

    Args:
        probability: the map as predicted.
        stack: on its grid, with the label.
        windows: the pixels to score; none of them may have been fitted on.
        fitted: the calibration.
        block_px: edge of the blocks that are drawn, pixels.
        seed: of the draws.

    Raises:
        NodataError: no pixel of the windows has a label and a probability.
        InputFileError: a file cannot be read.
    """
    grid = stack_info(stack).grid
    across = -(-grid.width // block_px)
    # Per block, before and after, and bin: probabilities, landslides, pixels.
    sums = np.zeros((across * -(-grid.height // block_px), 2, BINS, 3))
    seen = Distribution()
    for strip in strips(probability, stack, windows=windows):
        scored = ~np.isnan(strip.probability) & ((strip.label == 0) | (strip.label == 1))
        row, col = np.nonzero(scored)
        block = (row + strip.window.row_off) // block_px * across
        block += (col + strip.window.col_off) // block_px
        p, truth = strip.probability[scored], strip.label[scored] == 1
        seen.add(p, truth)
        for side, said in enumerate((p.astype(np.float64), fitted(p))):
            place = np.minimum((said * BINS).astype(int), BINS - 1)
            for column, value in enumerate((said, truth, 1.0)):
                np.add.at(sums[:, side, :, column], (block, place), value)
    require_pixels(seen.total, probability, stack)
    sums = sums[sums[:, 0, :, 2].any(axis=-1)]
    drawn = resampled(sums.reshape(len(sums), -1), seed=seed).reshape(-1, 2, BINS, 3)
    spread = interval(_change(drawn), len(sums))
    return HeldOut(
        seen,
        seen.mapped(fitted(seen.values)),
        float(_change(sums.sum(axis=0)[None])[0]),
        None if spread is None else [spread.low, spread.high],
    )


def _change(sums: np.ndarray) -> np.ndarray:
    """ECE after less before, (R,), of sums (R, 2, BINS, 3)."""
    said, so, pixels = np.moveaxis(sums, -1, 0)
    errors = np.abs(said - so).sum(axis=-1) / pixels.sum(axis=-1)
    return errors[:, 1] - errors[:, 0]
