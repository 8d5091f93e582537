"""What every network begins with: an image of a size that it can take, its bands normalised."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from keras_landslide.layers import BandNormalization
from keras_landslide.models.checks import check_image_shape


def normalised_image(image_shape: Sequence[int | None], *, stride: int) -> tuple[Any, Any]:
    """The input of a network and its normalised bands.

    Args:
        image_shape: (height, width, channels); height and width may be None, or multiples of
            `stride`.
        stride: total stride of the network, in pixels.

    Returns:
        The input (B, H, W, C) of raw bands, and the same after `BandNormalization`.

    Raises:
        ModelError: the size is no multiple of the stride.
    """
    check_image_shape(image_shape, stride)
    image = keras.Input(tuple(image_shape), name="image")
    return image, BandNormalization(name="normalise")(image)
