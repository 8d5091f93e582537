"""What a bundle's contract says once its network is calibrated: all of it of the calibrated map."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from keras_landslide.bundle.contract import Bundle
from keras_landslide.errors import BundleError
from keras_landslide.evaluation.calibration_entry import Calibration, calibration_entry

_BARE = ("threshold", "threshold_rule", "metrics", "metrics_from", "band_dropout")


def bare_entries(bundle: Bundle) -> dict[str, Any]:
    """What the contract says of the network without any calibration.

    Raises:
        BundleError: a calibration is there that does not tell what the bare network was like.
    """
    known = bundle.contract.get("calibration")
    if known is None:
        return {key: bundle.contract[key] for key in _BARE if key in bundle.contract}
    if "bare" not in known:
        raise BundleError(
            f"{bundle.folder}: its calibration does not tell what it was fitted to; export the "
            "run again"
        )
    return dict(known["bare"])


def calibrated_contract(
    bundle: Bundle, fitted: Calibration, told: Mapping[str, Any], metrics: Mapping[str, Any]
) -> dict[str, Any]:
    """The contract of a bundle with a calibration in the place of an earlier one or of none.

    What it said of the bare network goes with the calibration, under `bare`.

    Args:
        bundle: the bundle as it is.
        fitted: the calibration.
        told: `fitted_on`, `tested_on`, `cross_fitted`, `tested`, `threshold` and
            `threshold_rule`, as `calibration.json` has them.
        metrics: scores by split at that threshold.

    Raises:
        BundleError: a calibration is there that does not tell what the bare network was like.
    """
    bare = bare_entries(bundle)
    entry = {
        **calibration_entry(fitted),
        **{key: told[key] for key in ("fitted_on", "tested_on", "cross_fitted", "tested")},
        "bare": bare,
    }
    return {
        **bundle.contract,
        "calibration": entry,
        "threshold": told["threshold"],
        "threshold_rule": told["threshold_rule"],
        "metrics": dict(metrics),
        "metrics_from": "the calibrated map: each pixel once",
        "band_dropout": _mapped(bare.get("band_dropout"), fitted),
    }


def _mapped(dropout: Mapping[str, Any] | None, fitted: Calibration) -> dict[str, Any] | None:
    """Thresholds without a sensor on the calibrated scale."""
    if dropout is None:
        return None
    thresholds = dropout.get("thresholds", {})
    return {**dropout, "thresholds": {k: _carried(v, fitted) for k, v in thresholds.items()}}


def _carried(threshold: float, fitted: Calibration) -> float:
    """A threshold on the calibrated scale: it parts the same pixels, up to the ties of a map.

    No pixel becomes landslide that was none: where the calibrated map cannot tell the values on
    both sides of the threshold, as on a plateau of an isotonic map, all of the tie are background.
    Only a tie at 1, above which there is no threshold, is landslide.
    """
    at = np.float32(threshold)
    below, here = fitted(np.array([np.nextafter(at, np.float32(-1)), at])).astype(np.float32)
    # At 0 nothing lies below, and all pixels stay landslide.
    tied = at > 0 and below == here
    return float(min(np.nextafter(here, np.float32(2)), 1) if tied else here)
