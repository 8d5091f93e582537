"""A finished run as a model bundle: the network and the contract that travels with it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import keras

from keras_landslide import models
from keras_landslide.band_groups import band_groups
from keras_landslide.config import RunConfig, load_run_config
from keras_landslide.errors import BundleError, OutputError
from keras_landslide.files import fingerprint, output_errors, replacing, write_json
from keras_landslide.layers import BandNormalization
from keras_landslide.models.analysis.receptive_field import receptive_field
from keras_landslide.models.dropout_draws import dropout_draws
from keras_landslide.version import BUNDLE_FORMAT, __version__

RUN_FILES = ("config.toml", "data.json", "metrics.json", "model.keras")
DATA_ENTRIES = ("simulated", "bands", "pixel_size_m", "patch_size_px", "training_area",
                "band_ranges")  # fmt: skip
METRICS_ENTRIES = ("threshold", "threshold_rule", "backend")


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
    if keras.backend.backend() != "tensorflow":
        raise BundleError(
            f"a SavedModel is written by the TensorFlow backend, not {keras.backend.backend()}; "
            "run the same command with KERAS_BACKEND=tensorflow"
        )
    missing = [name for name in RUN_FILES if not (folder / name).is_file()]
    if missing:
        raise BundleError(
            f"{folder}: is not a finished run, {', '.join(missing)} is missing; "
            "run `keras-landslide train` to its end first"
        )
    config = load_run_config(folder / "config.toml")
    data = _read_json(folder / "data.json", DATA_ENTRIES)
    metrics = _read_json(folder / "metrics.json", METRICS_ENTRIES)
    model = any_size_model(folder, config, len(data["bands"]))
    contract = _contract(model, config, data, metrics)
    with replacing(out) as part:
        part.mkdir()
        write_network(model, part, out)
        write_json(part / "bundle.json", contract)
    return out


def check_replaceable(out: Path) -> None:
    """Only an older bundle may go: a run, or any other folder of the user's, would be lost.

    Raises:
        OutputError: `out` holds something else.
    """
    with output_errors(out):
        if out.is_dir() and any(out.iterdir()) and not (out / "bundle.json").is_file():
            raise OutputError(
                f"{out}: exists and holds no bundle, and would be replaced as a whole; choose "
                "another output folder"
            )


def write_network(model: keras.Model, folder: Path, out: Path) -> None:
    """Write a bundle's network: `saved_model/`, and `model.keras` for other backends.

    Args:
        model: takes images of any size.
        folder: the bundle in the making.
        out: the output as the user knows it, for the message.

    Raises:
        OutputError: it cannot be written.
    """
    write_saved_model(model, folder / "saved_model", out)
    with output_errors(out):
        model.save(folder / "model.keras")


def write_saved_model(model: keras.Model, path: Path, out: Path) -> None:
    """Write a SavedModel with the signature `serve`, and `draw` if the network has dropout.

    `draw` takes `images` and a `seed`, int32 (2,), and leaves dropout on
    (`models.dropout_draws`).

    Args:
        model: takes images of any size.
        path: folder to write.
        out: the output as the user knows it, for the message.

    Raises:
        OutputError: it cannot be written.
    """
    import tensorflow as tf

    images = tf.TensorSpec(model.input_shape, tf.float32, name="images")
    seed = tf.TensorSpec((2,), tf.int32, name="seed")
    logger = tf.get_logger()
    level = logger.level
    logger.setLevel("WARNING")  # in a notebook it names the temporary folder on the screen
    try:
        archive = keras.export.ExportArchive()
        archive.track(model)
        archive.add_endpoint("serve", partial(model, training=False), input_signature=[images])
        if draw := dropout_draws(model):
            archive.add_endpoint("draw", draw, input_signature=[images, seed])
        archive.write_out(path, verbose=False)
    except tf.errors.OpError as error:
        # TensorFlow writes through its own file system layer, with its own errors.
        reason = str(error.message).rsplit(";", 1)[-1].strip()
        raise OutputError(
            f"{out}: cannot be written ({reason}); free some space or choose another folder"
        ) from error
    finally:
        logger.setLevel(level)


def any_size_model(run_folder: str | Path, config: RunConfig, channels: int) -> keras.Model:
    """The run's trained network, rebuilt for images of any height and width.

    Raises:
        BundleError: `model.keras` cannot be read or does not belong to the config.
    """
    path = Path(run_folder) / "model.keras"
    model = models.build(config.model.name, (None, None, channels), **config.model.options)
    try:
        trained = keras.models.load_model(path, compile=False, safe_mode=True)
        model.set_weights(trained.get_weights())
    except (OSError, ValueError, TypeError, KeyError) as error:
        reason = str(error).splitlines()[0]
        raise BundleError(f"{path}: is not this run's model ({reason}); train again") from error
    return model


def _contract(
    model: keras.Model, config: RunConfig, data: dict[str, Any], metrics: dict[str, Any]
) -> dict[str, Any]:
    import tensorflow as tf

    field = receptive_field(model)
    run = config.to_dict()
    for place in ("stack", "patches"):  # where they lay is no part of what was learnt
        del run["data"][place]
    normalisation = next(layer for layer in model.layers if isinstance(layer, BandNormalization))
    values = {name: keras.ops.convert_to_numpy(getattr(normalisation, name)) for name in _STATS}
    scored = {split: metrics[split] for split in ("train", "val", "test") if split in metrics}
    return {
        "format": BUNDLE_FORMAT,
        "name": f"{config.model.name}-{config.data.image_model.replace(',', '+')}",
        "simulated": data["simulated"],
        "bands": data["bands"],
        "pixel_size_m": data["pixel_size_m"],
        "patch_size_px": data["patch_size_px"],
        "stride_px": field.stride_px,
        "halo_px": field.halo_px,
        "bounded": field.bounded,
        "threshold": metrics["threshold"],
        "threshold_rule": metrics["threshold_rule"],
        "calibration": None,
        "band_dropout": _band_dropout(config, metrics),
        "training_area": data["training_area"],
        "band_ranges": data["band_ranges"],
        "normalization": {name: value.tolist() for name, value in values.items()},
        "metrics": scored,
        "metrics_from": "patches: a pixel counts once for each patch that shows it",
        "model": {"name": config.model.name, "options": config.model.options},
        "versions": {
            "keras_landslide": __version__,
            "keras": keras.__version__,
            "tensorflow": tf.__version__,
            "trained_with": metrics["backend"],
        },
        "fingerprint": fingerprint({"run": run, "data": data, "metrics": metrics}),
    }


_STATS = ("mean", "std")


def _band_dropout(config: RunConfig, metrics: dict[str, Any]) -> dict[str, Any] | None:
    """What the network learnt to do without, and the threshold for each case."""
    rate, without = config.training.band_dropout, metrics.get("without", {})
    thresholds = {name: case["threshold"] for name, case in without.items()}
    groups = band_groups(config.band_names)
    return {"rate": rate, "groups": groups, "thresholds": thresholds} if rate else None


def _read_json(path: Path, wanted: Sequence[str]) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BundleError(f"{path}: is not valid JSON ({error}); train again") from error
    lacking = [key for key in wanted if not isinstance(values, dict) or key not in values]
    if lacking:
        raise BundleError(f"{path}: has no entry {', '.join(lacking)}; train again")
    return values
