"""Losses that leave unlabelled pixels out; one shelf, `LOSSES`."""

from __future__ import annotations

import keras

from keras_landslide.errors import UnknownNameError
from keras_landslide.losses.crossentropy import BinaryCrossentropyLoss
from keras_landslide.losses.dice import BceDiceLoss, DiceLoss

LOSSES: dict[str, type[keras.losses.Loss]] = {
    "dice": DiceLoss,
    "bce": BinaryCrossentropyLoss,
    "bce_dice": BceDiceLoss,
}


def get(name: str) -> keras.losses.Loss:
    """The loss of that name, with its defaults.

    Raises:
        UnknownNameError: listing the choices.
    """
    if name not in LOSSES:
        raise UnknownNameError.among("loss", name, LOSSES)
    return LOSSES[name]()


__all__ = ["LOSSES", "BceDiceLoss", "BinaryCrossentropyLoss", "DiceLoss", "get"]
