"""Which way the ground faces, as two numbers that are 0 on flat ground."""

from __future__ import annotations

import numpy as np

from keras_landslide.terrain.slope import aspect_deg, slope_deg


def northness(elevation_m: np.ndarray, cell_size_m: float | tuple[float, float]) -> np.ndarray:
    """sin(slope) cos(aspect): how much the ground faces north.

    Unlike an aspect in degrees it can be averaged, has no jump, and is 0 where the ground is flat.

    Args:
        elevation_m: (height, width), NaN for nodata.
        cell_size_m: one number, or (height, width) of a cell.

    Returns:
        float32 (height, width) in (-1, 1); NaN at edges and beside nodata.
    """
    return _facing(elevation_m, cell_size_m, np.cos)


def eastness(elevation_m: np.ndarray, cell_size_m: float | tuple[float, float]) -> np.ndarray:
    """sin(slope) sin(aspect): how much the ground faces east; otherwise as `northness`."""
    return _facing(elevation_m, cell_size_m, np.sin)


def _facing(elevation_m: np.ndarray, cell_size_m: float | tuple[float, float], part) -> np.ndarray:
    slope = np.sin(np.radians(slope_deg(elevation_m, cell_size_m)))
    # Flat ground has no aspect, and any does, since sin(slope) is 0 there.
    return slope * part(np.radians(np.nan_to_num(aspect_deg(elevation_m, cell_size_m))))
