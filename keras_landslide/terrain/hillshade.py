"""Shaded relief, for maps."""

from __future__ import annotations

import numpy as np

from keras_landslide.terrain.slope import aspect_deg, slope_deg


def hillshade(
    elevation_m: np.ndarray,
    cell_size_m: float | tuple[float, float],
    *,
    azimuth_deg: float = 315.0,
    altitude_deg: float = 45.0,
    exaggeration: float = 1.0,
) -> np.ndarray:
    """Lambertian shading by a distant light (Horn 1981), as `gdaldem hillshade` over 255.

    Args:
        elevation_m: (height, width), NaN for nodata.
        cell_size_m: one number, or (height, width) of a cell.
        azimuth_deg: direction of the light, clockwise from north.
        altitude_deg: height of the light above the horizon.
        exaggeration: multiplies elevation.

    Returns:
        float32 (height, width) in [0, 1], 0 in shade; NaN at edges and beside nodata.
    """
    z = np.asarray(elevation_m, np.float32) * np.float32(exaggeration)
    slope = np.radians(slope_deg(z, cell_size_m))
    # Flat ground has no aspect, and any does, since sin(slope) is 0 there.
    aspect = np.radians(np.nan_to_num(aspect_deg(z, cell_size_m)))
    altitude = np.float32(np.radians(altitude_deg))
    towards = np.cos(np.float32(np.radians(azimuth_deg)) - aspect)
    shade = np.sin(altitude) * np.cos(slope) + np.cos(altitude) * np.sin(slope) * towards
    return np.clip(shade, 0, 1)
