"""A calibration as the entry `calibration` of `bundle.json`, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from keras_landslide.errors import BundleError
from keras_landslide.evaluation.calibration import Isotonic, Temperature

Calibration = Temperature | Isotonic
METHODS = ("temperature", "isotonic")


def calibration_entry(fitted: Calibration) -> dict[str, Any]:
    """The numbers of a calibration, ready for JSON."""
    if isinstance(fitted, Temperature):
        return {"method": "temperature", "temperature": fitted.value}
    return {"method": "isotonic", "x": fitted.x.tolist(), "y": fitted.y.tolist()}


def read_calibration(entry: Any, where: object) -> Calibration | None:
    """The map of probabilities that an entry stands for.

    Args:
        entry: of `bundle.json`; None is no calibration.
        where: file that messages name.

    Returns:
        A function of probabilities of any shape, that keeps their order; None without.

    Raises:
        BundleError: the method is unknown, or its numbers make no rising map of [0, 1].
    """
    if entry is None:
        return None
    method = entry
    if isinstance(entry, Mapping):
        method = entry.get("method")
        if method == "temperature":
            return Temperature(_temperature(entry, where))
        if method == "isotonic":
            return _isotonic(entry, where)
    raise BundleError(
        f"{where}: unknown calibration {method!r}, this version knows {', '.join(METHODS)}; "
        "calibrate the bundle again"
    )


def _temperature(entry: Mapping[str, Any], where: object) -> float:
    value = entry.get("temperature")
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < np.inf:
        raise BundleError(
            f"{where}: calibration temperature {value!r} should be a number above 0; calibrate "
            "the bundle again"
        )
    return float(value)


def _isotonic(entry: Mapping[str, Any], where: object) -> Isotonic:
    try:
        x, y = (np.asarray(entry.get(key), np.float64) for key in ("x", "y"))
    except (TypeError, ValueError) as error:
        raise BundleError(f"{where}: the isotonic calibration holds no numbers") from error
    inside = all(a.ndim == 1 and ((a >= 0) & (a <= 1)).all() for a in (x, y))
    if not inside or x.shape != y.shape or not x.size or (np.diff(x) <= 0).any() or _falls(y):
        raise BundleError(
            f"{where}: the isotonic calibration is no rising map of [0, 1]; calibrate the bundle "
            "again"
        )
    return Isotonic(x, y)


def _falls(y: np.ndarray) -> bool:
    return bool((np.diff(y) < 0).any())
