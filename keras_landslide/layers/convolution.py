"""The convolutions that most families are made of, as functions on Keras tensors.

In the notation of the papers: CBR(k, c) is a convolution without bias, batch normalisation and
ReLU; DC(c) is two 3 x 3 CBRs (Ronneberger, Fischer and Brox 2015, with batch normalisation).
"""

from __future__ import annotations

from typing import Any

from keras import layers


def conv_bn(
    x: Any, filters: int, kernel: int = 3, *, strides: int = 1, dilation: int = 1, name: str
) -> Any:
    """Convolution ("same" padding, no bias) and batch normalisation: `name`, `name_bn`."""
    x = layers.Conv2D(
        filters,
        kernel,
        strides=strides,
        dilation_rate=dilation,
        padding="same",
        use_bias=False,
        name=name,
    )(x)
    return layers.BatchNormalization(name=f"{name}_bn")(x)


def conv_bn_relu(
    x: Any, filters: int, kernel: int = 3, *, strides: int = 1, dilation: int = 1, name: str
) -> Any:
    """CBR: `conv_bn` and ReLU."""
    x = conv_bn(x, filters, kernel, strides=strides, dilation=dilation, name=name)
    return layers.ReLU(name=f"{name}_relu")(x)


def double_conv(x: Any, filters: int, *, middle: int | None = None, name: str) -> Any:
    """DC(filters), or DC(middle -> filters): two 3 x 3 CBRs."""
    x = conv_bn_relu(x, middle or filters, name=f"{name}_conv1")
    return conv_bn_relu(x, filters, name=f"{name}_conv2")
