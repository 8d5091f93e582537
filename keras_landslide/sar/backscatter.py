"""Backscatter as linear power, amplitude or decibels.

Power is the normalised radar cross-section (sigma or gamma nought); amplitude is its square root;
decibels are 10 log10 of power, which is 20 log10 of amplitude.
"""

from __future__ import annotations

import numpy as np

from keras_landslide.errors import UnknownNameError

SCALES = ("power", "amplitude", "db")
UNITS = {"power": "1", "amplitude": "1", "db": "dB"}


def to_power(values: np.ndarray, scale: str) -> np.ndarray:
    """Linear power from values on `scale`.

    Average and resample backscatter in power: the mean of decibels is biased low.

    Returns:
        float32, the shape of `values`; NaN where power or amplitude is not positive, since that is
        what border noise removal leaves where there is no signal.

    Raises:
        UnknownNameError: `scale` is not one of `SCALES`.
    """
    values = np.asarray(values, np.float32)
    if scale == "db":
        return np.power(np.float32(10), values / np.float32(10))
    if scale not in SCALES:
        raise UnknownNameError.among("backscatter scale", scale, SCALES)
    positive = np.where(values > 0, values, np.float32(np.nan))
    return positive * positive if scale == "amplitude" else positive


def from_power(power: np.ndarray, scale: str) -> np.ndarray:
    """Values on `scale` from linear power.

    Returns:
        float32, the shape of `power`; NaN where power is not positive.

    Raises:
        UnknownNameError: `scale` is not one of `SCALES`.
    """
    power = np.asarray(power, np.float32)
    power = np.where(power > 0, power, np.float32(np.nan))
    if scale == "db":
        return np.float32(10) * np.log10(power)
    if scale not in SCALES:
        raise UnknownNameError.among("backscatter scale", scale, SCALES)
    return np.sqrt(power) if scale == "amplitude" else power
