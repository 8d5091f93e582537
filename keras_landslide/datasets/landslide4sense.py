"""Landslide4Sense patches: back to physical units, and the six channels of image model `l4s6`.

Ghorbanzadeh, O., Xu, Y., Ghamisi, P., Kopp, M., Kreil, D. (2022). Landslide4Sense: reference
benchmark data and deep learning models for landslide detection. IEEE Transactions on Geoscience
and Remote Sensing 60. doi:10.1109/TGRS.2022.3215209
"""

from __future__ import annotations

import numpy as np

from keras_landslide.errors import BandError
from keras_landslide.stacking.indices import ndvi

DIVISORS = (
    1111.8124,
    824.6317,
    663.4164,
    445.1729,
    645.8583,
    1547.7351,
    1960.4440,
    1941.3223,
    674.0757,
    9.0479,
    1113.9834,
    519.9040,
    20.2923,
    772.8314,
)
"""Stored value = whole number / divisor, for B1 ... B14. Found from the patches themselves:
multiplying gives whole numbers back. B1 to B12 then are Sentinel-2 digital numbers (reflectance
x 10000), B13 slope in degrees and B14 elevation in metres; these units are inferred."""

SIX_CHANNELS = ("red", "green", "blue", "ndvi", "slope", "elevation")


def physical_units(stored: np.ndarray) -> np.ndarray:
    """Reflectance (B1 to B12), degrees (B13) and metres (B14) from stored values.

    Args:
        stored: (..., 14), as in the key `img` of a patch.

    Returns:
        float32, the same shape.

    Raises:
        BandError: there are not 14 bands.
    """
    if stored.shape[-1] != len(DIVISORS):
        raise BandError(f"a Landslide4Sense patch has 14 bands, not {stored.shape[-1]}")
    values = np.round(np.asarray(stored, np.float64) * DIVISORS)
    values[..., :12] /= 10000
    return values.astype(np.float32)


def six_channels(stored: np.ndarray, *, stored_ndvi: bool = False) -> np.ndarray:
    """Red, green, blue, NDVI, slope and elevation of a patch.

    NDVI of the stored values is not an NDVI, since red and near infrared have other divisors;
    published code takes it all the same, so it can be had with `stored_ndvi`.

    Args:
        stored: (..., 14), as in the key `img` of a patch.
        stored_ndvi: take NDVI from the stored values, without bringing the bands to one scale.

    Returns:
        float32 (..., 6) in the order of `SIX_CHANNELS`: reflectance, NDVI, degrees, metres.

    Raises:
        BandError: there are not 14 bands.
    """
    values = physical_units(stored)
    red, green, blue, nir = (values[..., band - 1] for band in (4, 3, 2, 8))
    slope_deg, elevation_m = values[..., 12], values[..., 13]
    index = ndvi(stored[..., 3], stored[..., 7]) if stored_ndvi else ndvi(red, nir)
    return np.stack([red, green, blue, index, slope_deg, elevation_m], axis=-1)
