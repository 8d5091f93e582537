"""Spectral indices."""

from __future__ import annotations

import numpy as np


def ndvi(red: np.ndarray, nir: np.ndarray) -> np.ndarray:
    """Normalised difference vegetation index, (nir - red) / (nir + red).

    Rouse, J. W., et al. (1974). Monitoring vegetation systems in the Great Plains with ERTS.
    NASA SP-351, 309-317.

    Args:
        red: reflectance, or anything proportional to it.
        nir: near infrared on the same scale.

    Returns:
        float32 in [-1, 1]; NaN where either is, where their sum is not positive, and where the
        quotient is outside [-1, 1], which only a negative reflectance brings about.
    """
    red, nir = np.asarray(red, np.float32), np.asarray(nir, np.float32)
    with np.errstate(invalid="ignore", divide="ignore"):
        index = (nir - red) / (nir + red)
        known = (nir + red > 0) & (np.abs(index) <= 1)
    return np.where(known, index, np.float32(np.nan))
