"""The blocks of SCDnn's encoder (MR: max-pooling and residual), as functions on Keras tensors.

Source: Li et al. 2024, "Extensive identification of landslide boundaries using remote sensing
images and deep learning method", China Geology, equations 1, 2, 6 to 8 and 19:

    F1(x) = BN(Conv3(ReLU(BN(Conv3(x)))))      Conv3: 3 x 3; the first one has the block's stride
    F2(x) = BN(Conv1(x))                       Conv1: 1 x 1 with the block's stride
    identity block      y = F1(x) + x
    downsampling block  y = F1(x) + F2(x)      stride 2

The equations have no ReLU after the sum; `relu=True` adds it, which gives ResNet's basic block.
"""

from __future__ import annotations

from typing import Any

from keras import layers

from keras_landslide.layers.convolution import conv_bn, conv_bn_relu


def mr_identity(x: Any, *, relu: bool = False, name: str) -> Any:
    """F1(x) + x: (B, H, W, C) to the same shape."""
    return _sum(_main_path(x, x.shape[-1], 1, name), x, relu, name)


def mr_down(x: Any, filters: int, *, relu: bool = False, name: str) -> Any:
    """F1(x) + F2(x): (B, H, W, C) to (B, H / 2, W / 2, filters)."""
    shortcut = conv_bn(x, filters, 1, strides=2, name=f"{name}_shortcut")
    return _sum(_main_path(x, filters, 2, name), shortcut, relu, name)


def _main_path(x: Any, filters: int, strides: int, name: str) -> Any:
    x = conv_bn_relu(x, filters, strides=strides, name=f"{name}_conv1")
    return conv_bn(x, filters, name=f"{name}_conv2")


def _sum(x: Any, shortcut: Any, relu: bool, name: str) -> Any:
    x = layers.Add(name=f"{name}_add")([x, shortcut])
    return layers.ReLU(name=f"{name}_relu")(x) if relu else x
