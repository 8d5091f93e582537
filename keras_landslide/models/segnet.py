"""SegNet, in the two readings of the papers that compare with it.

Source: V. Badrinarayanan, A. Kendall and R. Cipolla, "SegNet: A Deep Convolutional Encoder-Decoder
Architecture for Image Segmentation", IEEE TPAMI 2017: convolutions, batch normalisation and ReLU,
2 x 2 max-pooling that remembers where the maxima were, and a decoder that puts values back there.

- `topology="matlab"`: Li et al. 2024, "Extensive identification of landslide boundaries using
  remote sensing images and deep learning method", China Geology, trained MATLAB's `segnetLayers`
  without pre-trained parameters: four levels of two convolutions of 64 filters without bias, the
  last one giving the two classes' scores, with batch normalisation. 520,900 trainable parameters
  with 3 bands. MATLAB puts a ReLU before the softmax as well (`score_relu=True`). We leave it out:
  a pixel whose scores are both negative then has a probability of exactly 1/2 and no gradient, and
  a small network with it does not learn even a single patch by heart.
- `topology="vgg16"`: Zhou et al. 2024, "A Multiscale Attention Segment Network-Based Semantic
  Segmentation Model for Landslide Remote Sensing Images", Remote Sensing 16, 1712: the five levels
  of VGG16 mirrored, with bias, 3 x 3 convolution to one score without batch normalisation. The
  paper's 40.1311 G operations at 256 x 256 x 3 are met exactly. Its 22.3610 M parameters are met
  exactly, 22,361,089, when the decoder's first level uses the weights of the encoder's last
  (`share_stage5=True`), which is hardly meant; apart they are 29,443,585.

Input: (B, H, W, C) raw bands, C = 3 (RGB) in the papers; H and W multiples of 2^levels.
Output: (B, H, W, 1) landslide probability.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from keras_landslide.errors import ModelError
from keras_landslide.layers.head import probability, probability_head, score_count
from keras_landslide.layers.unpooling import MaxPoolingWithIndices, MaxUnpooling
from keras_landslide.models.checks import check_choice, check_flag, check_head, check_range
from keras_landslide.models.image import normalised_image

# Filters of the convolutions of each level, in units of the base filters.
TOPOLOGIES = {
    "matlab": ((1, 1),) * 8,
    "vgg16": ((1, 1), (2, 2), (4, 4, 4), (8, 8, 8), (8, 8, 8)),
}
LEVELS = {"matlab": 4, "vgg16": 5}
HEADS = {"matlab": "softmax", "vgg16": "sigmoid"}


def segnet(
    image_shape: Sequence[int | None],
    *,
    topology: str = "matlab",
    filters: int = 64,
    levels: int | None = None,
    share_stage5: bool = False,
    score_relu: bool = False,
    dropout: float = 0.0,
    activation: str | None = None,
) -> keras.Model:
    """Build the network.

    Args:
        image_shape: (height, width, channels); height and width may be None, or multiples of
            2^levels.
        topology: `matlab` or `vgg16`.
        filters: of the first level, and in `matlab` of all.
        levels: poolings; None for the topology's own, 4 (up to 8 are possible) or 5.
        share_stage5: the decoder's first level uses the encoder's last level's weights; for
            `vgg16` with 5 levels.
        score_relu: ReLU on the scores before the softmax, for `matlab`.
        dropout: rate of dropout after the last pooling, 0 in the papers.
        activation: `softmax` over two classes or `sigmoid`; None for the topology's own.

    Returns:
        A functional model whose first layer is `BandNormalization` and whose output is float32
        under every precision policy.

    Raises:
        ModelError: an option is out of range, or the size is no multiple of the stride.
    """
    check_choice("topology", topology, tuple(TOPOLOGIES))
    stages = TOPOLOGIES[topology]
    levels = LEVELS[topology] if levels is None else levels
    activation = HEADS[topology] if activation is None else activation
    check_range("filters", filters, 1, whole=True)
    check_range("levels", levels, 1, len(stages), whole=True)
    check_flag("share_stage5", share_stage5)
    check_flag("score_relu", score_relu)
    check_head(dropout, activation)
    if share_stage5 and (topology, levels) != ("vgg16", 5):
        raise ModelError("share_stage5 needs topology = 'vgg16' with its 5 levels")
    if score_relu and (topology, activation) != ("matlab", "softmax"):
        raise ModelError("score_relu needs topology = 'matlab' with activation = 'softmax'")

    matlab = topology == "matlab"
    image, x = normalised_image(image_shape, stride=2**levels)
    positions = []
    last_level = []
    for level, widths in enumerate(stages[:levels], 1):
        last_level = [
            _Convolution(filters * width, not matlab, f"encoder{level}_conv{number}")
            for number, width in enumerate(widths, 1)
        ]
        for convolution in last_level:
            x = convolution(x)
        x, position = MaxPoolingWithIndices(name=f"encoder{level}_pool")(x)
        positions.append(position)
    if dropout:
        x = layers.Dropout(dropout, name="bottleneck_dropout")(x)
    for level in reversed(range(1, levels + 1)):
        x = MaxUnpooling(name=f"decoder{level}_unpool")([x, positions[level - 1]])
        # The level ends with the width of the one above; the first one ends with the head.
        above = stages[level - 2][-1:] if level > 1 else ()
        widths = (*stages[level - 1][:-1], *above)
        if share_stage5 and level == 5:
            convolutions = last_level
        else:
            convolutions = [
                _Convolution(filters * width, not matlab, f"decoder{level}_conv{number}")
                for number, width in enumerate(widths, 1)
            ]
        for convolution in convolutions:
            x = convolution(x)
    if not matlab:
        return keras.Model(
            image, probability_head(x, activation=activation, kernel=3), name="segnet"
        )
    scores = score_count(activation)
    x = layers.Conv2D(scores, 3, padding="same", use_bias=False, dtype="float32", name="head")(x)
    x = layers.BatchNormalization(dtype="float32", name="head_bn")(x)
    if score_relu:
        x = layers.ReLU(dtype="float32", name="head_relu")(x)
    return keras.Model(image, probability(x, activation=activation), name="segnet")


class _Convolution:
    """3 x 3 convolution, batch normalisation and ReLU whose weights can be used twice."""

    def __init__(self, filters: int, bias: bool, name: str):
        self.layers = (
            layers.Conv2D(filters, 3, padding="same", use_bias=bias, name=name),
            layers.BatchNormalization(name=f"{name}_bn"),
            layers.ReLU(name=f"{name}_relu"),
        )

    def __call__(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x
