"""SSSN, the simple semantic segmentation network.

Paper: Li et al. 2024, "Extensive identification of landslide boundaries using remote sensing images
and deep learning method", China Geology. The paper does not describe it; the name and its place
among MATLAB's networks point to the example "Create a Semantic Segmentation Network" of MATLAB's
documentation: two times a 3 x 3 convolution of 32 filters with ReLU and 2 x 2 max-pooling, two
times a 4 x 4 transposed convolution of stride 2 with ReLU, a 1 x 1 convolution and softmax.

Input: (B, H, W, C) raw bands, C = 3 (RGB) in the paper; H and W multiples of 4.
Output: (B, H, W, 1) landslide probability. Trainable parameters with 3 bands: 43,042.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from keras_landslide.layers.head import probability_head
from keras_landslide.models.checks import check_head, check_range
from keras_landslide.models.image import normalised_image


def sssn(
    image_shape: Sequence[int | None],
    *,
    filters: int = 32,
    levels: int = 2,
    dropout: float = 0.0,
    activation: str = "softmax",
) -> keras.Model:
    """Build the network.

    Args:
        image_shape: (height, width, channels); height and width may be None, or multiples of
            2^levels.
        filters: of every convolution.
        levels: poolings; another of MATLAB's examples has one, with 64 filters.
        dropout: rate of dropout before the last convolution, 0 in the example.
        activation: `softmax` over two classes as in the paper, or `sigmoid`.

    Returns:
        A functional model whose first layer is `BandNormalization` and whose output is float32
        under every precision policy.

    Raises:
        ModelError: an option is out of range, or the size is no multiple of the stride.
    """
    check_range("filters", filters, 1, whole=True)
    check_range("levels", levels, 1, 8, whole=True)
    check_head(dropout, activation)

    image, x = normalised_image(image_shape, stride=2**levels)
    for level in range(1, levels + 1):
        name = f"encoder{level}"
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"{name}_conv")(x)
        x = layers.MaxPooling2D(2, name=f"{name}_pool")(x)
    for level in reversed(range(1, levels + 1)):
        x = layers.Conv2DTranspose(
            filters, 4, strides=2, padding="same", activation="relu", name=f"decoder{level}_up"
        )(x)
    if dropout:
        x = layers.Dropout(dropout, name="decoder_dropout")(x)
    return keras.Model(image, probability_head(x, activation=activation), name="sssn")
