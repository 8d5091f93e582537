"""Landslides as objects: how many were found, and how many of the mapped ones are there."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import rasterio

from keras_landslide.evaluation.object_table import ObjectRow, object_rows, object_summary
from keras_landslide.files import scratch
from keras_landslide.inventory.match import match_objects
from keras_landslide.inventory.measure import measure_on
from keras_landslide.inventory.polygonize import polygonize
from keras_landslide.inventory.read import read_polygons
from keras_landslide.rasters.read import stack_info


def score_objects(
    probability: str | Path,
    inventory: str | Path,
    threshold: float,
    beside: str | Path,
    *,
    surveyed: str | Path | None = None,
    minimum_area_m2: float = 0.0,
) -> tuple[dict[str, Any], list[ObjectRow]]:
    """Trace a probability map and match its landslides with an inventory by any overlap.

    Args:
        probability: `probability.tif`.
        inventory: polygons of the true landslides, in any CRS.
        threshold: probability from which a pixel is landslide.
        beside: an output whose folder takes the temporary polygons.
        surveyed: polygons of the area that the inventory covers; None is everywhere.
        minimum_area_m2: smaller predicted polygons do not count.

    Returns:
        Counts `predicted`, `inventory`, `correct` (predicted that meet the inventory) and
        `detected` (of the inventory, met by a prediction); `precision`, `recall` and `f1`, None
        where undefined; and what `object_summary` says. Then both sides' objects one by one.

    Raises:
        InputFileError: a file cannot be read.
        CrsError: the inventory has no CRS.
        OutputError: the temporary polygons cannot be written.
    """
    grid = stack_info(probability).grid
    crs = grid.crs
    with scratch(beside) as folder:
        traced = folder / "predicted.gpkg"
        polygonize(probability, threshold, traced, minimum_area_m2=minimum_area_m2)
        predicted = read_polygons(traced)
    theirs = read_polygons(inventory, crs=crs)
    area = None if surveyed is None else read_polygons(surveyed, crs=crs)
    found = match_objects(predicted, theirs, surveyed=area)
    rows = object_rows(
        predicted,
        theirs,
        measure_on(grid, str(probability)),
        surveyed=area,
        spacing=min(grid.resolution),
        metric=rasterio.crs.CRS.from_user_input(crs).is_projected,
    )
    scores = {name: getattr(found, name) for name in ("precision", "recall", "f1")}
    return {
        "predicted": found.predicted,
        "inventory": found.inventory,
        "correct": found.correct,
        "detected": found.detected,
        **{name: None if math.isnan(value) else float(value) for name, value in scores.items()},
        **object_summary(rows),
    }, rows
