"""The residual block of ResU-Net and ResMU-Net (ResConv), as a function on Keras tensors."""

from __future__ import annotations

from typing import Any

from keras import layers

from keras_landslide.layers.convolution import conv_bn, conv_bn_relu


def res_conv(x: Any, filters: int, *, preact: bool = False, name: str) -> Any:
    """Two 3 x 3 convolutions and a shortcut.

        y = ReLU(F(x) + S(x)),  F = BN(Conv(ReLU(BN(Conv(x)))))          (default)
        y = F(x) + S(x),        F = Conv(ReLU(BN(Conv(ReLU(BN(x))))))    (`preact`)

    S is the identity where the channels match, otherwise a 1 x 1 convolution (followed by batch
    normalisation in the default form). No convolution has a bias.

    Source: He, Zhang, Ren and Sun 2016, doi:10.1109/CVPR.2016.90, eq. 1 and 2, whose blocks the
    MU-Net paper names; the pre-activated form is that of Zhang, Liu and Wang 2018 (ResU-Net),
    doi:10.1109/LGRS.2018.2802944.

    Args:
        x: (B, H, W, C).
        filters: channels of the result.
        preact: batch normalisation and ReLU before each convolution instead of after.
        name: prefix of the layer names.

    Returns:
        (B, H, W, filters).
    """
    matches = x.shape[-1] == filters
    if preact:
        y = _bn_relu_conv(x, filters, name=f"{name}_conv1")
        y = _bn_relu_conv(y, filters, name=f"{name}_conv2")
        if not matches:
            x = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_shortcut")(x)
        return layers.Add(name=f"{name}_add")([y, x])
    y = conv_bn_relu(x, filters, name=f"{name}_conv1")
    y = conv_bn(y, filters, name=f"{name}_conv2")
    if not matches:
        x = conv_bn(x, filters, 1, name=f"{name}_shortcut")
    y = layers.Add(name=f"{name}_add")([y, x])
    return layers.ReLU(name=f"{name}_relu")(y)


def _bn_relu_conv(x: Any, filters: int, *, name: str) -> Any:
    x = layers.BatchNormalization(name=f"{name}_bn")(x)
    x = layers.ReLU(name=f"{name}_relu")(x)
    return layers.Conv2D(filters, 3, padding="same", use_bias=False, name=name)(x)
