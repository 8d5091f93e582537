"""PSPNet as the MsASNet paper compares with it.

Paper: N. Zhou et al., Remote Sensing 16, 2024, 1712, Tables 1 and 4, after H. Zhao, J. Shi, X. Qi,
X. Wang and J. Jia, "Pyramid Scene Parsing Network", CVPR 2017.

Input: (B, H, W, C) raw bands, H and W multiples of 8. Output: (B, H, W, 1) landslide probability.

ResNet-50 at output stride 8 (its last two stages dilated by 2 and 4), pyramid pooling with bins of
1, 2, 3 and 6 per side and CBR(1, 512) each, CBR(3, 512) on the concatenation of 4096 channels,
dropout of 0.1, a 1 x 1 convolution, and bilinear up-sampling of the scores by 8.

Trainable parameters with 3 bands and 64 filters: 46,582,337, as the paper reports. Two of the 61
convolutions of its Table 1 belong to the auxiliary head that PSPNet trains with, on the third
stage; its parameters are not in the paper's count, and it is left out here, since networks have
one output.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from keras_landslide.layers.convolution import conv_bn_relu
from keras_landslide.layers.head import probability_head
from keras_landslide.layers.pyramid_pooling import pyramid_pooling
from keras_landslide.models.checks import check_head, check_range
from keras_landslide.models.image import normalised_image
from keras_landslide.models.resnet import resnet_stages


def pspnet(
    image_shape: Sequence[int | None],
    *,
    filters: int = 64,
    dropout: float = 0.1,
    activation: str = "sigmoid",
) -> keras.Model:
    """Build the network.

    Args:
        image_shape: (height, width, channels); height and width may be None, or multiples of 8.
        filters: of the stem of ResNet-50, 64 in the paper; the others keep their proportion.
        dropout: rate of dropout before the scores, 0.1 in Zhao et al.
        activation: of the head, `sigmoid` or `softmax`.

    Returns:
        A functional model whose first layer is `BandNormalization` and whose output is float32
        under every precision policy.

    Raises:
        ModelError: an option is out of range, or the size is no multiple of the stride.
    """
    check_range("filters", filters, 1, whole=True)
    check_head(dropout, activation)

    image, x = normalised_image(image_shape, stride=8)
    x = resnet_stages(x, depth=50, output_stride=8, filters=filters)[-1]
    x = pyramid_pooling(x, 8 * filters, name="pyramid")
    x = conv_bn_relu(x, 8 * filters, name="fuse")
    if dropout:
        x = layers.Dropout(dropout, name="dropout")(x)
    head = probability_head(x, activation=activation, enlarge=8)
    return keras.Model(image, head, name="pspnet")
