"""Where a simulated basin lies: its optical grid, the truth around it, and the other grids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from affine import Affine
from rasterio.warp import transform, transform_bounds

from keras_landslide.grid import Bounds, Grid, Window
from keras_landslide.simulation.twin_basins import noise, settings
from keras_landslide.simulation.twin_basins.settings import PIXEL_M

_MULTIPLE = 16


@dataclass(frozen=True)
class Place:
    """Grids of one basin.

    Attributes:
        truth: grid of the simulated truth: the basin and a margin, square, side a multiple of 16.
        optical: grid of the optical image, aligned with the truth.
        inner: first and last row and column of the basin on the truth grid.
    """

    truth: Grid
    optical: Grid
    inner: tuple[int, int]

    def grid_in(self, crs: str, resolution: float, reach_px: int = 24) -> Grid:
        """A north-up grid in another CRS over the basin and `reach_px` pixels around it.

        Its corner is a whole number of its own pixels from the CRS's origin, so it lines up with
        nothing else.
        """
        left, bottom, right, top = self.optical.bounds
        reach = reach_px * PIXEL_M
        box = (left - reach, bottom - reach, right + reach, top + reach)
        return Grid.from_bounds(
            crs, Bounds(*transform_bounds(self.optical.crs, crs, *box)), resolution
        )


def place(basin: settings.Basin, size: int) -> Place:
    """Lay the grids of a basin of `size` x `size` optical pixels around its centre."""
    # The margin feeds the DEM and SAR grids, whose north differs by up to a third of a degree,
    # and keeps the closed edges of the drainage out of sight.
    margin = max(48, size // 60)
    side = -(-(size + 2 * margin) // _MULTIPLE) * _MULTIPLE
    (x,), (y,) = transform("EPSG:4326", basin.optical_crs, [basin.lon], [basin.lat])
    left = round(x / PIXEL_M) * PIXEL_M - (side // 2) * PIXEL_M
    top = round(y / PIXEL_M) * PIXEL_M + (side // 2) * PIXEL_M
    truth = Grid(basin.optical_crs, Affine(PIXEL_M, 0, left, 0, -PIXEL_M, top), (side, side))
    optical = truth.crop(Window(margin, margin, size, size))
    return Place(truth, optical, (margin, margin + size))


def swath_edge(corner: str, size: int, row0: int, rows: int) -> np.ndarray:
    """Pixels beyond the edge of the satellite's swath: bool (rows, size).

    The edge is as steep as a polar orbit's track on the map, and cuts off one corner.
    """
    r = np.arange(row0, row0 + rows)[:, None]
    c = np.arange(size)[None, :]
    down = r if corner.startswith("north") else size - 1 - r
    across = c if corner.endswith("west") else size - 1 - c
    return across < 0.11 * size - 0.21 * down


def surveyed_area(grid: Grid, seed: int, basin: str) -> shapely.Polygon:
    """The outline inside which slides were mapped, in CRS units: the basin less a ragged rim."""
    rng = noise.generator(seed, basin, "surveyed")
    left, bottom, right, top = grid.bounds
    turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    square = 1.0 / np.maximum(np.abs(np.cos(turn)), np.abs(np.sin(turn)))
    inset = rng.uniform(0.955, 0.995, turn.size) * np.minimum(square, 1.32)
    x = (left + right) / 2 + (right - left) / 2 * inset * np.cos(turn)
    y = (bottom + top) / 2 + (top - bottom) / 2 * inset * np.sin(turn)
    return shapely.Polygon(np.stack([x, y], axis=1))
