"""Atrous spatial pyramids: parallel dilated convolutions, as functions on Keras tensors.

Source: L.-C. Chen, Y. Zhu, G. Papandreou, F. Schroff and H. Adam, "Encoder-Decoder with Atrous
Separable Convolution for Semantic Image Segmentation", ECCV 2018, section 3.1 (ASPP). With
CBR(k, c, d) a convolution of dilation d, batch normalisation and ReLU:

    ASPP(x) = CBR(1, c)([CBR(1, c)(x), CBR(3, c, d1)(x), CBR(3, c, d2)(x), ..., p])
    p = CBR(1, c)(mean of x over the image)

Without p this is the ASPC of Li et al. 2024, equations 9 to 13.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras import layers

from keras_landslide.layers.convolution import conv_bn_relu


def atrous_pyramid(
    x: Any,
    filters: int = 256,
    *,
    rates: Sequence[int] = (6, 12, 18),
    image_pooling: bool = False,
    separable: bool = False,
    name: str = "aspp",
) -> Any:
    """ASPP, or with the defaults ASPC, and its 1 x 1 projection.

    Args:
        x: (B, H, W, C) features.
        filters: of each branch and of the projection.
        rates: dilations of the 3 x 3 branches.
        image_pooling: add the branch p; each pixel then depends on the whole image. Its batch
            normalisation sees one value per image: in training with batches of one image the
            branch says nothing of the image.
        separable: depthwise separable 3 x 3 convolutions.
        name: prefix of the layer names.

    Returns:
        (B, H, W, filters).
    """
    convolve = separable_bn_relu if separable else conv_bn_relu
    branches = [conv_bn_relu(x, filters, 1, name=f"{name}_1x1")]
    branches += [
        convolve(x, filters, dilation=rate, name=f"{name}_rate{rate}_{index}")
        for index, rate in enumerate(rates, 1)
    ]
    joined = layers.Concatenate(name=f"{name}_join")(branches)
    if not image_pooling:
        return conv_bn_relu(joined, filters, 1, name=f"{name}_project")
    pooled = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_pool")(x)
    pooled = conv_bn_relu(pooled, filters, 1, name=f"{name}_pool_conv")
    # A 1 x 1 convolution of a concatenation is the sum of those of its parts; the sum spreads the
    # one pixel of p over the image, whose size is not known here.
    parts = [
        layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_project")(joined),
        layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_project_pool")(pooled),
    ]
    x = layers.Add(name=f"{name}_project_add")(parts)
    x = layers.BatchNormalization(name=f"{name}_project_bn")(x)
    return layers.ReLU(name=f"{name}_project_relu")(x)


def separable_bn_relu(x: Any, filters: int, *, dilation: int = 1, name: str) -> Any:
    """Depthwise 3 x 3 and pointwise convolution ("same", no bias), batch normalisation, ReLU."""
    x = layers.SeparableConv2D(
        filters, 3, dilation_rate=dilation, padding="same", use_bias=False, name=name
    )(x)
    x = layers.BatchNormalization(name=f"{name}_bn")(x)
    return layers.ReLU(name=f"{name}_relu")(x)
