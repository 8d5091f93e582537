"""U-Net, MU-Net, ResU-Net and ResMU-Net: two kinds of blocks by two kinds of skips.

Paper: Nguyen, "MU-Net: Multi-Scale for Enhanced Landslide Susceptibility Mapping". Input there:
Landslide4Sense patches of 128 x 128 px with 6 channels (image model `l4s6`).

| network | block | skip | trainable parameters, 64 / 32 filters, 6 channels |
|---|---|---|---|
| `unet` | two CBR | as it is | 31,386,561 / 7,850,465 |
| `mu_net` | two CBR | MSC | 33,129,281 / 8,286,625 |
| `res_unet` | ResConv | as it is | 33,133,633 / 8,288,801 |
| `res_mu_net` | ResConv | MSC | 34,876,353 / 8,724,961 |

Input: (B, H, W, C) raw bands; H and W multiples of 2^levels. Output: (B, H, W, 1) landslide
probability.

Level i of the encoder has filters * 2^i filters, followed by 2 x 2 max-pooling; the bottleneck has
filters * 2^levels. A decoder level computes, with Up bilinear up-sampling by 2 (eq. 3 of the
paper):

    x = Block(Concat(Up(x), skip))

The paper gives no widths: 64 to 1024 (Ronneberger, Fischer and Brox 2015) are our reading, and so
are MSC on all skips, batch normalisation in plain blocks, and activation after the addition in
ResConv (the paper names the blocks of ResNet; `preact` gives the other form). Its formula of
the decoder names ResConv for all; we take the block of the encoder, or `mu_net` would not be the
U-Net with MSC that the paper's comparison calls it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import keras
from keras import layers

from keras_landslide.layers.bilinear import BilinearUpSampling2D
from keras_landslide.layers.convolution import double_conv
from keras_landslide.layers.head import probability_head
from keras_landslide.layers.multi_scale_connection import multi_scale_connection
from keras_landslide.layers.residual import res_conv
from keras_landslide.models.checks import check_flag, check_head, check_range
from keras_landslide.models.image import normalised_image


def unet(
    image_shape: Sequence[int | None],
    *,
    filters: int = 64,
    levels: int = 4,
    dropout: float = 0.0,
    activation: str = "sigmoid",
) -> keras.Model:
    """The U-Net of the MU-Net paper: plain blocks, plain skips.

    Args:
        image_shape: (height, width, channels); height and width may be None, or multiples of
            2^levels.
        filters: filters of the first level; each further level doubles them.
        levels: poolings.
        dropout: rate of dropout after the bottleneck.
        activation: of the head, `sigmoid` or `softmax` over two classes.

    Returns:
        A functional model whose first layer is `BandNormalization` and whose output is float32
        under every precision policy.

    Raises:
        ModelError: an option is out of range, or the size is no multiple of the stride.
    """
    return _network("unet", image_shape, filters, levels, dropout, activation, double_conv, False)


def mu_net(
    image_shape: Sequence[int | None],
    *,
    filters: int = 64,
    levels: int = 4,
    dropout: float = 0.0,
    activation: str = "sigmoid",
) -> keras.Model:
    """`unet` with a Multi-Scale Connection in every skip; `filters` is a multiple of 4."""
    return _network("mu_net", image_shape, filters, levels, dropout, activation, double_conv, True)


def res_unet(
    image_shape: Sequence[int | None],
    *,
    filters: int = 64,
    levels: int = 4,
    dropout: float = 0.0,
    activation: str = "sigmoid",
    preact: bool = False,
) -> keras.Model:
    """`unet` of residual blocks; `preact` puts normalisation and ReLU before the convolutions."""
    block = _residual(preact)
    return _network("res_unet", image_shape, filters, levels, dropout, activation, block, False)


def res_mu_net(
    image_shape: Sequence[int | None],
    *,
    filters: int = 64,
    levels: int = 4,
    dropout: float = 0.0,
    activation: str = "sigmoid",
    preact: bool = False,
) -> keras.Model:
    """`res_unet` with a Multi-Scale Connection in every skip; `filters` is a multiple of 4."""
    block = _residual(preact)
    return _network("res_mu_net", image_shape, filters, levels, dropout, activation, block, True)


MODELS: dict[str, Callable[..., keras.Model]] = {
    "unet": unet,
    "mu_net": mu_net,
    "res_unet": res_unet,
    "res_mu_net": res_mu_net,
}


def _residual(preact: bool) -> Callable[..., Any]:
    check_flag("preact", preact)
    return partial(res_conv, preact=preact)


def _network(
    name: str,
    image_shape: Sequence[int | None],
    filters: int,
    levels: int,
    dropout: float,
    activation: str,
    block: Callable[..., Any],
    multi_scale: bool,
) -> keras.Model:
    check_range("filters", filters, 1, whole=True)
    check_range("levels", levels, 1, 8, whole=True)
    check_head(dropout, activation)

    image, x = normalised_image(image_shape, stride=2**levels)
    skips = []
    for level in range(levels):
        x = block(x, filters * 2**level, name=f"encoder{level + 1}")
        skips.append(multi_scale_connection(x, name=f"skip{level + 1}") if multi_scale else x)
        x = layers.MaxPooling2D(2, name=f"encoder{level + 1}_pool")(x)
    x = block(x, filters * 2**levels, name="bottleneck")
    if dropout:
        x = layers.Dropout(dropout, name="bottleneck_dropout")(x)
    for level in reversed(range(levels)):
        decoder = f"decoder{level + 1}"
        x = BilinearUpSampling2D(2, name=f"{decoder}_up")(x)
        x = layers.Concatenate(name=f"{decoder}_concat")([x, skips[level]])
        x = block(x, filters * 2**level, name=decoder)
    return keras.Model(image, probability_head(x, activation=activation), name=name)
