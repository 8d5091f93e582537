"""A bundle whose network is calibrated: graphs and contract tell of the calibrated map alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_landslide.bundle.contract import BandDropout, Bare, Calibration, Contract
from keras_landslide.bundle.read import Bundle
from keras_landslide.errors import BundleError
from keras_landslide.evaluation import calibration
from keras_landslide.evaluation.calibration import Temperature

if TYPE_CHECKING:
    from keras_landslide.layers.probability_calibration import ProbabilityCalibration

Fitted = calibration.Calibration


def check_calibratable(bundle: Bundle) -> None:
    """Refuse a bundle that cannot be calibrated, before anything is computed.

    Raises:
        BundleError: its earlier calibration does not tell what the bare network was like, or it
            has no `model.keras` to put a calibration into.
    """
    known = bundle.contract.calibration
    if known is not None and known.bare is None:
        raise BundleError(
            f"{bundle.folder}: its calibration does not tell what it was fitted to; export the "
            "run again"
        )
    if not bundle.keras_model.is_file():
        raise BundleError(
            f"{bundle.folder}: holds no model.keras, which the calibration becomes a part of; "
            "export the run again"
        )


def calibrate_bundle(
    bundle: Bundle, fitted: Fitted, told: Mapping[str, Any], metrics: Mapping[str, Any]
) -> None:
    """Put a calibration into a bundle, in the place of an earlier one or of none.

    It becomes the last layer of `model.keras` and of the SavedModel, whose signature
    `uncalibrated` answers without it. The bundle is replaced as a whole.

    Args:
        bundle: the bundle as it is.
        fitted: the calibration.
        told: as in `calibrated_contract`.
        metrics: as in `calibrated_contract`.

    Raises:
        BundleError: as `check_calibratable`, or its `model.keras` cannot be loaded.
        OutputError: it cannot be written.
    """
    from keras_landslide.bundle.write import require_tensorflow, write_bundle
    from keras_landslide.models.calibrated import calibrated
    from keras_landslide.models.trained import load_network

    check_calibratable(bundle)
    require_tensorflow()
    contract = calibrated_contract(bundle.contract, fitted, told, metrics)
    model = load_network(bundle.keras_model, remedy="export the run again")
    write_bundle(contract, calibrated(model, calibration_layer(fitted)), bundle.folder,
                 keep_others=True)  # fmt: skip


def calibration_layer(fitted: Fitted) -> ProbabilityCalibration:
    """The layer that a calibration becomes."""
    from keras_landslide.layers.probability_calibration import ProbabilityCalibration

    if isinstance(fitted, Temperature):
        return ProbabilityCalibration(fitted.value, name="calibration")
    x, y = fitted.x.tolist(), fitted.y.tolist()
    return ProbabilityCalibration(x=x, y=y, name="calibration")


def as_graph(fitted: Fitted, probability: np.ndarray) -> np.ndarray:
    """Probabilities (N,) as the graph of a calibrated bundle answers them, float32 (N,).

    Those of an isotonic map are the graph's to the bit, which its plateaus need; with a
    temperature, logarithms are rounded otherwise in a graph, by less than 1e-6.
    """
    if isinstance(fitted, Temperature):
        return fitted(probability).astype(np.float32)
    import keras

    values = np.asarray(probability, np.float32)
    return np.asarray(keras.ops.convert_to_numpy(calibration_layer(fitted)(values)), np.float32)


def calibrated_contract(
    contract: Contract, fitted: Fitted, told: Mapping[str, Any], metrics: Mapping[str, Any]
) -> Contract:
    """The contract of a bundle with a calibration in the place of an earlier one or of none.

    What it said of the bare network goes with the calibration, under `bare`.

    Args:
        contract: as it is.
        fitted: the calibration.
        told: `fitted_on`, `tested_on`, `cross_fitted`, `tested`, `threshold` and
            `threshold_rule`, as `calibration.json` has them.
        metrics: scores by split at that threshold.
    """
    known = contract.calibration
    bare = known.bare if known is not None and known.bare is not None else _bare(contract)
    notes = {key: told[key] for key in ("fitted_on", "tested_on", "cross_fitted", "tested")}
    return replace(
        contract,
        calibration=Calibration.of(fitted, in_graph=True, bare=bare, **notes),
        threshold=told["threshold"],
        threshold_rule=told["threshold_rule"],
        metrics=dict(metrics),
        metrics_from="the calibrated map: each pixel once",
        band_dropout=_mapped(bare.band_dropout, fitted),
    )


def _bare(contract: Contract) -> Bare:
    return Bare(
        contract.threshold,
        contract.threshold_rule,
        contract.metrics,
        contract.metrics_from,
        contract.band_dropout,
    )


def _mapped(dropout: BandDropout | None, fitted: Fitted) -> BandDropout | None:
    """Thresholds without a sensor on the calibrated scale."""
    if dropout is None:
        return None
    return replace(
        dropout, thresholds={k: _carried(v, fitted) for k, v in dropout.thresholds.items()}
    )


def _carried(threshold: float, fitted: Fitted) -> float:
    """A threshold on the calibrated scale: it parts the same pixels, up to the ties of a map.

    No pixel becomes landslide that was none: where the calibrated map cannot tell the values on
    both sides of the threshold, as on a plateau of an isotonic map, all of the tie are background.
    Only a tie at 1, above which there is no threshold, is landslide.
    """
    at = np.float32(threshold)
    below, here = as_graph(fitted, np.array([np.nextafter(at, np.float32(-1)), at]))
    # At 0 nothing lies below, and all pixels stay landslide.
    tied = at > 0 and below == here
    return float(min(np.nextafter(here, np.float32(2)), 1) if tied else here)
