"""The U-Net of the Colombian study.

Paper: J. Vega and C. Hidalgo, "Evaluation of U-Net transfer learning model for semantic
segmentation of landslides in the Colombian tropical mountain region", Fig. 2.

Input: (B, H, W, C) raw bands, C = 3 (RGB), 5 (+ slope, curvature) or 7 (+ VV before and after);
H and W multiples of 16. Output: (B, H, W, 1) landslide probability.

The paper gives the encoder block (two 3 x 3 convolutions with ReLU, 2 x 2 max-pooling), the decoder
step (2 x 2 up-sampling followed by a 3 x 3 convolution), and base filters of 16, 32 or 64. Four
levels, a bottleneck of 16 times the base filters, and no batch normalisation are our reading:
the standard depth (Ronneberger, Fischer and Brox 2015), and none is mentioned.

Trainable parameters with 3 bands: 2,158,705 / 8,630,497 / 34,513,345 for 16 / 32 / 64 filters;
every further band adds 9 per base filter.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from keras_landslide.layers.convolution import NORMALISATIONS, conv_relu, double_conv_relu
from keras_landslide.layers.head import probability_head
from keras_landslide.models.checks import check_choice, check_head, check_range
from keras_landslide.models.image import normalised_image


def unet_colombia(
    image_shape: Sequence[int | None],
    *,
    filters: int = 32,
    levels: int = 4,
    normalisation: str = "none",
    dropout: float = 0.0,
    activation: str = "sigmoid",
) -> keras.Model:
    """Build the network.

    Args:
        image_shape: (height, width, channels); height and width may be None, or multiples of
            2^levels.
        filters: filters of the first level; each further level doubles them.
        levels: poolings, 4 in the study.
        normalisation: `none` as in the study, or `batch` after each convolution.
        dropout: rate of dropout after the bottleneck, 0 in the study.
        activation: of the head, `sigmoid` or `softmax` over two classes.

    Returns:
        A functional model whose first layer is `BandNormalization` and whose output is float32
        under every precision policy.

    Raises:
        ModelError: an option is out of range, or the size is no multiple of the stride.
    """
    check_range("filters", filters, 1, whole=True)
    check_range("levels", levels, 1, 8, whole=True)
    check_choice("normalisation", normalisation, NORMALISATIONS)
    check_head(dropout, activation)

    image, x = normalised_image(image_shape, stride=2**levels)
    skips = []
    for level in range(levels):
        x = double_conv_relu(
            x, filters * 2**level, normalisation=normalisation, name=f"encoder{level + 1}"
        )
        skips.append(x)
        x = layers.MaxPooling2D(2, name=f"encoder{level + 1}_pool")(x)
    x = double_conv_relu(x, filters * 2**levels, normalisation=normalisation, name="bottleneck")
    if dropout:
        x = layers.Dropout(dropout, name="bottleneck_dropout")(x)
    for level in reversed(range(levels)):
        name = f"decoder{level + 1}"
        x = layers.UpSampling2D(2, interpolation="nearest", name=f"{name}_up")(x)
        x = conv_relu(x, filters * 2**level, normalisation=normalisation, name=f"{name}_up_conv")
        x = layers.Concatenate(name=f"{name}_skip")([skips[level], x])
        x = double_conv_relu(x, filters * 2**level, normalisation=normalisation, name=name)
    return keras.Model(image, probability_head(x, activation=activation), name="unet_colombia")
