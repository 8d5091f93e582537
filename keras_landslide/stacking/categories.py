"""`[[category]]` and `[[distance]]` sections as layers."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from keras_landslide.errors import RecipeError
from keras_landslide.grid import Window
from keras_landslide.rasters.burn import NO_CODE, attribute_values, burn_classes
from keras_landslide.rasters.distance import distance_raster
from keras_landslide.rasters.read import BandInfo
from keras_landslide.recipe import CategorySource, DistanceSource, Recipe
from keras_landslide.stacking.class_table import ClassTable, as_text, load_class_table
from keras_landslide.stacking.sources import on_grid, unchanged
from keras_landslide.stacking.working_files import Layer, Part, WorkingFiles


def category_layer(working_files: WorkingFiles, recipe: Recipe, category: CategorySource) -> Layer:
    """One band of class codes, with the class names in its metadata.

    Raises:
        RecipeError: the source holds a value that the class table lacks, and `others` is `error`.
        LandslideError: the source or the table cannot be read, or lies elsewhere.
    """
    table = load_class_table(category.classes, recipe.path.parent)
    path = recipe.resolve(category.path)
    if category.others == "unknown" and table.unknown is None:
        raise RecipeError(
            f"{table.source}: has no row with an empty value, which others = 'unknown' needs"
        )
    make = _from_raster if category.attribute is None else _from_polygons
    part, finish, how = make(working_files, path, category, table)
    band = BandInfo(
        category.band,
        "class",
        "categorical",
        path.name,
        f"{how}; {Path(table.source).name}",
        table.names,
    )
    return Layer((band,), (part,), finish)


def distance_layer(working_files: WorkingFiles, recipe: Recipe, distance: DistanceSource) -> Layer:
    """Metres to the nearest feature."""
    path = recipe.resolve(distance.path)
    limit, layer = distance.limit_m, distance.layer
    windows: list[Window] = []

    def step(out: Path) -> None:
        windows.append(distance_raster(path, out, working_files.grid, limit_m=limit, layer=layer))

    made = working_files.make(distance.band, path, {"limit_m": limit, "layer": layer}, step)
    how = f"to the nearest feature, centre to centre of pixels, at most {limit:g} m"
    band = BandInfo(distance.band, "m", "continuous", path.name, how)
    return Layer((band,), (Part(made, (1,), _offset(made, working_files)),), unchanged)


def _offset(made: Path, working_files: WorkingFiles) -> tuple[int, int]:
    """Where the target grid begins in a raster that covers more than it."""
    from keras_landslide.rasters.align import grid_of, offset_on

    offset = offset_on(grid_of(made), working_files.grid)
    assert offset is not None  # it was made by cropping the target grid
    return offset


def _from_polygons(
    working_files: WorkingFiles, path: Path, category: CategorySource, table: ClassTable
) -> tuple[Part, Any, str]:
    attribute = category.attribute or ""
    counts = attribute_values(path, attribute, layer=category.layer)
    strange = {value: n for value, n in counts.items() if as_text(value) not in table.codes}
    known = {value: table.codes[as_text(value)] for value in counts if value not in strange}
    filled = {value: n for value, n in strange.items() if as_text(value)}
    if filled and category.others == "error":
        value, count = next(iter(filled.items()))
        raise RecipeError(
            f"{path}: attribute '{attribute}' holds '{as_text(value)}' ({count} polygons), which "
            f"{table.source} lacks; add it there, or set others = 'unknown' or 'nodata'"
        )
    # Burnt like a class of its own first: it is not the same as having no polygon.
    nodata = len(table.names)
    unknown = table.unknown if category.others == "unknown" else None
    known |= dict.fromkeys(filled, nodata if unknown is None else unknown)
    settings = {"codes": [[as_text(v), c] for v, c in known.items()], "layer": category.layer}
    burnt = working_files.make(
        category.band,
        path,
        settings | {"attribute": attribute},
        lambda out: burn_classes(
            path, out, working_files.grid, attribute, known, layer=category.layer
        ),
    )
    finish = partial(_fill, code=table.unknown, nodata=nodata)
    return Part(burnt, (1,), nodata=NO_CODE), finish, f"pixel centres in polygons, {attribute}"


def _fill(codes: np.ndarray, code: int | None, nodata: int) -> np.ndarray:
    if code is not None:
        codes[np.isnan(codes)] = code
    codes[codes == nodata] = np.nan
    return codes


def _from_raster(
    working_files: WorkingFiles, path: Path, category: CategorySource, table: ClassTable
) -> tuple[Part, Any, str]:
    part, how = on_grid(
        working_files,
        path,
        (category.index,),
        kind="categorical",
        nodata=category.nodata,
        name=category.band,
    )
    return part, partial(_coded, path=path, table=table, others=category.others), how


def _coded(values: np.ndarray, path: Path, table: ClassTable, others: str) -> np.ndarray:
    """Class codes of stored values; NaN is unknown, or stays where that is no class."""
    out = np.full(values.shape, np.nan if table.unknown is None else table.unknown, np.float32)
    found, place = np.unique(values, return_inverse=True)
    codes = np.empty(found.size, np.float32)
    for index, value in enumerate(found.tolist()):
        code = table.codes.get("" if np.isnan(value) else as_text(value))
        if code is None and not np.isnan(value):
            if others == "error":
                count = int((place == index).sum())
                raise RecipeError(
                    f"{path}: holds the value {as_text(value)} ({count} pixels here), which "
                    f"{table.source} lacks; add it there, or set others = 'unknown' or 'nodata'"
                )
            code = table.unknown if others == "unknown" else None
        codes[index] = np.nan if code is None else code
    out[...] = codes[place].reshape(values.shape)
    return out
