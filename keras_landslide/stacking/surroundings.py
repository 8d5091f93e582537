"""Terrain bands with a distance in their name: `above_mean_300`, `relief_1000`, `uphill_100`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from keras_landslide.errors import LandslideError, TerrainError
from keras_landslide.grid import Grid
from keras_landslide.rasters.read import BandInfo, BandReader
from keras_landslide.rasters.write import RasterWriter
from keras_landslide.recipe import SURROUNDINGS, Recipe
from keras_landslide.stacking.sources import unchanged
from keras_landslide.stacking.working_files import Layer, Part, WorkingFiles
from keras_landslide.terrain.relief import above_floor, above_mean, reach_px, relief
from keras_landslide.terrain.uphill import uphill_index
from keras_landslide.terrain.uphill_ring import reach_px as ring_reach_px
from keras_landslide.terrain.uphill_ring import ring_offsets

TILE_PX = 1024
MEASURES: dict[str, Callable[..., np.ndarray]] = {
    "above_mean": above_mean,
    "above_floor": above_floor,
    "relief": relief,
}
METHODS = {
    "above_mean": "elevation less the mean",
    "above_floor": "elevation less the lowest",
    "relief": "highest less lowest elevation",
}


class Measure(NamedTuple):
    """A height relative to the surroundings.

    Attributes:
        function: (elevation, cell size) to values.
        margin_px: how many cells around a tile it needs.
        method: in words.
    """

    function: Callable[..., np.ndarray]
    margin_px: int
    method: str


def uphill_range(name: str) -> float | None:
    """The range of a band `uphill_<m>`, metres; None for other bands."""
    found = SURROUNDINGS.fullmatch(name)
    return float(found[2]) if found and found[1] == "uphill" else None


def measure(name: str, grid: Grid) -> Measure | None:
    """What a band such as `above_mean_300` is on a grid; None for other bands.

    Raises:
        TerrainError: its radius is less than a pixel.
    """
    found = SURROUNDINGS.fullmatch(name)
    if not found or found[1] not in MEASURES:
        return None
    radius = float(found[2])
    try:
        margin = reach_px(grid.resolution, radius)
    except TerrainError as error:
        raise TerrainError(f"band '{name}': {error}") from error
    function = partial(MEASURES[found[1]], radius_m=radius)
    return Measure(function, margin, f"{METHODS[found[1]]} within {radius:g} m")


def uphill_layers(
    working_files: WorkingFiles, recipe: Recipe, elevation: Part, names: list[str], source_name: str
) -> dict[str, Layer]:
    """Bands that tell which pixel of a ring is the highest, on the target grid.

    Raises:
        TerrainError: a range is less than one pixel of the target grid, or far too long.
    """
    layers = {}
    for name in names:
        range_m = uphill_range(name)
        assert range_m is not None  # the caller chose them by this
        try:
            ring = ring_offsets(range_m, working_files.grid.resolution)
        except LandslideError as error:
            raise TerrainError(f"{recipe.path}: [dem] derive '{name}': {error}") from error
        path = working_files.make(
            name,
            elevation.path,
            {"range": range_m, "elevation": [*elevation.indexes, *elevation.offset]},
            partial(_write_uphill, working_files.grid, elevation, range_m, ring_reach_px(ring)),
        )
        how = f"index of the highest of {len(ring)} pixels at {range_m:g} m, clockwise from north"
        band = BandInfo(name, "index", "uphill", source_name, how)
        layers[name] = Layer((band,), (Part(path, (1,)),), unchanged)
    return layers


def _write_uphill(grid: Grid, elevation: Part, range_m: float, reach: int, out: Path) -> None:
    readers: dict[Path, BandReader] = {}
    try:
        with RasterWriter(out, grid, 1, "float32", working=True) as writer:
            for tile in grid.windows(TILE_PX):
                z = elevation.read(readers, tile.expand(reach))[..., 0]
                index = uphill_index(z, range_m, grid.resolution).astype(np.float32)
                index[np.isnan(z)] = np.nan
                inner = index[reach : reach + tile.height, reach : reach + tile.width]
                writer.write(np.ascontiguousarray(inner), tile)
    finally:
        for reader in readers.values():
            reader.close()
