"""Lee's filter for multiplicative speckle.

Reference:
    Lee, J.-S. (1980). Digital image enhancement and noise filtering by use of local statistics.
    IEEE Transactions on Pattern Analysis and Machine Intelligence PAMI-2(2), 165-168.
    doi:10.1109/TPAMI.1980.4766994 (multiplicative noise, section III)
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import uniform_filter

SENTINEL1_GRD_LOOKS = 4.4
"""Equivalent number of looks of Sentinel-1 IW GRD high-resolution products (ESA product
definition, table of IW GRDH, 4.4 looks)."""


def lee(power: np.ndarray, *, window: int = 5, looks: float = SENTINEL1_GRD_LOOKS) -> np.ndarray:
    """Smooth speckle where the ground is even, and keep edges.

    The estimate is `mean + k (value - mean)` with `k = signal variance / variance`, where speckle
    of `looks` looks has a relative variance of 1 / looks: k is 0 on even ground and tends to 1 on
    edges. Local statistics count valid pixels only, so nodata does not spread.

    Args:
        power: (height, width) linear power (not decibels), NaN for nodata.
        window: odd side of the window in pixels. Pixels within `window // 2` of a cut edge know
            fewer neighbours: read that much more around a strip.
        looks: equivalent number of looks of the image; resampling raises it.

    Returns:
        float32 (height, width), NaN where `power` is.

    Raises:
        ValueError: `window` is even or below 3, or `looks` is not positive.
    """
    if window < 3 or window % 2 == 0:
        raise ValueError(f"window = {window} should be an odd number of at least 3")
    if looks <= 0:
        raise ValueError(f"looks = {looks} should be greater than 0")
    power = np.asarray(power, np.float32)
    valid = np.isfinite(power)
    filled = np.where(valid, power, 0).astype(np.float64)  # running sums lose digits in float32
    weight = uniform_filter(valid.astype(np.float64), window, mode="constant")
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = uniform_filter(filled, window, mode="constant") / weight
        mean_square = uniform_filter(filled**2, window, mode="constant") / weight
        variance = np.maximum(mean_square - mean**2, 0)
        relative_noise = 1 / looks
        signal = np.maximum((variance - mean**2 * relative_noise) / (1 + relative_noise), 0)
        gain = np.where(variance > 0, signal / variance, 0)
        smooth = mean + gain * (filled - mean)
    return np.where(valid, smooth, np.nan).astype(np.float32)
