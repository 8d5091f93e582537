"""The one writer of bundles: network and contract together, in the place of an older bundle."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import keras

from keras_landslide.bundle.contract import Contract, contract_of
from keras_landslide.errors import BundleError, OutputError
from keras_landslide.files import output_errors, replacing, write_json
from keras_landslide.models.calibrated import uncalibrated
from keras_landslide.models.dropout_draws import dropout_draws

OWN = ("saved_model", "model.keras", "bundle.json")


def write_bundle(
    contract: Contract, model: keras.Model, out: str | Path, *, keep_others: bool = False
) -> Path:
    """Write a bundle; it appears as a whole, or what was there stays.

    Args:
        contract: what `bundle.json` tells.
        model: takes images of any size; its last layer is the calibration, if there is one.
        out: the bundle's folder.
        keep_others: whether other files in the folder of an older bundle stay.

    Raises:
        BundleError: the contract breaks one of its own rules, or this process runs another Keras
            backend than TensorFlow.
        OutputError: `out` cannot be written, or holds something else than a bundle.
    """
    out = Path(out)
    check_replaceable(out)
    require_tensorflow()
    values = contract.to_dict()
    contract_of(values, out / "bundle.json")
    with replacing(out) as part:
        part.mkdir()
        if keep_others:
            _copy_others(out, part)
        write_network(model, part, out)
        write_json(part / "bundle.json", values)
    return out


def require_tensorflow() -> None:
    """Refuse another Keras backend, which writes no SavedModel.

    Raises:
        BundleError: saying what to do.
    """
    if keras.backend.backend() != "tensorflow":
        raise BundleError(
            f"a SavedModel is written by the TensorFlow backend, not {keras.backend.backend()}; "
            "run the same command with KERAS_BACKEND=tensorflow"
        )


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
    """Write a SavedModel with the signature `serve`, and others where there is something to them.

    A network with dropout has `draw`, which takes `images` and a `seed`, int32 (2,), and leaves
    dropout on (`models.dropout_draws`). A calibrated one has `uncalibrated`, which answers as if it
    were not.

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
        if (bare := uncalibrated(model)) is not model:
            plain = partial(bare, training=False)
            archive.add_endpoint("uncalibrated", plain, input_signature=[images])
        archive.write_out(path, verbose=False)
    except tf.errors.OpError as error:
        # TensorFlow writes through its own file system layer, with its own errors.
        reason = str(error.message).rsplit(";", 1)[-1].strip()
        raise OutputError(
            f"{out}: cannot be written ({reason}); free some space or choose another folder"
        ) from error
    finally:
        logger.setLevel(level)


def _copy_others(old: Path, part: Path) -> None:
    """Copy what else the user keeps in the folder of the older bundle."""
    for path in old.iterdir() if old.is_dir() else ():
        if path.name in OWN:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.copytree(path, part / path.name, symlinks=True)
        else:
            shutil.copy2(path, part / path.name, follow_symlinks=False)
