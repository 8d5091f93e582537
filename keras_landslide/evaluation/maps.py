"""A probability map against the label of a stack, window by window."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from keras_landslide.errors import BandError, NodataError
from keras_landslide.evaluation.scores import Scores, confusion
from keras_landslide.grid import Window
from keras_landslide.rasters.align import check_same_grid
from keras_landslide.rasters.read import BandReader, stack_info

STRIP_ROWS = 512


def score_maps(
    probability_path: str | Path,
    stack_path: str | Path,
    threshold: float,
    *,
    windows: Sequence[Window] | None = None,
) -> dict[str, Scores]:
    """Score a map inside and outside cloud.

    Args:
        probability_path: `probability.tif`.
        stack_path: the stack, for its bands `label` and, if there, `cloud` (0 clear, 1 cloud,
            2 cloud shadow).
        threshold: probability from which a pixel is landslide.
        windows: score only pixels in one of these, each once however the windows overlap; None
            scores everywhere.

    Returns:
        Counts for `all` pixels and, with a `cloud` band, for `clear` ones and for those under
        `cloud` or its shadow. Pixels whose cloud band is missing count in `all` alone.

    Raises:
        BandError: the stack has no label.
        GridMismatchError: map and stack do not share a grid.
        NodataError: no pixel has both a label and a probability.
        InputFileError: a file is missing or truncated.
    """
    stack = stack_info(stack_path)
    check_same_grid(stack_info(probability_path), stack)
    if "label" not in stack.band_names:
        raise BandError(
            f"{stack_path} has no band label to score against; add [inventory] to the scene "
            "recipe and stack again"
        )
    clouds = "cloud" in stack.band_names
    names = ("label", "cloud") if clouds else ("label",)
    scores = {name: Scores() for name in (("all", "clear", "cloud") if clouds else ("all",))}
    with BandReader(probability_path) as predicted, BandReader(stack_path) as truth:
        for strip in stack.grid.strips(STRIP_ROWS):
            probability = predicted.read(predicted.band_names[:1], strip)[..., 0]
            bands = truth.read(names, strip)
            masks = {"all": np.ones(probability.shape, bool)}
            if windows is not None:
                masks["all"] = covered(windows, strip)
            if clouds:
                cloud = bands[..., 1]
                masks["clear"] = masks["all"] & (cloud == 0)
                masks["cloud"] = masks["all"] & ((cloud == 1) | (cloud == 2))
            for name, mask in masks.items():
                scores[name] += confusion(probability, bands[..., 0], threshold, mask)
    if not scores["all"].total:
        raise NodataError(
            f"{probability_path}: no pixel has both a probability and a label in {stack_path}; "
            "nothing can be scored"
        )
    return scores


def covered(windows: Sequence[Window], area: Window) -> np.ndarray:
    """Which pixels of `area` lie in at least one window: bool (height, width)."""
    inside = np.zeros((area.height, area.width), bool)
    for window in windows:
        moved = window._replace(
            row_off=window.row_off - area.row_off, col_off=window.col_off - area.col_off
        )
        inside[moved.clip(inside.shape).slices] = True
    return inside
