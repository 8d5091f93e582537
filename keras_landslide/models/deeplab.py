"""DeepLab v3+ with ResNet-50 or MobileNetV2.

Paper: Li et al. 2024, "Extensive identification of landslide boundaries using remote sensing images
and deep learning method", China Geology, which compares with MATLAB's networks; they follow Chen et
al. 2018, "Encoder-Decoder with Atrous Separable Convolution for Semantic Image Segmentation".

Input: (B, H, W, C) raw bands, C = 3 (RGB) in the paper; H and W multiples of the output stride.
Output: (B, H, W, 1) landslide probability.

Encoder at output stride 16; pyramid of a 1 x 1 and three 3 x 3 branches with dilations 6, 12 and 18
and 256 filters, without the image-level branch of Chen et al.; enlarged by 4; joined with the
stride-4 feature, reduced to 48 channels; two 3 x 3 convolutions; scores; enlarged by 4.

MATLAB enlarges with 8 x 8 transposed convolutions frozen to bilinear weights (`upsampling =
"frozen"`). The default is interpolation, which gives the same away from the border: there a
transposed convolution fades the scores out to those of an even chance, and the frozen weights of
256 x 256 channels in the decoder, mostly zeros, take 17 MB and, at 256 x 256 px, 1.07 billion
multiply-adds (16 * 16 pixels * 256 * 256 * 8 * 8).

Trainable parameters with 3 bands: 39,756,962 (ResNet-50), 2,563,922 (MobileNetV2) and 5,663,202
(MobileNetV2, `separable=False`). MATLAB's convolution biases, followed by batch normalisation, are
left out, as is MobileNetV2's last 1 x 1 convolution to 1280 channels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import keras

from keras_landslide.layers.atrous_pyramid import atrous_pyramid
from keras_landslide.layers.upsampling import UPSAMPLINGS
from keras_landslide.models.backbones import mobilenet_v2, resnet50
from keras_landslide.models.checks import (
    OUTPUT_STRIDES,
    check_choice,
    check_flag,
    check_head,
    check_range,
)
from keras_landslide.models.deeplab_decoder import deeplab_decoder, deeplab_head
from keras_landslide.models.image import normalised_image
from keras_landslide.models.option_groups import takes


@dataclass(frozen=True)
class DeepLabOptions:
    """What both networks can be told, whatever their backbone.

    Attributes:
        pyramid_filters: of the atrous pyramid and of the decoder.
        output_stride: 32, 16 or 8; the pyramid's dilations are those of 16 scaled.
        image_pooling: add the pyramid's image-level branch of Chen et al. 2018.
        separable: depthwise separable 3 x 3 convolutions in pyramid and decoder.
        upsampling: `bilinear`, `frozen` (as in MATLAB) or `learned`.
        dropout: rate of dropout before the last convolution, 0 in the paper.
        activation: `softmax` over two classes as in the paper, or `sigmoid`.
    """

    pyramid_filters: int = 256
    output_stride: int = 16
    image_pooling: bool = False
    separable: bool = False
    upsampling: str = "bilinear"
    dropout: float = 0.0
    activation: str = "softmax"


@dataclass(frozen=True)
class MobileOptions(DeepLabOptions):
    """As `DeepLabOptions`; `separable` by default, as MobileNetV2 is."""

    separable: bool = True


@takes(DeepLabOptions)
def deeplabv3plus_resnet50(
    image_shape: Sequence[int | None],
    *,
    filters: int = 64,
    options: DeepLabOptions,
    weights: str | None = None,
) -> keras.Model:
    """DeepLab v3+ with ResNet-50.

    Args:
        image_shape: (height, width, channels); height and width may be None, or multiples of
            `output_stride`.
        filters: of the first stage of ResNet-50.
        options: one by one, by the names of `DeepLabOptions`.
        weights: .h5 file of ResNet-50 weights without top, see `backbones.resnet50`.

    Returns:
        A functional model whose first layer is `BandNormalization` and whose output is float32
        under every precision policy; the encoder is its layer `resnet50`.

    Raises:
        ModelError: an option is out of range, or the size is no multiple of the stride.
        InputFileError: the weights cannot be read.
    """
    return _network(
        image_shape,
        partial(resnet50, filters=filters, weights=weights),
        options,
    )


@takes(MobileOptions)
def deeplabv3plus_mobilenetv2(
    image_shape: Sequence[int | None],
    *,
    alpha: float = 1.0,
    options: MobileOptions,
    weights: str | None = None,
) -> keras.Model:
    """DeepLab v3+ with MobileNetV2.

    Args:
        image_shape: (height, width, channels); height and width may be None, or multiples of
            `output_stride`.
        alpha: width multiplier of MobileNetV2.
        options: one by one, by the names of `DeepLabOptions`.
        weights: .h5 file of MobileNetV2 weights without top, see `backbones.mobilenet_v2`.

    Returns:
        A functional model whose first layer is `BandNormalization` and whose output is float32
        under every precision policy; the encoder is its layer `mobilenetv2`.

    Raises:
        ModelError: an option is out of range, or the size is no multiple of the stride.
        InputFileError: the weights cannot be read.
    """
    return _network(
        image_shape,
        partial(mobilenet_v2, alpha=alpha, weights=weights),
        options,
    )


def _network(
    image_shape: Sequence[int | None],
    backbone: Callable[..., keras.Model],
    options: DeepLabOptions,
) -> keras.Model:
    pyramid_filters, output_stride = options.pyramid_filters, options.output_stride
    check_range("pyramid_filters", pyramid_filters, 1, whole=True)
    check_choice("output_stride", output_stride, OUTPUT_STRIDES)
    check_flag("image_pooling", options.image_pooling)
    check_flag("separable", options.separable)
    check_choice("upsampling", options.upsampling, UPSAMPLINGS)
    check_head(options.dropout, options.activation)

    image, x = normalised_image(image_shape, stride=output_stride)
    encoder = backbone(image.shape[-1], output_stride=output_stride)
    low, x = encoder(x)
    rates = [max(rate * 16 // output_stride, 1) for rate in (6, 12, 18)]
    x = atrous_pyramid(
        x,
        pyramid_filters,
        rates=rates,
        image_pooling=options.image_pooling,
        separable=options.separable,
        name="aspp",
    )
    x = deeplab_decoder(
        x,
        low,
        factor=output_stride // 4,
        filters=pyramid_filters,
        low_filters=max(pyramid_filters * 3 // 16, 1),
        upsampling=options.upsampling,
        separable=options.separable,
    )
    probability = deeplab_head(
        x, upsampling=options.upsampling, dropout=options.dropout, activation=options.activation
    )
    return keras.Model(image, probability, name=f"deeplabv3plus_{encoder.name}")
