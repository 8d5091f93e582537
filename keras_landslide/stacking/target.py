"""The grid that a recipe asks for."""

from __future__ import annotations

from keras_landslide.errors import CrsError, GridMismatchError
from keras_landslide.grid import Bounds, Grid
from keras_landslide.rasters.align import grid_of, in_metres, metric_grid, parse_crs, utm_crs
from keras_landslide.recipe import GridSpec, Recipe


def target_grid(recipe: Recipe) -> Grid:
    """The target grid of a recipe.

    Of the raster that `like` names; or else around the recipe's first raster, in the CRS given, or
    that raster's own if it is in metres, or UTM. Terrain needs metres, so the grid is in metres.

    Raises:
        CrsError: the CRS asked for is unknown or not in metres.
        GridMismatchError: the raster of `like` is rotated, the bounds are empty, or the first
            raster lies where its CRS is not defined.
        InputFileError: the first raster cannot be read.
    """
    spec, where = recipe.grid, str(recipe.path)
    if spec.like:
        grid = grid_of(recipe.resolve(spec.like))
        if not grid.north_up:
            raise GridMismatchError(
                f"{spec.like}: is rotated or flipped; give crs and resolution instead of like"
            )
        _require_metres(grid.crs, f"{where}: [grid] like = '{spec.like}'")
        return grid
    path = recipe.resolve(_first_path(recipe))
    first = grid_of(path)
    crs = None
    if spec.crs:
        crs = parse_crs(spec.crs, f"{where}: [grid] crs").to_string()
        _require_metres(crs, f"{where}: [grid] crs")
    try:
        return _around(first, crs, spec)
    except GridMismatchError as error:
        raise GridMismatchError(
            f"{path}: {error}; check the file's CRS, its coordinates do not fit it"
        ) from error


def _around(first: Grid, wanted: str | None, spec: GridSpec) -> Grid:
    metric = in_metres(parse_crs(first.crs, "the first raster"))
    crs = wanted or (first.crs if metric else utm_crs(first))
    if spec.bounds:
        resolution = spec.resolution or metric_grid(first, crs).resolution[0]
        return Grid.from_bounds(crs, Bounds(*spec.bounds), resolution)
    if metric and first.north_up and crs == first.crs and spec.resolution is None:
        return first
    return metric_grid(first, crs, spec.resolution)


def _first_path(recipe: Recipe) -> str:
    if recipe.rasters:
        return recipe.rasters[0].path
    return recipe.dem.path if recipe.dem else recipe.sar[0].path


def _require_metres(crs: str, where: str) -> None:
    if not in_metres(parse_crs(crs, where)):
        raise CrsError(
            f"{where}: is not projected in metres, which slope and areas need; "
            "choose a projected CRS such as the UTM zone"
        )
