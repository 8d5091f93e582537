"""Slope and aspect by Horn's weights (1981, p. 18), as gdaldem computes them."""

from __future__ import annotations

import numba
import numpy as np

from keras_landslide.terrain.moving_window import cell_height_width, compiled, run_kernel

DEG = np.float32(180 / np.pi)


def slope_deg(elevation_m: np.ndarray, cell_size_m: float | tuple[float, float]) -> np.ndarray:
    """Steepest slope angle.

    Agrees with `gdaldem slope` to 1e-3 degrees up to about 3000 m; above, gdaldem, which sums four
    elevations in float32, is itself off by up to 3e-3 degrees on 10 m cells.

    Args:
        elevation_m: (height, width), NaN for nodata.
        cell_size_m: one number, or (height, width) of a cell.

    Returns:
        float32 (height, width), degrees in [0, 90); NaN at edges and beside nodata.
    """
    height, width = cell_height_width(cell_size_m)
    return run_kernel(_slope, elevation_m, 1 / (8 * width), 1 / (8 * height))


def aspect_deg(elevation_m: np.ndarray, cell_size_m: float | tuple[float, float]) -> np.ndarray:
    """Direction that the slope faces (downhill).

    Args:
        elevation_m: (height, width), rows from north to south, NaN for nodata.
        cell_size_m: one number, or (height, width) of a cell.

    Returns:
        float32 (height, width), degrees clockwise from north in [0, 360); NaN where flat, at
        edges and beside nodata.
    """
    height, width = cell_height_width(cell_size_m)
    return run_kernel(_aspect, elevation_m, 1 / (8 * width), 1 / (8 * height))


@numba.njit(inline="always", error_model="numpy")
def _gradient(z, r, c, scale_x, scale_y):
    """Horn's gradient towards east and south; NaN where any of the nine cells is NaN.

    Differences come before sums: at 4000 m a float32 sum would lose 1e-3 m.
    """
    two = np.float32(2)
    east = (
        (z[r - 1, c + 1] - z[r - 1, c - 1])
        + two * (z[r, c + 1] - z[r, c - 1])
        + (z[r + 1, c + 1] - z[r + 1, c - 1])
    )
    south = (
        (z[r + 1, c - 1] - z[r - 1, c - 1])
        + two * (z[r + 1, c] - z[r - 1, c])
        + (z[r + 1, c + 1] - z[r - 1, c + 1])
    )
    hole = z[r, c] - z[r, c]  # 0, or NaN where the centre, which has no weight, is NaN
    return east * scale_x + hole, south * scale_y


@compiled
def _slope(z, out, first_row, end_row, scale_x, scale_y):
    for r in range(first_row, end_row):
        for c in range(1, z.shape[1] - 1):
            east, south = _gradient(z, r, c, scale_x, scale_y)
            out[r, c] = np.arctan(np.sqrt(east * east + south * south)) * DEG


@compiled
def _aspect(z, out, first_row, end_row, scale_x, scale_y):
    for r in range(first_row, end_row):
        for c in range(1, z.shape[1] - 1):
            east, south = _gradient(z, r, c, scale_x, scale_y)
            if east == 0 and south == 0:
                out[r, c] = np.nan
                continue
            # Downhill is (-east, +south) in (east, north); its azimuth is atan2(east, north).
            azimuth = np.arctan2(-east, south) * DEG
            if azimuth < 0:
                azimuth += np.float32(360)
            if azimuth >= 360:  # -1e-9 + 360 in float32
                azimuth = np.float32(0)
            out[r, c] = azimuth
