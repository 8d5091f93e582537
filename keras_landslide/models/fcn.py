"""FCN as the MsASNet paper compares with it: a hypercolumn of ResNet-18.

Paper: N. Zhou et al., Remote Sensing 16, 2024, 1712, Tables 1 and 4, after J. Long, E. Shelhamer
and T. Darrell, "Fully Convolutional Networks for Semantic Segmentation", CVPR 2015.

Input: (B, H, W, C) raw bands, H and W multiples of 32. Output: (B, H, W, 1) landslide probability.

The outputs of all four stages of ResNet-18 (64, 128, 256 and 512 channels at strides 4, 8, 16 and
32) are up-sampled bilinearly to the image and concatenated; one 1 x 1 convolution scores the 960
channels. This reading gives the paper's parameters (11.1774 M) and operations exactly; the sum of
score maps of Long et al. gives only the parameters.

Trainable parameters with 3 bands and 64 filters: 11,177,473.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from keras_landslide.layers.bilinear import BilinearUpSampling2D
from keras_landslide.layers.head import probability_head
from keras_landslide.models.checks import check_head, check_range
from keras_landslide.models.image import normalised_image
from keras_landslide.models.resnet import resnet_stages


def fcn(
    image_shape: Sequence[int | None],
    *,
    filters: int = 64,
    dropout: float = 0.0,
    activation: str = "sigmoid",
) -> keras.Model:
    """Build the network.

    Args:
        image_shape: (height, width, channels); height and width may be None, or multiples of 32.
        filters: of the stem and the first stage, 64 in the paper; each further stage doubles them.
        dropout: rate of dropout before the head, 0 in the paper.
        activation: of the head, `sigmoid` or `softmax`.

    Returns:
        A functional model whose first layer is `BandNormalization` and whose output is float32
        under every precision policy.

    Raises:
        ModelError: an option is out of range, or the size is no multiple of the stride.
    """
    check_range("filters", filters, 1, whole=True)
    check_head(dropout, activation)

    image, x = normalised_image(image_shape, stride=32)
    column = [
        BilinearUpSampling2D(4 * 2**stage, name=f"up{stage + 1}")(y)
        for stage, y in enumerate(resnet_stages(x, depth=18, filters=filters))
    ]
    x = layers.Concatenate(name="hypercolumn")(column)
    if dropout:
        x = layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(image, probability_head(x, activation=activation), name="fcn")
