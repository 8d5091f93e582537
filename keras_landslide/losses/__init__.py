"""Losses that leave unlabelled pixels out; one shelf, `LOSSES`."""

from __future__ import annotations

import keras

from keras_landslide.errors import UnknownNameError
from keras_landslide.losses.crossentropy import (
    BinaryCrossentropyLoss,
    WeightedBinaryCrossentropyLoss,
)
from keras_landslide.losses.dice import BceDiceLoss, DiceLoss
from keras_landslide.losses.focal import FocalLoss
from keras_landslide.losses.lovasz import LovaszLoss
from keras_landslide.losses.tversky import FocalTverskyLoss, TverskyLoss

LOSSES: dict[str, type[keras.losses.Loss]] = {
    "dice": DiceLoss,
    "bce": BinaryCrossentropyLoss,
    "bce_dice": BceDiceLoss,
    "weighted_bce": WeightedBinaryCrossentropyLoss,
    "focal": FocalLoss,
    "tversky": TverskyLoss,
    "focal_tversky": FocalTverskyLoss,
    "lovasz": LovaszLoss,
}


def get(name: str) -> keras.losses.Loss:
    """The loss of that name, with its defaults.

    Raises:
        UnknownNameError: listing the choices.
    """
    if name not in LOSSES:
        raise UnknownNameError.among("loss", name, LOSSES)
    return LOSSES[name]()


__all__ = [
    "LOSSES",
    "BceDiceLoss",
    "BinaryCrossentropyLoss",
    "DiceLoss",
    "FocalLoss",
    "FocalTverskyLoss",
    "LovaszLoss",
    "TverskyLoss",
    "WeightedBinaryCrossentropyLoss",
    "get",
]
