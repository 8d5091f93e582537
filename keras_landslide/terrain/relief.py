"""A cell against its surroundings: heights that mean the same in every basin.

An elevation says where a place is, a height above the valley floor says what it is: relief relative
to the surroundings is what a susceptibility model can take to another place.

Surroundings are the square of cells within `radius_m` along both axes, as far as there is data: at
an edge or beside nodata the rest of the square counts. Source of the first: Guisan, Weiss and
Weiss 1999, "GLM versus CCA spatial modeling of plant species distribution" (topographic position
index), doi:10.1023/A:1009841519580.
"""

from __future__ import annotations

import numpy as np

from keras_landslide.errors import TerrainError
from keras_landslide.terrain.moving_window import cell_height_width

CellSize = float | tuple[float, float]


def above_mean(elevation_m: np.ndarray, cell_size_m: CellSize, radius_m: float) -> np.ndarray:
    """Elevation less the mean of the surroundings (topographic position).

    Args:
        elevation_m: (height, width), NaN for nodata.
        cell_size_m: one number, or (height, width) of a cell.
        radius_m: half the side of the surroundings; at least one cell.

    Returns:
        float32 (height, width), m; positive on ridges; NaN where the cell is nodata.

    Raises:
        TerrainError: the radius is less than one cell.
    """
    from scipy.ndimage import uniform_filter

    size = _window(cell_size_m, radius_m)
    z = np.asarray(elevation_m, np.float64)
    known = ~np.isnan(z)
    # Around a middle value, so that running sums keep their digits.
    middle = np.median(z[known]) if known.any() else 0.0
    filled = np.where(known, z - middle, 0.0)
    total = uniform_filter(filled, size, mode="constant")
    share = uniform_filter(known.astype(np.float64), size, mode="constant")
    with np.errstate(invalid="ignore", divide="ignore"):
        out = filled - total / share
    return np.where(known, out, np.nan).astype(np.float32)


def above_floor(elevation_m: np.ndarray, cell_size_m: CellSize, radius_m: float) -> np.ndarray:
    """Elevation less the lowest of the surroundings, m; arguments as `above_mean`."""
    z = np.asarray(elevation_m, np.float32)
    return z - _extreme(z, _window(cell_size_m, radius_m), low=True)


def relief(elevation_m: np.ndarray, cell_size_m: CellSize, radius_m: float) -> np.ndarray:
    """Highest less lowest of the surroundings (local relief), m; arguments as `above_mean`."""
    z = np.asarray(elevation_m, np.float32)
    size = _window(cell_size_m, radius_m)
    out = _extreme(z, size, low=False) - _extreme(z, size, low=True)
    return np.where(np.isnan(z), np.float32(np.nan), out)


def reach_px(cell_size_m: CellSize, radius_m: float) -> int:
    """How far the surroundings reach along an axis, pixels.

    Raises:
        TerrainError: less than one cell.
    """
    return max(side // 2 for side in _window(cell_size_m, radius_m))


def _window(cell_size_m: CellSize, radius_m: float) -> tuple[int, int]:
    """Odd sides (rows, columns) of the surroundings, pixels."""
    height, width = cell_height_width(cell_size_m)
    if not radius_m >= max(height, width):
        raise TerrainError(
            f"surroundings of {radius_m:g} m are less than one pixel of {max(height, width):g} m; "
            "choose a larger radius"
        )
    return 2 * round(radius_m / height) + 1, 2 * round(radius_m / width) + 1


def _extreme(z: np.ndarray, size: tuple[int, int], *, low: bool) -> np.ndarray:
    """Lowest or highest known elevation of the surroundings, at a cost that they do not change."""
    from scipy.ndimage import maximum_filter, minimum_filter

    beyond = np.float32(np.inf if low else -np.inf)
    filled = np.where(np.isnan(z), beyond, z)
    run = minimum_filter if low else maximum_filter
    return run(filled, size, mode="constant", cval=beyond)
