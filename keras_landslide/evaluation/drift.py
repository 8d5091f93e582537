"""Does a new stack look like what a network was trained on? Band by band, from its bundle alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keras_landslide.errors import NodataError
from keras_landslide.rasters.read import BandReader, stack_info

TILE_PX = 512
EXPECTED_OUTSIDE = 0.02
"""Share outside the training's 1st to 99th percentile if nothing has changed."""
SHIFT = (0.5, 1.0)
OUTSIDE = (0.10, 0.25)
SPREAD = (1.5, 3.0)
"""From where a change is `notable`, and `strong`: conventions of this project, no law."""
MISSING = 0.5
"""From this share of pixels without a value on, what is left may not stand for the scene."""
LEVELS = ("like training", "notable", "strong")


APPLICABLE = (0.9, 0.5)
"""Below these shares of pixels in the area of applicability: with care, no."""
ANSWERS = ("yes", "with care", "no")


@dataclass(frozen=True)
class BandDrift:
    """A band of a new stack against its training values.

    Attributes:
        name: the band.
        mean: of the new stack, in the band's unit.
        std: population standard deviation of the new stack.
        shift: (mean - training mean) / training standard deviation.
        spread: std / training std.
        outside: share of values below the training's p01 or above its p99.
        missing: share of pixels without a value.
        level: 0 like training, 1 notable, 2 strong: the worst of shift, spread, outside and, at
            most notable, missing.
    """

    name: str
    mean: float
    std: float
    shift: float
    spread: float
    outside: float
    missing: float
    level: int


def band_drift(
    stack: str | Path,
    ranges: Mapping[str, Mapping[str, float]],
    names: Sequence[str],
    *,
    most_tiles: int | None = None,
) -> list[BandDrift]:
    """Hold the bands of a stack against those that a network was trained on.

    Args:
        stack: the new stack.
        ranges: `band_ranges` of the bundle: mean, std, p01 and p99 per band.
        names: the network's bands.
        most_tiles: look at so many tiles of 512 px, evenly spread, and not at all of the stack.

    Raises:
        BandError: the stack lacks a band.
        NodataError: a band has no value at all, or none in the tiles looked at.
        InputFileError: the stack cannot be read.
    """
    grid = stack_info(stack).grid
    means = np.array([ranges[name]["mean"] for name in names])
    low, high = (np.array([ranges[name][key] for name in names]) for key in ("p01", "p99"))
    count, total, squares, outside = np.zeros((4, len(names)))
    tiles = list(grid.windows(TILE_PX))
    if most_tiles is not None and len(tiles) > most_tiles:
        tiles = [tiles[i] for i in np.linspace(0, len(tiles) - 1, most_tiles).round().astype(int)]
    with BandReader(stack) as reader:
        for tile in tiles:
            values = reader.read(names, tile).reshape(-1, len(names)).astype(np.float64)
            known = np.isfinite(values)
            # About the training mean: a sum of plain squares would lose digits.
            off = np.where(known, values - means, 0)
            count += known.sum(axis=0)
            total += off.sum(axis=0)
            squares += np.square(off).sum(axis=0)
            outside += (known & ((values < low) | (values > high))).sum(axis=0)
    for name, seen in zip(names, count, strict=True):
        if not seen:
            raise NodataError(f"{stack}: band {name} has no value; check the scene recipe")
    off = total / count
    stds = np.sqrt(np.maximum(squares / count - off**2, 0))
    return [
        _drift(name, ranges[name], means[c] + off[c], stds[c], outside[c] / count[c],
               1 - count[c] / sum(tile.height * tile.width for tile in tiles))
        for c, name in enumerate(names)
    ]  # fmt: skip


def _drift(
    name: str, trained: Mapping[str, float], mean: float, std: float, outside: float, missing: float
) -> BandDrift:
    scale = max(trained["std"], 1e-12)
    same = trained["std"] == std == 0  # a band that is constant in both places
    shift, spread = (mean - trained["mean"]) / scale, 1.0 if same else std / scale
    # A spread of a third is as odd as one of three.
    width = max(spread, 1 / max(spread, 1e-12))
    level = max(
        sum(abs(shift) >= limit for limit in SHIFT),
        sum(outside >= limit for limit in OUTSIDE),
        sum(width >= limit for limit in SPREAD),
        int(missing >= MISSING),
    )
    return BandDrift(
        name,
        float(mean),
        float(std),
        float(shift),
        float(spread),
        float(outside),
        float(missing),
        int(level),
    )


def with_applicability(found: dict[str, Any], share: float) -> dict[str, Any]:
    """A verdict lowered where little of the scene is within the area of applicability."""
    level = sum(share < limit for limit in APPLICABLE)
    if level <= ANSWERS.index(found["answer"]):
        return found
    why = f"{share:.0%} of the pixels alone are like training pixels in all bands together"
    return {"answer": ANSWERS[level], "why": why}


def verdict(drifts: Sequence[BandDrift], refusal: str | None = None) -> dict[str, Any]:
    """A plain answer: `answer` is `yes`, `with care` or `no`, and `why` one sentence.

    Args:
        drifts: of all bands.
        refusal: why the bundle's contract is broken; None where it is kept.
    """
    if refusal is not None:
        return {"answer": "no", "why": f"the stack breaks the bundle's contract: {refusal}"}
    worst = max(drift.level for drift in drifts)
    named = ", ".join(drift.name for drift in drifts if drift.level == worst)
    if worst == 0:
        return {"answer": "yes", "why": "every band looks like those of training"}
    if worst == 1:
        return {"answer": "with care", "why": f"{named}: notably unlike training"}
    return {
        "answer": "no",
        "why": f"{named}: strongly unlike training; check units, scale, season and sensor, or "
        "label a few patches here and train on",
    }
