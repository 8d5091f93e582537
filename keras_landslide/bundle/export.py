"""A finished run as a model bundle: the network and the contract that travels with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_landslide import models
from keras_landslide.bands import band_groups
from keras_landslide.bundle.contract import BandDropout, Contract, Normalization
from keras_landslide.bundle.run_files import (
    AGAIN,
    RunData,
    RunMetrics,
    read_run_data,
    read_run_metrics,
    require_finished,
)
from keras_landslide.bundle.write import check_replaceable, require_tensorflow, write_bundle
from keras_landslide.config import RunConfig, load_run_config
from keras_landslide.errors import BundleError
from keras_landslide.files import fingerprint
from keras_landslide.models.analysis.receptive_field import receptive_field
from keras_landslide.models.committee import committee, normalisations
from keras_landslide.models.trained import with_weights
from keras_landslide.version import __version__


def export_bundle(run_folder: str | Path, out: str | Path) -> Path:
    """Write the bundle of a finished run; return `out`.

    The SavedModel takes images of any size: signature `serve`, float32 (B, H, W, C) in raw units,
    NaN where there is no data, H and W multiples of the stride; it returns probabilities, float32
    (B, H, W, 1). A network with dropout has a second signature, `draw`, that leaves it on.
    Normalisation is part of the graph. It loads with plain TensorFlow. `model.keras` beside it is
    the same network for any Keras backend. A run trained on another backend exports as well, since
    weights belong to none.

    Args:
        run_folder: what `train` wrote.
        out: the bundle's folder; an older bundle there is replaced as a whole.

    Raises:
        BundleError: the run is not finished, its files do not belong together, or this process
            runs another Keras backend than TensorFlow.
        OutputError: `out` cannot be written, or holds something else than a bundle.
    """
    folder, out = Path(run_folder), Path(out)
    check_replaceable(out)
    require_tensorflow()
    require_finished(folder)
    config = load_run_config(folder / "config.toml")
    data, told = read_run_data(folder)
    metrics, scored = read_run_metrics(folder)
    model = any_size_model(folder, config, len(data.bands))
    run = config.to_dict()
    for place in ("stack", "patches", "source", "cache"):
        run["data"].pop(place, None)  # where they lay is no part of what was learnt
    digest = fingerprint({"run": run, "data": told, "metrics": scored})
    return write_bundle(_contract(model, config, data, (metrics, scored), digest), model, out)


def any_size_model(run_folder: str | Path, config: RunConfig, channels: int) -> keras.Model:
    """The run's trained network, rebuilt for images of any height and width.

    Raises:
        BundleError: `model.keras` cannot be read or does not belong to the config.
    """
    shape = (None, None, channels)
    model = models.build(config.model.name, shape, **config.model.options)
    if config.is_ensemble:
        rounds = config.data.folds if config.data.fold < 0 < config.data.folds else 1
        others = [
            models.build(config.model.name, shape, **config.model.options)
            for _ in range(rounds * config.ensemble.seeds - 1)
        ]
        model = committee([model, *others], mirrored=config.ensemble.mirrored)
    path = Path(run_folder) / "model.keras"
    return with_weights(model, path, what="is not this run's model", remedy=AGAIN)


def software(trained_with: str) -> dict[str, str]:
    """Versions of what writes a bundle, and the Keras backend that trained."""
    import tensorflow as tf

    return {
        "keras_landslide": __version__,
        "keras": keras.__version__,
        "tensorflow": tf.__version__,
        "trained_with": trained_with,
    }


def _contract(
    model: keras.Model,
    config: RunConfig,
    data: RunData,
    told: tuple[RunMetrics, Mapping[str, Any]],
    digest: str,
) -> Contract:
    metrics, scored = told
    if data.pixel_size_m is None:
        raise BundleError(
            "this run learnt from chips of unknown pixel size, which a bundle has to tell; give it "
            "in the source, options = { pixel_size_m = 3.0 }, and train again"
        )
    # Members see as far as one of them; what is mirrored is mirrored back.
    member = model
    if config.is_ensemble:
        member = models.build(config.model.name, model.input_shape[1:], **config.model.options)
    field = receptive_field(member)
    layers = list(normalisations(model))
    mean, std = (
        # Each member has its own, from its own patches; the mean is for people.
        tuple(np.mean([_array(getattr(layer, name)) for layer in layers], axis=0).tolist())
        for name in ("mean", "std")
    )
    names = ("train", "val", "test", "cross_validation")
    scores = {name: scored.get(name) for name in names}
    return Contract(
        name=f"{config.model.name}-{config.data.image_model.replace(',', '+')}",
        simulated=data.simulated,
        bands=data.bands,
        pixel_size_m=data.pixel_size_m,
        patch_size_px=data.patch_size_px,
        stride_px=field.stride_px,
        halo_px=field.halo_px,
        bounded=field.bounded,
        threshold=metrics.threshold,
        threshold_rule=metrics.threshold_rule,
        band_dropout=_band_dropout(config, metrics),
        training_area=data.training_area,
        band_ranges=data.band_ranges,
        normalization=Normalization(mean, std),
        metrics={split: each for split, each in scores.items() if each is not None},
        metrics_from="patches: a pixel counts once for each patch that shows it",
        model={"name": config.model.name, "options": config.model.options},
        versions=software(metrics.backend),
        fingerprint=digest,
    )


def _array(variable: Any) -> np.ndarray:
    return keras.ops.convert_to_numpy(variable)


def _band_dropout(config: RunConfig, metrics: RunMetrics) -> BandDropout | None:
    """What the network learnt to do without, and the threshold for each case."""
    if not config.training.band_dropout:
        return None
    thresholds = {name: case.threshold for name, case in metrics.without.items()}
    groups = band_groups(config.band_names)
    return BandDropout(config.training.band_dropout, groups, thresholds)
