"""What a recipe's values have to satisfy, beyond their types."""

from __future__ import annotations

import math
import re
from pathlib import Path

from keras_landslide.bands import BAND_NAME
from keras_landslide.errors import RecipeError
from keras_landslide.recipe.parsing import choice
from keras_landslide.recipe.sections import GridSpec, Recipe

TERRAIN_BANDS = (
    "elevation",
    "slope",
    "aspect",
    "curvature",
    "profile_curvature",
    "plan_curvature",
    "northness",
    "eastness",
)
RESAMPLINGS = ("nearest", "bilinear", "cubic", "cubicspline", "lanczos", "average", "mode")
KINDS = ("continuous", "categorical", "azimuth")
SURROUNDINGS = re.compile(r"(above_mean|above_floor|relief|uphill)_([1-9]\d*)")
"""Terrain bands with a distance in metres in their name."""
OTHERS = ("error", "unknown", "nodata")


def check_recipe(recipe: Recipe) -> None:
    """Refuse values that are no choice, out of range, or contradict each other.

    Raises:
        RecipeError: naming the section and what it should say.
    """
    where = recipe.path
    if not (recipe.rasters or recipe.dem or recipe.sar):
        raise RecipeError(f"{where}: names no raster; add a [[raster]], [dem] or [[sar]] section")
    choice(recipe.vrt_sources, ("root", "anywhere"), f"{where}: vrt_sources")
    for raster in recipe.rasters:
        choice(raster.kind, (None, *KINDS), f"{where}: [[raster]] kind")
        choice(raster.resampling, (None, *RESAMPLINGS), f"{where}: [[raster]] resampling")
        if not raster.bands or not all(name.strip() for name in raster.bands):
            raise RecipeError(f"{where}: [[raster]] {raster.path} names no band")
        if raster.scale == 0 or not abs(raster.scale) + abs(raster.offset) < 1e15:
            raise RecipeError(
                f"{where}: [[raster]] scale should be finite and not 0, offset finite, and both "
                "below 1e15"
            )
        _check_valid(raster.valid, f"{where}: [[raster]] {raster.path} valid")
    for category in recipe.categories:
        choice(category.others, OTHERS, f"{where}: [[category]] others")
        if not (category.band.strip() and category.classes.strip()):
            raise RecipeError(
                f"{where}: [[category]] {category.path} needs a band name and a class table"
            )
    for distance in recipe.distances:
        if not distance.band.strip():
            raise RecipeError(f"{where}: [[distance]] {distance.path} names no band")
        if not 0 < distance.limit_m < math.inf:
            raise RecipeError(f"{where}: [[distance]] limit_m should be finite and above 0")
    for sar in recipe.sar:
        choice(sar.input, ("power", "db", "amplitude"), f"{where}: [[sar]] input")
        choice(sar.output, ("db", "amplitude", "power"), f"{where}: [[sar]] output")
        choice(sar.speckle, ("none", "lee"), f"{where}: [[sar]] speckle")
        choice(sar.resampling, (None, *RESAMPLINGS), f"{where}: [[sar]] resampling")
        if not sar.band.strip():
            raise RecipeError(f"{where}: [[sar]] {sar.path} names no band")
        if sar.window < 3 or sar.window % 2 == 0 or not 0 < sar.looks < math.inf:
            raise RecipeError(f"{where}: [[sar]] window should be odd and at least 3, looks > 0")
    if recipe.dem:
        for band in recipe.dem.derive:
            if not SURROUNDINGS.fullmatch(band):
                names = (*TERRAIN_BANDS, "above_mean_<m>", "above_floor_<m>", "relief_<m>")
                choice(band, (*names, "uphill_<m>"), f"{where}: [dem] derive")
        if not recipe.dem.derive:
            raise RecipeError(f"{where}: [dem] derive names no band; leave [dem] out")
        if recipe.dem.curvature_factor == 0 or not math.isfinite(recipe.dem.curvature_factor):
            raise RecipeError(f"{where}: [dem] curvature_factor should be finite and not 0")
        choice(recipe.dem.derive_on, ("dem", "grid"), f"{where}: [dem] derive_on")
        choice(recipe.dem.resampling, (None, *RESAMPLINGS), f"{where}: [dem] resampling")
        _check_valid(recipe.dem.valid, f"{where}: [dem] valid")
    if cloud := recipe.cloud:
        for both in set(cloud.cloud) & set(cloud.shadow):
            raise RecipeError(f"{where}: [cloud] {both} is named as cloud and as shadow")
        if cloud.nodata in (*cloud.cloud, *cloud.shadow):
            raise RecipeError(f"{where}: [cloud] {cloud.nodata:g} is named as nodata and as cloud")
    if recipe.inventory and bool(recipe.inventory.path) == bool(recipe.inventory.raster):
        raise RecipeError(f"{where}: [inventory] needs path (polygons) or raster, one of the two")
    if recipe.inventory and recipe.inventory.raster:
        for key in ("layer", "surveyed", "surveyed_layer", "surveyed_bounds", "all_touched"):
            if getattr(recipe.inventory, key):
                raise RecipeError(
                    f"{where}: [inventory] {key} goes with polygons; with raster, nodata is what "
                    "nobody looked at"
                )
    if recipe.inventory and recipe.inventory.surveyed_bounds is not None:
        _check_bounds(recipe.inventory.surveyed_bounds, f"{where}: [inventory] surveyed_bounds")
    for name in recipe.given_names:
        if not BAND_NAME.fullmatch(name):
            raise RecipeError(
                f"{where}: '{name}' is no name for a band; letters, digits, '_', '-' and '.' may "
                "be used, and it begins with a letter or digit"
            )
    _check_grid(recipe.grid, where)


def _check_grid(grid: GridSpec, where: Path) -> None:
    if grid.like and (grid.crs or grid.resolution or grid.bounds):
        raise RecipeError(f"{where}: [grid] like takes the whole grid; leave the other keys out")
    if grid.bounds is not None:
        _check_bounds(grid.bounds, f"{where}: [grid] bounds")
    if grid.resolution is not None and not 0 < grid.resolution < math.inf:
        raise RecipeError(f"{where}: [grid] resolution should be finite and greater than 0")


def _check_bounds(bounds: list[float], where: str) -> None:
    if len(bounds) != 4:
        raise RecipeError(f"{where} should be [left, bottom, right, top]")
    left, bottom, right, top = bounds
    if not (-math.inf < left < right < math.inf and -math.inf < bottom < top < math.inf):
        raise RecipeError(
            f"{where} = {bounds} should be [left, bottom, right, top] "
            "with left < right and bottom < top"
        )


def _check_valid(valid: list[float] | None, where: str) -> None:
    if valid is not None and not (len(valid) == 2 and valid[0] < valid[1]):
        raise RecipeError(f"{where} = {valid} should be [least, most]")
