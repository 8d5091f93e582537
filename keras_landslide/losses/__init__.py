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
from keras_landslide.losses.masking import MaskedLoss
from keras_landslide.losses.tversky import FocalTverskyLoss, TverskyLoss

LOSSES: dict[str, type[MaskedLoss]] = {
    loss.key: loss
    for loss in (
        DiceLoss,
        BinaryCrossentropyLoss,
        BceDiceLoss,
        WeightedBinaryCrossentropyLoss,
        FocalLoss,
        TverskyLoss,
        FocalTverskyLoss,
        LovaszLoss,
    )
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
