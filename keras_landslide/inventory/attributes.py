"""What the pixels under each polygon say, tile by tile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from rasterio.features import rasterize

from keras_landslide.grid import Grid, Window
from keras_landslide.rasters.read import BandReader

TILE_PX = 1024


@dataclass
class Zonal:
    """Statistics of a band per polygon; NaN where a polygon holds no valid pixel.

    Attributes:
        count: valid pixels, (N,).
        mean: (N,) float64.
        minimum: (N,) float64.
        maximum: (N,) float64.
    """

    count: np.ndarray
    mean: np.ndarray
    minimum: np.ndarray
    maximum: np.ndarray


def zonal_statistics(
    polygons: np.ndarray, grid: Grid, path: str | Path, names: tuple[str, ...]
) -> dict[str, Zonal]:
    """Count, mean and extremes of bands over the pixels whose centre lies in each polygon.

    Args:
        polygons: shapely polygons in the grid's CRS that do not overlap, (N,).
        grid: grid of the raster.
        path: raster that holds the bands.
        names: bands.

    Raises:
        BandError: the raster lacks a band.
        InputFileError: it cannot be read.
    """
    n = len(polygons)
    count = {name: np.zeros(n, np.int64) for name in names}
    total = {name: np.zeros(n) for name in names}
    low = {name: np.full(n, np.inf) for name in names}
    high = {name: np.full(n, -np.inf) for name in names}
    with BandReader(path) as reader:
        for tile, owner in _owners(polygons, grid):
            values = reader.read(names, tile)
            for channel, name in enumerate(names):
                band = values[..., channel]
                known = (owner > 0) & np.isfinite(band)
                index, value = owner[known] - 1, band[known].astype(np.float64)
                count[name] += np.bincount(index, minlength=n)
                total[name] += np.bincount(index, value, minlength=n)
                np.minimum.at(low[name], index, value)
                np.maximum.at(high[name], index, value)
    return {name: _zonal(count[name], total[name], low[name], high[name]) for name in names}


def _zonal(count: np.ndarray, total: np.ndarray, low: np.ndarray, high: np.ndarray) -> Zonal:
    empty = count == 0
    mean = np.where(empty, np.nan, total / np.maximum(count, 1))
    return Zonal(count, mean, np.where(empty, np.nan, low), np.where(empty, np.nan, high))


def _owners(polygons: np.ndarray, grid: Grid) -> Iterator[tuple[Window, np.ndarray]]:
    """Tiles that polygons reach into, with 1 + the number of each pixel's polygon, else 0."""
    tree = shapely.STRtree(polygons)
    for tile in grid.windows(TILE_PX):
        part = grid.crop(tile)
        found = np.sort(tree.query(shapely.box(*part.bounds)))
        if found.size:
            shapes = [(polygons[i], int(i) + 1) for i in found]
            yield tile, rasterize(shapes, part.shape, transform=part.transform, dtype="int32")
