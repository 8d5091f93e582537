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
        float32, in [-1, 1] for non-negative input; NaN where either is or where both are 0.
    """
    red, nir = np.asarray(red, np.float32), np.asarray(nir, np.float32)
    with np.errstate(invalid="ignore", divide="ignore"):
        index = (nir - red) / (nir + red)
    return np.where(np.isfinite(index), index, np.float32(np.nan))
