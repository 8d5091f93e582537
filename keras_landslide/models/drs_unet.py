"""DRs-UNet as the MsASNet paper compares with it: a U-Net that shrinks weak responses to zero.

Paper: N. Zhou et al., Remote Sensing 16, 2024, 1712, Tables 1 and 4. The full text of their
reference [37] could not be had; the widths are read off the paper's counts, the units are those of
deep residual shrinkage networks (`layers.shrinkage`).

Input: (B, H, W, C) raw bands, H and W multiples of 16. Output: (B, H, W, 1) landslide probability.

CBR(3, 64) of stride 2; residual shrinkage units of 64, 128, 256 and 512 filters, the last three of
stride 2; three times a 2 x 2 transposed convolution, the skip and DC (256, 128, 64 filters);
Conv(1, 1) and bilinear up-sampling of the scores by 2. These are the 18 convolutions of Table 1
(stem 1, units 8, transposed 3, DCs 6), shortcuts and head not counted.

Trainable parameters with 3 bands and 64 filters: 7,955,637. The paper reports 7.9369 M and
11.1131 G operations at 256 x 256 px; both differ by 0.2 %.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from keras_landslide.layers.convolution import conv_bn_relu, double_conv
from keras_landslide.layers.head import probability_head
from keras_landslide.layers.shrinkage import residual_shrinkage
from keras_landslide.models.checks import check_head, check_range
from keras_landslide.models.image import normalised_image


def drs_unet(
    image_shape: Sequence[int | None],
    *,
    filters: int = 64,
    reduction: int = 16,
    dropout: float = 0.0,
    activation: str = "sigmoid",
) -> keras.Model:
    """Build the network.

    Args:
        image_shape: (height, width, channels); height and width may be None, or multiples of 16.
        filters: of the first unit, 64 in the paper; each further unit doubles them.
        reduction: of the thresholds' first fully connected layer; 16 comes closest to the paper's
            count, 1 is the original unit (8,611,137 parameters).
        dropout: rate of dropout at the bottom, 0 in the paper.
        activation: of the head, `sigmoid` or `softmax`.

    Returns:
        A functional model whose first layer is `BandNormalization` and whose output is float32
        under every precision policy.

    Raises:
        ModelError: an option is out of range, or the size is no multiple of the stride.
    """
    check_range("filters", filters, 1, whole=True)
    check_range("reduction", reduction, 1, whole=True)
    check_head(dropout, activation)

    image, x = normalised_image(image_shape, stride=16)
    x = conv_bn_relu(x, filters, strides=2, name="stem")
    skips = []
    for level in range(1, 5):
        x = residual_shrinkage(
            x,
            filters * 2 ** (level - 1),
            strides=1 if level == 1 else 2,
            reduction=reduction,
            name=f"encoder{level}",
        )
        skips.append(x)
    skips.pop()
    if dropout:
        x = layers.Dropout(dropout, name="bottleneck_dropout")(x)
    for level, skip in reversed(list(enumerate(skips, start=1))):
        width = skip.shape[-1]
        x = layers.Conv2DTranspose(width, 2, strides=2, name=f"decoder{level}_up")(x)
        x = layers.Concatenate(name=f"decoder{level}_skip")([skip, x])
        x = double_conv(x, width, name=f"decoder{level}")
    head = probability_head(x, activation=activation, enlarge=2)
    return keras.Model(image, head, name="drs_unet")
