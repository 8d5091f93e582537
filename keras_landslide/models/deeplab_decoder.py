"""The decoder of DeepLab v3+, which SCDnn shares.

Source: Chen et al. 2018 (see `layers/atrous_pyramid.py`), Fig. 2.
"""

from __future__ import annotations

from typing import Any

from keras import layers

from keras_landslide.layers.atrous_pyramid import separable_bn_relu
from keras_landslide.layers.convolution import conv_bn_relu
from keras_landslide.layers.head import probability, score_count
from keras_landslide.layers.upsampling import upsample


def deeplab_decoder(
    x: Any,
    low: Any,
    *,
    factor: int,
    filters: int,
    low_filters: int,
    upsampling: str,
    separable: bool = False,
) -> Any:
    """Enlarge, join with the low-level feature, two 3 x 3 convolutions.

    Args:
        x: (B, H, W, C) pyramid output.
        low: (B, factor H, factor W, D) feature at stride 4.
        factor: enlargement of `x` to the size of `low`.
        filters: of the 3 x 3 convolutions and of a learned enlargement.
        low_filters: of the 1 x 1 convolution on `low`.
        upsampling: kind of enlargement, see `layers/upsampling.py`.
        separable: depthwise separable 3 x 3 convolutions.

    Returns:
        (B, factor H, factor W, filters).
    """
    convolve = separable_bn_relu if separable else conv_bn_relu
    x = upsample(x, factor, filters=filters, kind=upsampling, name="decoder_up")
    low = conv_bn_relu(low, low_filters, 1, name="decoder_low")
    x = layers.Concatenate(name="decoder_skip")([x, low])
    x = convolve(x, filters, name="decoder_conv1")
    return convolve(x, filters, name="decoder_conv2")


def deeplab_head(x: Any, *, upsampling: str, dropout: float, activation: str) -> Any:
    """Scores, enlarged by 4.

    Args:
        x: (B, H, W, C) from `deeplab_decoder`.
        upsampling: kind of enlargement, see `layers/upsampling.py`.
        dropout: rate before the scores.
        activation: `sigmoid` or `softmax`.

    Returns:
        (B, 4 H, 4 W, 1) float32 probability of landslide.
    """
    if dropout:
        x = layers.Dropout(dropout, name="decoder_dropout")(x)
    x = layers.Conv2D(score_count(activation), 1, dtype="float32", name="head")(x)
    x = upsample(x, 4, kind=upsampling, dtype="float32", name="head_up")
    return probability(x, activation=activation)
