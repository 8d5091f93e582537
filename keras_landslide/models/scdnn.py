"""SCDnn, Skip Connection DeepLab: residual blocks, an atrous pyramid and one skip.

Paper: Li et al. 2024, "Extensive identification of landslide boundaries using remote sensing images
and deep learning method", China Geology.

Input: (B, H, W, C) raw bands, C = 3 (RGB) in the paper; H and W multiples of 16.
Output: (B, H, W, 1) landslide probability.

The paper gives the blocks as equations (see `layers/mr_block.py` and `layers/atrous_pyramid.py`),
four groups that each halve the size, and a decoder that enlarges twice by 4, so that the stem keeps
the resolution. Widths of 64 to 512 (the blocks are those of ResNet-18), three blocks per group (25
main-path convolutions, "about half" of ResNet-50's), a pyramid of 256 filters with dilations 6, 12
and 18, and the stride-4 feature reduced to 48 channels (DeepLab v3+) are our reading.

Trainable parameters with 3 bands: 26,867,108, or 20,596,388 with two blocks per group.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from keras_landslide.errors import ModelError
from keras_landslide.layers.atrous_pyramid import atrous_pyramid
from keras_landslide.layers.convolution import conv_bn_relu
from keras_landslide.layers.mr_block import mr_down, mr_identity
from keras_landslide.models.checks import check_flag, check_head, check_range
from keras_landslide.models.deeplab_decoder import deeplab_decoder, deeplab_head
from keras_landslide.models.image import normalised_image


def scdnn(
    image_shape: Sequence[int | None],
    *,
    filters: int = 64,
    blocks: Sequence[int] = (3, 3, 3, 3),
    image_pooling: bool = False,
    relu_after_sum: bool = False,
    dropout: float = 0.0,
    activation: str = "softmax",
) -> keras.Model:
    """Build the network.

    Args:
        image_shape: (height, width, channels); height and width may be None, or multiples of 16.
        filters: filters of the first group; each further group doubles them, and the pyramid has
            four times as many.
        blocks: residual blocks in each of the four groups.
        image_pooling: add ASPP's image-level branch, which the paper leaves out.
        relu_after_sum: ReLU after each residual sum; the paper's equations have none.
        dropout: rate of dropout before the last convolution, 0 in the paper.
        activation: `softmax` over two classes as in the paper, or `sigmoid`.

    Returns:
        A functional model whose first layer is `BandNormalization` and whose output is float32
        under every precision policy.

    Raises:
        ModelError: an option is out of range, or the size is no multiple of the stride.
    """
    check_range("filters", filters, 1, whole=True)
    if not isinstance(blocks, list | tuple) or len(blocks) != 4:
        raise ModelError(f"blocks = {blocks!r} is not possible; it must be four whole numbers")
    for number in blocks:
        check_range("blocks", number, 1, 100, whole=True)
    check_flag("image_pooling", image_pooling)
    check_flag("relu_after_sum", relu_after_sum)
    check_head(dropout, activation)

    image, x = normalised_image(image_shape, stride=16)
    x = conv_bn_relu(x, filters, name="stem")
    low: Any = None
    for group, number in enumerate(blocks, 1):
        name = f"group{group}"
        if group == 1:
            x = layers.MaxPooling2D(2, name=f"{name}_pool")(x)
            x = mr_identity(x, relu=relu_after_sum, name=f"{name}_block1")
        else:
            width = filters * 2 ** (group - 1)
            x = mr_down(x, width, relu=relu_after_sum, name=f"{name}_block1")
        for block in range(2, number + 1):
            x = mr_identity(x, relu=relu_after_sum, name=f"{name}_block{block}")
        low = x if group == 2 else low
    x = atrous_pyramid(x, 4 * filters, image_pooling=image_pooling, name="aspc")
    x = deeplab_decoder(
        x,
        low,
        factor=4,
        filters=4 * filters,
        low_filters=max(3 * filters // 4, 1),
        upsampling="learned",
    )
    probability = deeplab_head(x, upsampling="learned", dropout=dropout, activation=activation)
    return keras.Model(image, probability, name="scdnn")
