"""LDLAIM as the MsASNet paper compares with it: residual blocks before a U-Net.

Paper: N. Zhou et al., Remote Sensing 16, 2024, 1712, Tables 1 and 4. Their reference [34] fills in
missing angles of CT images with an adversarial network; its generator alone, an encoder and decoder
with residual blocks and skips, serves here, without an adversarial loss. Its full text could not be
had: what follows is read off the paper's counts.

Input: (B, H, W, C) raw bands, H and W multiples of 16. Output: (B, H, W, 1) landslide probability.

Convolutions with batch normalisation and PReLU (one slope each) to 32 and 64 filters; two residual
blocks y = x + BN(Conv3(PReLU(BN(Conv3 x)))) of 64; four times max-pooling and DC (128, 256, 512,
512); four times bilinear up-sampling, the skip and DC(512 -> 256), DC(256 -> 128), DC(128 -> 64),
DC(64); Conv(1, 1). These are the 23 convolutions of Table 1.

Trainable parameters with 3 bands and 64 filters: 17,391,589, of which 4 are slopes of PReLU. The
paper reports 17.2806 M, which results if one convolution is used for all four of the residual
blocks: 17,280,613 with `share_residual`. The operation count is the paper's either way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from keras_landslide.layers.bilinear import BilinearUpSampling2D
from keras_landslide.layers.convolution import conv_bn, double_conv
from keras_landslide.layers.head import probability_head
from keras_landslide.models.checks import check_flag, check_head, check_range
from keras_landslide.models.image import normalised_image


def ldlaim(
    image_shape: Sequence[int | None],
    *,
    filters: int = 64,
    share_residual: bool = False,
    dropout: float = 0.0,
    activation: str = "sigmoid",
) -> keras.Model:
    """Build the network.

    Args:
        image_shape: (height, width, channels); height and width may be None, or multiples of 16.
        filters: of the first level, 64 in the paper; the others keep their proportion.
        share_residual: the same convolution and batch normalisation four times in the residual
            blocks, as the paper's parameter count suggests.
        dropout: rate of dropout at the bottom, 0 in the paper.
        activation: of the head, `sigmoid` or `softmax`.

    Returns:
        A functional model whose first layer is `BandNormalization` and whose output is float32
        under every precision policy.

    Raises:
        ModelError: an option is out of range, or the size is no multiple of the stride.
    """
    check_range("filters", filters, 2, whole=True)
    check_flag("share_residual", share_residual)
    check_head(dropout, activation)

    image, x = normalised_image(image_shape, stride=16)
    x = _prelu(conv_bn(x, filters // 2, name="front1"), "front1")
    x = _prelu(conv_bn(x, filters, name="front2"), "front2")
    x = _residual_blocks(x, filters, share_residual)
    skips = []
    for level, widening in enumerate((2, 4, 8, 8), start=2):
        skips.append(x)
        x = layers.MaxPooling2D(2, name=f"encoder{level}_pool")(x)
        x = double_conv(x, widening * filters, name=f"encoder{level}")
    if dropout:
        x = layers.Dropout(dropout, name="bottleneck_dropout")(x)
    for level, skip in reversed(list(enumerate(skips, start=1))):
        name = f"decoder{level}"
        x = BilinearUpSampling2D(2, name=f"{name}_up")(x)
        x = layers.Concatenate(name=f"{name}_skip")([skip, x])
        widening = 2 ** max(level - 2, 0)
        x = double_conv(x, widening * filters, middle=skip.shape[-1], name=name)
    return keras.Model(image, probability_head(x, activation=activation), name="ldlaim")


def _residual_blocks(x: Any, filters: int, shared: bool) -> Any:
    one = _Convolution(filters, "residual") if shared else None
    for block in (1, 2):
        name = f"residual{block}"
        y = (one or _Convolution(filters, f"{name}_conv1"))(x)
        y = _prelu(y, f"{name}_conv1")
        y = (one or _Convolution(filters, f"{name}_conv2"))(y)
        x = layers.Add(name=f"{name}_add")([x, y])
    return x


class _Convolution:
    """A convolution with batch normalisation that can be used again."""

    def __init__(self, filters: int, name: str):
        self.convolution = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=name)
        self.normalisation = layers.BatchNormalization(name=f"{name}_bn")

    def __call__(self, x: Any) -> Any:
        return self.normalisation(self.convolution(x))


def _prelu(x: Any, name: str) -> Any:
    return layers.PReLU(shared_axes=[1, 2, 3], name=f"{name}_prelu")(x)
