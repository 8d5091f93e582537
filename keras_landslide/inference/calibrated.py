"""What a bundle's contract says once its network is calibrated: all of it of the calibrated map."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keras_landslide.errors import BundleError
from keras_landslide.evaluation.calibration_entry import Calibration, calibration_entry
from keras_landslide.inference.bundle import Bundle

_BARE = ("threshold", "threshold_rule", "metrics", "metrics_from", "band_dropout")


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
    contract = dict(bundle.contract)
    known = contract.get("calibration")
    if known is not None and "bare" not in known:
        raise BundleError(
            f"{bundle.folder}: its calibration does not tell what it was fitted to; export the "
            "run again"
        )
    bare = known["bare"] if known else {key: contract[key] for key in _BARE if key in contract}
    entry = {
        **calibration_entry(fitted),
        **{key: told[key] for key in ("fitted_on", "tested_on", "cross_fitted", "tested")},
        "bare": bare,
    }
    return {
        **contract,
        "calibration": entry,
        "threshold": told["threshold"],
        "threshold_rule": told["threshold_rule"],
        "metrics": dict(metrics),
        "metrics_from": "the calibrated map: each pixel once",
        "band_dropout": _mapped(bare.get("band_dropout"), fitted),
    }


def _mapped(dropout: Mapping[str, Any] | None, fitted: Calibration) -> dict[str, Any] | None:
    """Thresholds without a sensor on the calibrated scale: they part the same pixels."""
    if dropout is None:
        return None
    thresholds = {name: float(fitted(value)) for name, value in dropout["thresholds"].items()}
    return {**dropout, "thresholds": thresholds}
