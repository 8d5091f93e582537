"""The network of ResU-Net-OBIA as the MsASNet paper compares with it.

Paper: N. Zhou et al., Remote Sensing 16, 2024, 1712, Tables 1 and 4, after O. Ghorbanzadeh et al.
2022, who use the network of Z. Zhang, Q. Liu and Y. Wang, "Road Extraction by Deep Residual U-Net",
IEEE Geoscience and Remote Sensing Letters 15, 2018, doi:10.1109/LGRS.2018.2802944.

Input: (B, H, W, C) raw bands, H and W multiples of 8. Output: (B, H, W, 1) landslide probability.

Pre-activated residual units y = Conv3(ReLU(BN(Conv3(ReLU(BN(x)))))) + Conv1(x) of 64 (the first
without the leading BN-ReLU), 128, 256 and, as bridge, 512 filters, with stride 2 from the second on
in place of pooling; in the decoder nearest up-sampling, the skip and a unit of 256, 128 and 64
filters. These are the 15 convolutions of Table 1, 1 x 1 shortcuts not counted.

This is the network alone. The four object rules that Ghorbanzadeh et al. apply to its map could not
be had; rules on objects are post-processing of the probability map, not layers.

Trainable parameters with 3 bands and 64 filters: 8,220,993. The paper reports 7.8757 M (7.79 M
without the shortcuts' convolutions) and 14 times the operations, which no input of 256 px gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from keras_landslide.layers.head import probability_head
from keras_landslide.layers.strided_pointwise import StridedPointwise
from keras_landslide.models.checks import check_head, check_range
from keras_landslide.models.image import normalised_image


def res_unet_obia(
    image_shape: Sequence[int | None],
    *,
    filters: int = 64,
    dropout: float = 0.0,
    activation: str = "sigmoid",
) -> keras.Model:
    """Build the network.

    Args:
        image_shape: (height, width, channels); height and width may be None, or multiples of 8.
        filters: of the first level, 64 in the paper; each further level doubles them.
        dropout: rate of dropout after the bridge, 0 in the paper.
        activation: of the head, `sigmoid` or `softmax`.

    Returns:
        A functional model whose first layer is `BandNormalization` and whose output is float32
        under every precision policy.

    Raises:
        ModelError: an option is out of range, or the size is no multiple of the stride.
    """
    check_range("filters", filters, 1, whole=True)
    check_head(dropout, activation)

    image, x = normalised_image(image_shape, stride=8)
    skips = [_unit(x, filters, first=True, name="encoder1")]
    for level in (2, 3):
        x = _unit(skips[-1], filters * 2 ** (level - 1), strides=2, name=f"encoder{level}")
        skips.append(x)
    x = _unit(skips[-1], 8 * filters, strides=2, name="bridge")
    if dropout:
        x = layers.Dropout(dropout, name="bridge_dropout")(x)
    for level, skip in reversed(list(enumerate(skips, start=1))):
        x = layers.UpSampling2D(2, interpolation="nearest", name=f"decoder{level}_up")(x)
        x = layers.Concatenate(name=f"decoder{level}_skip")([skip, x])
        x = _unit(x, skip.shape[-1], name=f"decoder{level}")
    return keras.Model(image, probability_head(x, activation=activation), name="res_unet_obia")


def _unit(x: Any, filters: int, *, strides: int = 1, first: bool = False, name: str) -> Any:
    y = x if first else _activated(x, f"{name}_conv1")
    y = layers.Conv2D(filters, 3, strides=strides, padding="same", name=f"{name}_conv1")(y)
    y = _activated(y, f"{name}_conv2")
    y = layers.Conv2D(filters, 3, padding="same", name=f"{name}_conv2")(y)
    pointwise = layers.Conv2D if strides == 1 else StridedPointwise
    x = pointwise(filters, 1, strides=strides, padding="same", name=f"{name}_shortcut")(x)
    return layers.Add(name=f"{name}_add")([y, x])


def _activated(x: Any, name: str) -> Any:
    x = layers.BatchNormalization(name=f"{name}_bn")(x)
    return layers.ReLU(name=f"{name}_relu")(x)
