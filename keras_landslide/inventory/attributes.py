"""What the pixels under each polygon say, tile by tile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from rasterio.features import rasterize
from scipy.ndimage import maximum_filter

from keras_landslide.grid import Grid, Window
from keras_landslide.rasters.read import BandReader
from keras_landslide.runtime.progress import progress

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

    def of(self, chosen: np.ndarray) -> Zonal:
        """The statistics of chosen polygons: a mask or indices."""
        return Zonal(
            self.count[chosen], self.mean[chosen], self.minimum[chosen], self.maximum[chosen]
        )


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


def touching(
    polygons: np.ndarray, grid: Grid, path: str | Path, name: str
) -> tuple[np.ndarray, np.ndarray]:
    """Which polygons may go on where nobody can see: beside missing pixels, or at the edge.

    Args:
        polygons: shapely polygons in the grid's CRS that do not overlap, (N,).
        grid: grid of the raster.
        path: raster that holds the band.
        name: band whose missing pixels count.

    Returns:
        Whether a pixel of the polygon has a missing neighbour (of eight), and whether one lies in
        the raster's outermost rows or columns; bool (N,) each.

    Raises:
        BandError: the raster lacks the band.
        InputFileError: it cannot be read.
    """
    beside = np.zeros(len(polygons) + 1, bool)
    at_edge = np.zeros(len(polygons) + 1, bool)
    with BandReader(path) as reader:
        for tile, owner in _owners(polygons, grid):
            around = tile.expand(1)
            missing = np.isnan(reader.read((name,), around)[..., 0])
            rows = np.arange(around.row_off, around.row_end)
            cols = np.arange(around.col_off, around.col_end)
            outside = ((rows < 0) | (rows >= grid.height))[:, None]
            outside = outside | ((cols < 0) | (cols >= grid.width))
            beside[np.unique(owner[_neighbours(missing & ~outside)])] = True
            at_edge[np.unique(owner[_neighbours(outside)])] = True
    return beside[1:], at_edge[1:]


def _neighbours(mask: np.ndarray) -> np.ndarray:
    """Pixels of the mask without its outermost ring that have one of it beside them."""
    return maximum_filter(mask, size=3)[1:-1, 1:-1]


def _zonal(count: np.ndarray, total: np.ndarray, low: np.ndarray, high: np.ndarray) -> Zonal:
    empty = count == 0
    mean = np.where(empty, np.nan, total / np.maximum(count, 1))
    return Zonal(count, mean, np.where(empty, np.nan, low), np.where(empty, np.nan, high))


def _owners(polygons: np.ndarray, grid: Grid) -> Iterator[tuple[Window, np.ndarray]]:
    """Tiles that polygons reach into, with 1 + the number of each pixel's polygon, else 0."""
    tree = shapely.STRtree(polygons)
    for tile in progress(list(grid.windows(TILE_PX)), "landslides' attributes", unit="tile"):
        part = grid.crop(tile)
        found = np.sort(tree.query(shapely.box(*part.bounds)))
        if found.size:
            shapes = [(polygons[i], int(i) + 1) for i in found]
            yield tile, rasterize(shapes, part.shape, transform=part.transform, dtype="int32")
