"""The Multi-Scale Connection (MSC) of MU-Net, as a function on Keras tensors."""

from __future__ import annotations

from typing import Any

from keras import layers

from keras_landslide.errors import ModelError
from keras_landslide.layers.convolution import conv_bn_relu

BRANCHES = 4


def multi_scale_connection(x: Any, *, name: str) -> Any:
    """Four views of a skip connection at different scales, side by side.

        MSC(x) = Concat(S0, S1, S2, S3)
        S0 = CBR1(x)    S1 = CBR3(x)    S2 = CBR3, dilated by 3, (x)    S3 = CBR1(MaxPool3(x))

    CBRk is a k x k convolution without bias to C / 4 filters, batch normalisation and ReLU;
    MaxPool3 has stride 1. 5 C^2 + 2 C trainable parameters.

    Source: Nguyen, "MU-Net: Multi-Scale for Enhanced Landslide Susceptibility Mapping". Batch
    normalisation and ReLU are our reading, since the paper is silent and branches that are
    concatenated need like scales.

    Args:
        x: (B, H, W, C), C a multiple of 4.
        name: prefix of the layer names.

    Returns:
        (B, H, W, C).

    Raises:
        ModelError: C is no multiple of 4.
    """
    if x.shape[-1] % BRANCHES:
        raise ModelError(
            f"a multi-scale connection needs a multiple of {BRANCHES} channels, not {x.shape[-1]}; "
            f"choose filters = {-(-x.shape[-1] // BRANCHES) * BRANCHES}"
        )
    filters = x.shape[-1] // BRANCHES
    pooled = layers.MaxPooling2D(3, strides=1, padding="same", name=f"{name}_pool")(x)
    return layers.Concatenate(name=f"{name}_concat")(
        [
            conv_bn_relu(x, filters, 1, name=f"{name}_point"),
            conv_bn_relu(x, filters, 3, name=f"{name}_near"),
            conv_bn_relu(x, filters, 3, dilation=3, name=f"{name}_far"),
            conv_bn_relu(pooled, filters, 1, name=f"{name}_pooled"),
        ]
    )
