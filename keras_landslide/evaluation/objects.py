"""Landslides as objects: how many were found, and how many of the mapped ones are there."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import rasterio

from keras_landslide.evaluation.object_intervals import by_group, object_intervals
from keras_landslide.evaluation.object_table import ObjectRow, object_rows, object_summary
from keras_landslide.evaluation.truth import Truth
from keras_landslide.files import scratch
from keras_landslide.inventory.match import match_objects
from keras_landslide.inventory.measure import measure_on
from keras_landslide.inventory.polygonize import polygonize
from keras_landslide.inventory.read import read_polygons
from keras_landslide.rasters.read import stack_info


def score_objects(
    probability: str | Path,
    truth: Truth,
    threshold: float,
    beside: str | Path,
    *,
    minimum_area_m2: float = 0.0,
    block_px: int = 64,
    seed: int = 0,
) -> tuple[dict[str, Any], list[ObjectRow]]:
    """Trace a probability map and match its landslides with true ones by any overlap.

    Args:
        probability: `probability.tif`.
        truth: true landslides in its CRS, and where they count.
        threshold: probability from which a pixel is landslide.
        beside: an output whose folder takes the temporary polygons.
        minimum_area_m2: smaller predicted polygons do not count.
        block_px: edge of the blocks that intervals draw, pixels.
        seed: of the draws.

    Returns:
        Counts `predicted`, `inventory`, `correct` (predicted that meet the inventory) and
        `detected` (of the inventory, met by a prediction); `precision`, `recall` and `f1`, None
        where undefined, and their `object_intervals`; what `object_summary` says; and, with
        groups, `by_group`. Then both sides' objects one by one.

    Raises:
        InputFileError: the map cannot be read.
        OutputError: the temporary polygons cannot be written.
    """
    grid = stack_info(probability).grid
    with scratch(beside) as folder:
        traced = folder / "predicted.gpkg"
        polygonize(probability, threshold, traced, minimum_area_m2=minimum_area_m2)
        predicted = read_polygons(traced)
    found = match_objects(predicted, truth.polygons, surveyed=truth.area)
    spacing = min(grid.resolution)
    rows = object_rows(
        predicted,
        truth.polygons,
        measure_on(grid, str(probability)),
        surveyed=truth.area,
        spacing=spacing,
        metric=rasterio.crs.CRS.from_user_input(grid.crs).is_projected,
        groups=truth.groups,
    )
    scores = {name: getattr(found, name) for name in ("precision", "recall", "f1")}
    summary = {
        "inventory_source": truth.source,
        "predicted": found.predicted,
        "inventory": found.inventory,
        "correct": found.correct,
        "detected": found.detected,
        **{name: None if math.isnan(value) else float(value) for name, value in scores.items()},
        "object_intervals": object_intervals(rows, block_px * spacing, seed),
        **object_summary(rows),
    }
    if truth.groups is not None:
        summary["by_group"] = by_group(rows, block_px * spacing, seed)
    return summary, rows
