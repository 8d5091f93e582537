"""The convolutions that most families are made of, as functions on Keras tensors.

In the notation of the papers: CBR(k, c) is a convolution without bias, batch normalisation and
ReLU; DC(c) is two 3 x 3 CBRs (Ronneberger, Fischer and Brox 2015, with batch normalisation).
"""

from __future__ import annotations

from typing import Any

from keras import layers

from keras_landslide.layers.strided_pointwise import StridedPointwise

NORMALISATIONS = ("none", "batch")


def conv_bn(
    x: Any, filters: int, kernel: int = 3, *, strides: int = 1, dilation: int = 1, name: str
) -> Any:
    """Convolution ("same" padding, no bias) and batch normalisation: `name`, `name_bn`."""
    convolution = StridedPointwise if kernel == 1 and strides > 1 else layers.Conv2D
    x = convolution(
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


def conv_relu(
    x: Any, filters: int, kernel: int = 3, *, normalisation: str = "none", name: str
) -> Any:
    """Convolution with bias and ReLU in one layer, or with normalisation `batch` a CBR."""
    if normalisation == "batch":
        return conv_bn_relu(x, filters, kernel, name=name)
    return layers.Conv2D(filters, kernel, padding="same", activation="relu", name=name)(x)


def double_conv_relu(x: Any, filters: int, *, normalisation: str = "none", name: str) -> Any:
    """Two 3 x 3 `conv_relu`."""
    x = conv_relu(x, filters, normalisation=normalisation, name=f"{name}_conv1")
    return conv_relu(x, filters, normalisation=normalisation, name=f"{name}_conv2")


def double_conv(x: Any, filters: int, *, middle: int | None = None, name: str) -> Any:
    """DC(filters), or DC(middle -> filters): two 3 x 3 CBRs."""
    x = conv_bn_relu(x, middle or filters, name=f"{name}_conv1")
    return conv_bn_relu(x, filters, name=f"{name}_conv2")
