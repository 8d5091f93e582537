"""A probability map against the label of a stack, strip by strip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from keras_landslide.errors import BandError, InputFileError, NodataError
from keras_landslide.grid import Window
from keras_landslide.rasters.align import check_same_grid
from keras_landslide.rasters.read import BandReader, stack_info

STRIP_ROWS = 512


class Strip(NamedTuple):
    """A part of a map and of its truth.

    Attributes:
        window: where, without the margin.
        core: that window within the arrays.
        probability: float32 (H, W), NaN where missing; so in pixels that are not to be scored.
        label: float32 (H, W) of 0, 1, 255 or NaN.
        masks: bool (H, W) per region: `all`, and `clear` and `cloud` with a `cloud` band.
    """

    window: Window
    core: tuple[slice, slice]
    probability: np.ndarray
    label: np.ndarray
    masks: dict[str, np.ndarray]


def strips(
    probability_path: str | Path,
    stack_path: str | Path,
    *,
    windows: Sequence[Window] | None = None,
    valid_bands: Sequence[str] = (),
    others: Sequence[str | Path] = (),
    cuts: Sequence[Window] | None = None,
    margin: int = 0,
) -> Iterator[Strip]:
    """Read a map and its truth together, part by part.

    Args:
        probability_path: `probability.tif`.
        stack_path: the stack, for its bands `label` and, if there, `cloud` (0 clear, 1 cloud,
            2 cloud shadow).
        windows: score only pixels in one of these, each once however the windows overlap; None
            scores everywhere.
        valid_bands: score only pixels where all these bands of the stack have a value, so that
            models of different bands are scored on the same pixels.
        others: maps of other models: score only pixels where they have a value too.
        cuts: the parts; None cuts full-width strips that cover the map.
        margin: pixels beyond a part to read as well.

    Raises:
        BandError: the stack has no label, or lacks one of `valid_bands`.
        GridMismatchError: the rasters do not share a grid.
        InputFileError: a file is missing or truncated, or a map holds no probabilities.
    """
    stack = stack_info(stack_path)
    for path in (probability_path, *others):
        check_same_grid(stack_info(path), stack)
    if "label" not in stack.band_names:
        raise BandError(
            f"{stack_path} has no band label to score against; add [inventory] to the scene "
            "recipe and stack again"
        )
    clouds = "cloud" in stack.band_names
    names = ("label", "cloud") if clouds else ("label",)
    with BandReader(stack_path) as truth:
        for cut in stack.grid.strips(STRIP_ROWS) if cuts is None else cuts:
            window = cut.clip(stack.grid.shape)
            area = window.expand(margin).clip(stack.grid.shape)
            bands = truth.read((*names, *valid_bands), area)
            inside = ~np.isnan(bands[..., len(names) :]).any(axis=-1)
            if windows is not None:
                inside &= covered(windows, area)
            for path in others:
                inside &= ~np.isnan(_map(path, area))
            probability = np.where(inside, _map(probability_path, area), np.float32(np.nan))
            masks = {"all": inside}
            if clouds:
                cloud = bands[..., 1]
                masks["clear"] = inside & (cloud == 0)
                masks["cloud"] = inside & ((cloud == 1) | (cloud == 2))
            core = window.shift(-area.row_off, -area.col_off)
            yield Strip(window, core.slices, probability, bands[..., 0], masks)


def require_pixels(total: int, probability_path: str | Path, stack_path: str | Path) -> None:
    """Refuse a map of which nothing can be scored.

    Raises:
        NodataError: `total` is 0.
    """
    if not total:
        raise NodataError(
            f"{probability_path}: no pixel has both a probability and a label in {stack_path}; "
            "nothing can be scored"
        )


def covered(windows: Sequence[Window], area: Window) -> np.ndarray:
    """Which pixels of `area` lie in at least one window: bool (height, width)."""
    inside = np.zeros((area.height, area.width), bool)
    for window in windows:
        moved = window.shift(-area.row_off, -area.col_off)
        inside[moved.clip(inside.shape).slices] = True
    return inside


def _map(path: str | Path, area: Window) -> np.ndarray:
    with BandReader(path) as reader:
        probability = reader.read(reader.band_names[:1], area)[..., 0]
    # A sum of blended windows may pass 1 by rounding; NaN is neither.
    if ((probability < 0) | (probability > 1.001)).any():
        low, high = np.nanmin(probability), np.nanmax(probability)
        raise InputFileError(
            f"{path}: holds values of {low:g} to {high:g}, which are no probabilities (0 to 1); "
            "score the map of `keras-landslide predict`"
        )
    return probability
