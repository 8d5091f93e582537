"""Curvature of the surface that Zevenbergen and Thorne (1987) fit through 3 x 3 cells.

With cells numbered row by row from the north-west, z1 ... z9, and a cell size L, their
coefficients (equations 4 to 8) are

    D = ((z4 + z6) / 2 - z5) / L^2        E = ((z2 + z8) / 2 - z5) / L^2
    F = (-z1 + z3 + z7 - z9) / (4 L^2)    G = (-z4 + z6) / (2 L)    H = (z2 - z8) / (2 L)

Sign: positive is convex and negative concave in all three curvatures, so that
`general = profile + plan` wherever the ground is not flat. Unit: 1/m.

ArcGIS multiplies by 100 and counts profile curvature the other way (negative is convex):
`arcgis_curvature = 100 * curvature`, `arcgis_plan = 100 * plan_curvature`,
`arcgis_profile = -100 * profile_curvature`. The 1987 paper has this profile sign and the opposite
plan sign.
"""

from __future__ import annotations

import numba
import numpy as np

from keras_landslide.terrain.moving_window import cell_height_width, compiled, run_kernel


def curvature(
    elevation_m: np.ndarray, cell_size_m: float | tuple[float, float], *, factor: float = 1.0
) -> np.ndarray:
    """General curvature, -2 (D + E): minus the Laplacian.

    Args:
        elevation_m: (height, width), NaN for nodata.
        cell_size_m: one number, or (height, width) of a cell.
        factor: multiplies the result; 100 for ArcGIS's unit.

    Returns:
        float32 (height, width) in 1/m, positive where convex; NaN at edges and where the cell or
        one of its four direct neighbours is nodata.
    """
    height, width = cell_height_width(cell_size_m)
    return run_kernel(_general, elevation_m, -factor / width**2, -factor / height**2)


def profile_curvature(
    elevation_m: np.ndarray, cell_size_m: float | tuple[float, float], *, factor: float = 1.0
) -> np.ndarray:
    """Curvature along the steepest slope, -2 (D G^2 + E H^2 + F G H) / (G^2 + H^2).

    Args and returns as in `curvature`; 0 where the ground is flat, NaN beside nodata in any of
    the eight directions.
    """
    height, width = cell_height_width(cell_size_m)
    return run_kernel(_profile, elevation_m, 1 / width, 1 / height) * np.float32(factor)


def plan_curvature(
    elevation_m: np.ndarray, cell_size_m: float | tuple[float, float], *, factor: float = 1.0
) -> np.ndarray:
    """Curvature across the slope, -2 (D H^2 + E G^2 - F G H) / (G^2 + H^2).

    Args and returns as in `curvature`; positive on spurs, negative in hollows, 0 where the ground
    is flat, NaN beside nodata in any of the eight directions.
    """
    height, width = cell_height_width(cell_size_m)
    return run_kernel(_plan, elevation_m, 1 / width, 1 / height) * np.float32(factor)


@compiled
def _general(z, out, first_row, end_row, scale_x, scale_y):
    for r in range(first_row, end_row):
        for c in range(1, z.shape[1] - 1):
            centre = z[r, c]
            along_x = (z[r, c - 1] - centre) + (z[r, c + 1] - centre)
            along_y = (z[r - 1, c] - centre) + (z[r + 1, c] - centre)
            out[r, c] = along_x * scale_x + along_y * scale_y


@numba.njit(inline="always", error_model="numpy")
def _coefficients(z, r, c, sx, sy):
    half, quarter = np.float32(0.5), np.float32(0.25)
    centre = z[r, c]
    d = half * ((z[r, c - 1] - centre) + (z[r, c + 1] - centre)) * sx * sx
    e = half * ((z[r - 1, c] - centre) + (z[r + 1, c] - centre)) * sy * sy
    north = z[r - 1, c + 1] - z[r - 1, c - 1]
    south = z[r + 1, c - 1] - z[r + 1, c + 1]
    f = quarter * (north + south) * sx * sy
    g = half * (z[r, c + 1] - z[r, c - 1]) * sx
    h = half * (z[r - 1, c] - z[r + 1, c]) * sy
    return d, e, f, g, h


@compiled
def _profile(z, out, first_row, end_row, scale_x, scale_y):
    for r in range(first_row, end_row):
        for c in range(1, z.shape[1] - 1):
            d, e, f, g, h = _coefficients(z, r, c, scale_x, scale_y)
            steep = g * g + h * h
            bend = np.float32(-2) * (d * g * g + e * h * h + f * g * h)
            # `bend` is 0 where flat and NaN beside nodata: both are the answer there.
            out[r, c] = bend / steep if steep > 0 else bend


@compiled
def _plan(z, out, first_row, end_row, scale_x, scale_y):
    for r in range(first_row, end_row):
        for c in range(1, z.shape[1] - 1):
            d, e, f, g, h = _coefficients(z, r, c, scale_x, scale_y)
            steep = g * g + h * h
            bend = np.float32(-2) * (d * h * h + e * g * g - f * g * h)
            out[r, c] = bend / steep if steep > 0 else bend
