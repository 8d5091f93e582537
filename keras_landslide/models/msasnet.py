"""MsASNet and the networks of its ablation study.

Paper: N. Zhou et al., "A Multiscale Attention Segment Network-Based Semantic Segmentation Model for
Landslide Remote Sensing Images", Remote Sensing 16, 2024, 1712,
doi:10.3390/rs16101712: Figs. 3 and 4, section 2.2.

Input: (B, H, W, C) raw bands, H and W multiples of 16. Output: (B, H, W, 1) landslide probability.

A U-Net with batch normalisation: DC(64), four times max-pooling and DC (128, 256, 512, 512), one
more DC(512), four up-sampling modules of a 2 x 2 transposed convolution, the skip and DC. MsASNet
puts pyramid pooling (`layers.pyramid_pooling`) at the bottom, which gives 1024 channels, and CBAM
(`layers.attention`) before each up-sampling module. Pooling before the DC of a down-sampling block
is our reading. Two readings of what the text leaves open, option `reading`:

- `A`: each pooled map goes through CBR(1, 128), and the four with the input make the 1024 channels
  ("concatenation with the input" comes last); the decoder is that of the usual U-Net, whose
  transposed convolutions and DCs both have 512, 256, 128, 64 filters.
- `B` (default): each pooled map goes through a linear 1 x 1 convolution of 512, and the
  concatenation is fused into 1024 channels by Conv(1)-ReLU ("fuses the extracted features into a
  vector of fixed dimensions"); the transposed convolutions keep the channels they get, and the DCs
  have 256, 128, 64, 64 filters, as in the U-Net with bilinear up-sampling whose encoder widths
  the paper uses.

Trainable parameters with 3 bands and 64 filters:

| network | pyramid pooling | attention | A | B |
|---|---|---|---:|---:|
| `unet_msasnet` | no | none | 25,270,465 | 19,505,601 |
| `unet_ca` | no | channels | 25,346,241 | 19,549,121 |
| `unet_cbam` | no | CBAM | 25,346,633 | 19,549,513 |
| `unet_psp` | yes | none | 26,582,209 | 27,502,529 |
| `msasnet` | yes | CBAM | 26,756,681 | 27,644,745 |

The paper reports 27,539,100 parameters (Table 4); B is closer to that and to its operation count.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import layers

from keras_landslide.layers.attention import cbam
from keras_landslide.layers.convolution import double_conv
from keras_landslide.layers.head import probability_head
from keras_landslide.layers.pyramid_pooling import pyramid_pooling
from keras_landslide.models.checks import check_choice, check_head, check_range
from keras_landslide.models.image import normalised_image

READINGS = ("A", "B")


def msasnet(
    image_shape: Sequence[int | None],
    *,
    filters: int = 64,
    reading: str = "B",
    dropout: float = 0.0,
    activation: str = "sigmoid",
) -> keras.Model:
    """Build MsASNet: pyramid pooling at the bottom, CBAM before each up-sampling module.

    Args:
        image_shape: (height, width, channels); height and width may be None, or multiples of 16.
        filters: of the first level, 64 in the paper; the others keep their proportion.
        reading: `A` or `B`, see the module's text.
        dropout: rate of dropout at the bottom, 0 in the paper.
        activation: of the head, `sigmoid` or `softmax`.

    Returns:
        A functional model whose first layer is `BandNormalization` and whose output is float32
        under every precision policy.

    Raises:
        ModelError: an option is out of range, or the size is no multiple of the stride.
    """
    return build_network(
        "msasnet",
        image_shape,
        filters=filters,
        reading=reading,
        dropout=dropout,
        activation=activation,
        pyramid=True,
        attention=cbam,
    )


def build_network(
    network: str,
    image_shape: Sequence[int | None],
    *,
    filters: int,
    reading: str,
    dropout: float,
    activation: str,
    pyramid: bool = False,
    attention: Callable[..., Any] | None = None,
) -> keras.Model:
    """Build MsASNet or a network of its ablation study; `msasnet` documents the arguments.

    Args:
        network: name of the model.
        image_shape: (height, width, channels).
        filters: of the first level.
        reading: `A` or `B`.
        dropout: rate.
        activation: of the head.
        pyramid: pyramid pooling at the bottom.
        attention: called (x, name=) before each up-sampling module; none by default.

    Raises:
        ModelError: an option is out of range, or the size is no multiple of the stride.
    """
    check_range("filters", filters, 1, whole=True)
    check_choice("reading", reading, READINGS)
    check_head(dropout, activation)

    image, x = normalised_image(image_shape, stride=16)
    x = double_conv(x, filters, name="encoder1")
    skips = []
    for level, widening in enumerate((2, 4, 8, 8), start=2):
        skips.append(x)
        x = layers.MaxPooling2D(2, name=f"encoder{level}_pool")(x)
        x = double_conv(x, widening * filters, name=f"encoder{level}")
    x = double_conv(x, 8 * filters, name="bottleneck")
    if pyramid:
        x = _pyramid(x, filters, reading)
    if dropout:
        x = layers.Dropout(dropout, name="bottleneck_dropout")(x)
    for level, skip in reversed(list(enumerate(skips, start=1))):
        if attention is not None:
            x = attention(x, name=f"decoder{level}_attention")
        x = _up(x, skip, filters, level, reading)
    return keras.Model(image, probability_head(x, activation=activation), name=network)


def _pyramid(x: Any, filters: int, reading: str) -> Any:
    """Pyramid pooling of 8 * filters channels to 16 * filters."""
    if reading == "A":
        return pyramid_pooling(x, 2 * filters, name="pyramid")
    x = pyramid_pooling(x, 8 * filters, convolution=_linear, name="pyramid")
    return layers.Conv2D(16 * filters, 1, activation="relu", name="pyramid_fuse")(x)


def _linear(x: Any, filters: int, kernel: int, *, name: str) -> Any:
    return layers.Conv2D(filters, kernel, use_bias=False, name=name)(x)


def _up(x: Any, skip: Any, filters: int, level: int, reading: str) -> Any:
    """Up-sampling module to `level`, 4 to 1."""
    if reading == "A":
        transposed = convolved = filters * 2 ** (level - 1)
    else:
        transposed, convolved = x.shape[-1], filters * 2 ** max(level - 2, 0)
    name = f"decoder{level}"
    x = layers.Conv2DTranspose(transposed, 2, strides=2, name=f"{name}_up")(x)
    x = layers.Concatenate(name=f"{name}_skip")([skip, x])
    return double_conv(x, convolved, name=name)
