"""Do probabilities mean what they say? Reliability, ECE, and two ways to put it right.

Guo et al. 2017 (arXiv:1706.04599): temperature scaling and the expected calibration error;
Zadrozny and Elkan 2002 (doi:10.1145/775047.775151): isotonic regression. Both are fitted on
validation pixels, and they keep the order of probabilities (isotonic up to ties).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import expit, logit

from keras_landslide.errors import NodataError
from keras_landslide.evaluation.distribution import Distribution

BINS = 15
_LEAST = 1e-7


class Reliability(NamedTuple):
    """Bins of equal width over [0, 1]; NaN where a bin is empty.

    Attributes:
        said: mean probability of the bin's pixels, float64 (B,).
        so: share of landslide among them, float64 (B,).
        pixels: how many, int64 (B,).
    """

    said: np.ndarray
    so: np.ndarray
    pixels: np.ndarray


def reliability(seen: Distribution, bins: int = BINS) -> Reliability:
    """The reliability diagram: the last bin holds 1 itself."""
    values = seen.values.astype(np.float64)
    place = np.minimum((values * bins).astype(int), bins - 1)
    each = seen.positive + seen.negative
    pixels = np.bincount(place, each, bins)
    with np.errstate(invalid="ignore"):
        said = np.bincount(place, values * each, bins) / pixels
        so = np.bincount(place, seen.positive, bins) / pixels
    return Reliability(said, so, pixels.astype(np.int64))


def ece(seen: Distribution, bins: int = BINS) -> float | None:
    """Expected calibration error: mean over pixels of |said - so| of their bin; None without."""
    if not seen.total:
        return None
    said, so, pixels = reliability(seen, bins)
    used = pixels > 0
    return float(np.abs(said - so)[used] @ pixels[used] / seen.total)


class Temperature(NamedTuple):
    """Logits divided by `value`: above 1 the network was too sure of itself."""

    value: float

    def __call__(self, probability: np.ndarray) -> np.ndarray:
        """Calibrated probabilities, float64, of the same shape."""
        p = np.clip(np.asarray(probability, np.float64), _LEAST, 1 - _LEAST)
        return expit(logit(p) / self.value)


def fit_temperature(seen: Distribution) -> Temperature:
    """The temperature with the least NLL on `seen` (validation).

    Raises:
        NodataError: `seen` lacks a class.
    """
    _both_classes(seen, "temperature")

    def loss(log_value: float) -> float:
        p = Temperature(float(np.exp(log_value)))(seen.values)
        p = np.clip(p, _LEAST, 1 - _LEAST)
        return -float(seen.positive @ np.log(p) + seen.negative @ np.log1p(-p))

    found = minimize_scalar(loss, bounds=(-4, 4), method="bounded", options={"xatol": 1e-6})
    return Temperature(float(np.exp(found.x)))


class Isotonic(NamedTuple):
    """A rising piecewise linear map of probabilities.

    Attributes:
        x: probabilities as predicted, ascending, float64 (K,).
        y: calibrated probabilities, not descending, float64 (K,).
    """

    x: np.ndarray
    y: np.ndarray

    def __call__(self, probability: np.ndarray) -> np.ndarray:
        """Calibrated probabilities, float64, of the same shape; flat beyond both ends."""
        return np.interp(np.asarray(probability, np.float64), self.x, self.y)


Calibration = Temperature | Isotonic
"""A map of probabilities of any shape that keeps their order."""


def fit_isotonic(seen: Distribution) -> Isotonic:
    """Isotonic regression of landslide on probability over `seen` (validation).

    Raises:
        NodataError: `seen` lacks a class.
    """
    from sklearn.isotonic import IsotonicRegression

    _both_classes(seen, "isotonic map")
    each = seen.positive + seen.negative
    model = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
    model.fit(seen.values.astype(np.float64), seen.positive / each, sample_weight=each)
    return Isotonic(model.X_thresholds_.astype(float), model.y_thresholds_.astype(float))


def _both_classes(seen: Distribution, what: str) -> None:
    if not seen.positives or not seen.negatives:
        raise NodataError(
            f"no {what} can be fitted: the validation pixels hold "
            f"{seen.positives} landslide and {seen.negatives} background pixels, both are needed"
        )
