"""Trained networks as they lie on the disk: the one place that loads their weights."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zipfile import BadZipFile

import keras

import keras_landslide.layers.centre_distance
import keras_landslide.models.registry  # noqa: F401  the layers that a file may be made of
from keras_landslide.errors import BundleError
from keras_landslide.models.calibrated import uncalibrated

CANNOT_LOAD = "cannot be loaded"
AGAIN = "train again"


def load_network(path: str | Path, *, what: str = CANNOT_LOAD, remedy: str = AGAIN) -> keras.Model:
    """The network of a `model.keras`, not compiled; nothing in the file is executed.

    Args:
        path: the file.
        what: what is wrong where it cannot be loaded, for the message.
        remedy: what to do then.

    Raises:
        BundleError: the file is missing, damaged, or no network of ours.
    """
    with _one_line(path, what, remedy):
        return keras.saving.load_model(path, compile=False, safe_mode=True)


def with_weights(
    model: keras.Model, path: str | Path, *, what: str = CANNOT_LOAD, remedy: str = AGAIN
) -> keras.Model:
    """`model` with the weights of a trained twin, which may have been built for another size.

    Args:
        model: freshly built with the same options.
        path: `model.keras` of the twin.
        what: as in `load_network`.
        remedy: as in `load_network`.

    Raises:
        BundleError: the file cannot be read, or holds another network.
    """
    trained = load_network(path, what=what, remedy=remedy)
    with _one_line(path, what, remedy):
        model.set_weights(uncalibrated(trained).get_weights())
    return model


@contextmanager
def _one_line(path: str | Path, what: str, remedy: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, TypeError, KeyError, BadZipFile, zlib.error) as error:
        reason = str(error).strip().partition("\n")[0]
        raise BundleError(f"{path}: {what} ({reason}); {remedy}") from error
