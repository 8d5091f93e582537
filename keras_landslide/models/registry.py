"""The shelf of networks."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import keras

from keras_landslide.errors import ModelError, UnknownNameError
from keras_landslide.models.deeplab import deeplabv3plus_mobilenetv2, deeplabv3plus_resnet50
from keras_landslide.models.drs_unet import drs_unet
from keras_landslide.models.fcn import fcn
from keras_landslide.models.lacnn import MODELS as LACNN
from keras_landslide.models.ldlaim import ldlaim
from keras_landslide.models.msasnet import msasnet
from keras_landslide.models.msasnet_ablation import unet_ca, unet_cbam, unet_msasnet, unet_psp
from keras_landslide.models.mu_net import MODELS as MU_NET
from keras_landslide.models.pixelwise import MODELS as PIXELWISE
from keras_landslide.models.pspnet import pspnet
from keras_landslide.models.res_unet_obia import res_unet_obia
from keras_landslide.models.scdnn import scdnn
from keras_landslide.models.segnet import segnet
from keras_landslide.models.sssn import sssn
from keras_landslide.models.unet_colombia import unet_colombia

MODELS: dict[str, Callable[..., keras.Model]] = {
    "unet_colombia": unet_colombia,
    "scdnn": scdnn,
    "sssn": sssn,
    "segnet": segnet,
    "deeplabv3plus_resnet50": deeplabv3plus_resnet50,
    "deeplabv3plus_mobilenetv2": deeplabv3plus_mobilenetv2,
    **MU_NET,
    **PIXELWISE,
    **LACNN,
    "msasnet": msasnet,
    "unet_msasnet": unet_msasnet,
    "unet_ca": unet_ca,
    "unet_cbam": unet_cbam,
    "unet_psp": unet_psp,
    "fcn": fcn,
    "pspnet": pspnet,
    "ldlaim": ldlaim,
    "res_unet_obia": res_unet_obia,
    "drs_unet": drs_unet,
}


def get(name: str) -> Callable[..., keras.Model]:
    """The function that builds the network of that name.

    Raises:
        UnknownNameError: listing the choices.
    """
    if name not in MODELS:
        raise UnknownNameError.among("model", name, MODELS)
    return MODELS[name]


def options(name: str) -> dict[str, Any]:
    """The keyword options of a network and their defaults.

    Raises:
        UnknownNameError: listing the networks.
    """
    parameters = inspect.signature(get(name)).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}


def build(name: str, image_shape: Sequence[int | None], **chosen: Any) -> keras.Model:
    """Build a network.

    Args:
        name: key of `MODELS`.
        image_shape: (height, width, channels); height and width may be None.
        **chosen: options of the network, see `options(name)`.

    Raises:
        UnknownNameError: the network is unknown.
        ModelError: an option is unknown or out of range, or the size does not fit.
    """
    check_options(name, chosen)
    return get(name)(tuple(image_shape), **chosen)


def check_options(name: str, chosen: Iterable[str]) -> None:
    """Refuse options that the network does not have.

    Raises:
        UnknownNameError: the network is unknown.
        ModelError: naming the option and the choices.
    """
    known = options(name)
    for option in chosen:
        if option not in known:
            choices = f"choose from: {', '.join(known)}" if known else "it has none"
            raise ModelError(f"model '{name}' has no option '{option}'; {choices}")
