"""LACNN and the CNN it was compared with: a small U-Net, with and without aligned features.

Paper: A. Hajimoradlou, G. Roberti and D. Poole, "Predicting Landslides Using Contour Aligning
Convolutional Neural Networks" (Veneto, 10 m). Widths that the paper does not state are those of the
first author's public research repository.

| network | channels | trainable parameters |
|---|---|---|
| `cnn` | 94 | 850,897 |
| `lacnn` | 160 | 860,401 |

The features are described in `models.pixelwise`. The networks take them ready made, so that `lacnn`
is built as `cnn` is. Input: (B, H, W, C). Output: (B, H, W, 1) landslide probability.

The U-Net has 16, 32, 64 and 128 filters, 128 at the bottom, and 64, 32, 16 and 16 in the decoder;
two 3 x 3 convolutions with bias and ReLU per level; 2 x 2 max-pooling; bilinear up-sampling by 2
with the centres of pixels aligned (the original aligns the corners of the image, which no window of
a scene could repeat).

The paper's patches of 628 px are no multiple of the stride of 16: 628, 314, 157, 78, 39 px. As
there, up-sampled features are padded with zeros at the end to the size of the skip (`pad_odd`), so
that any size from 16 px on works. The grid of poolings still starts at the first row and column:
away from the last rows and columns such an image gives what a larger one would, and images whose
sides are multiples of 16 px, as those of scene inference are, are not touched. `pad_odd = False`
refuses all others. One output pixel sees up to 122 px to a side, more than the 64 px of overlap of
the paper's patches.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import layers

from keras_landslide.errors import ImageSizeError
from keras_landslide.layers.bilinear import BilinearUpSampling2D
from keras_landslide.layers.convolution import NORMALISATIONS, double_conv_relu
from keras_landslide.layers.head import probability_head
from keras_landslide.layers.pad_to_skip import PadToSkip
from keras_landslide.models.checks import check_choice, check_flag, check_head, check_range
from keras_landslide.models.image import normalised_image


def cnn(
    image_shape: Sequence[int | None],
    *,
    filters: int = 16,
    levels: int = 4,
    normalisation: str = "none",
    dropout: float = 0.0,
    activation: str = "sigmoid",
    pad_odd: bool = True,
    features_to_head: bool = False,
) -> keras.Model:
    """The U-Net of the LACNN study.

    Args:
        image_shape: (height, width, channels); height and width may be None.
        filters: filters of the first level; each further level but the bottom doubles them.
        levels: poolings, 4 in the study.
        normalisation: `none` as in the study, or `batch` after each convolution.
        dropout: rate of dropout after the bottom.
        activation: of the head, `sigmoid` or `softmax` over two classes.
        pad_odd: take sizes that are no multiple of 2^levels, from 2^levels on.
        features_to_head: the head sees the pixel's own features beside the decoder's, so that a
            logistic regression is part of the network, and one that is there already can be its
            start (a wide and deep network, Cheng et al. 2016, doi:10.1145/2988450.2988454).

    Returns:
        A functional model whose first layer is `BandNormalization` and whose output is float32
        under every precision policy.

    Raises:
        ModelError: an option is out of range, or the size does not fit.
    """
    ends = _ends(
        image_shape, filters, levels, normalisation, dropout, activation, pad_odd, features_to_head
    )
    return keras.Model(*ends, name="cnn")


def lacnn(
    image_shape: Sequence[int | None],
    *,
    filters: int = 16,
    levels: int = 4,
    normalisation: str = "none",
    dropout: float = 0.0,
    activation: str = "sigmoid",
    pad_odd: bool = True,
    features_to_head: bool = False,
) -> keras.Model:
    """`cnn` for locally aligned features."""
    ends = _ends(
        image_shape, filters, levels, normalisation, dropout, activation, pad_odd, features_to_head
    )
    return keras.Model(*ends, name="lacnn")


MODELS: dict[str, Callable[..., keras.Model]] = {"cnn": cnn, "lacnn": lacnn}


def _ends(
    image_shape: Sequence[int | None],
    filters: int,
    levels: int,
    normalisation: str,
    dropout: float,
    activation: str,
    pad_odd: bool,
    features_to_head: bool,
) -> tuple[Any, Any]:
    """The input and the output of the network."""
    check_range("filters", filters, 1, whole=True)
    check_range("levels", levels, 1, 8, whole=True)
    check_choice("normalisation", normalisation, NORMALISATIONS)
    check_head(dropout, activation)
    check_flag("pad_odd", pad_odd)
    check_flag("features_to_head", features_to_head)

    image, features = normalised_image(image_shape, stride=1 if pad_odd else 2**levels)
    for side in image_shape[:2]:
        if side is not None and side < 2**levels:
            raise ImageSizeError(
                f"an image side of {side} px does not fit this model, whose smallest side is "
                f"{2**levels} px"
            )
    x = features
    skips = []
    for level in range(levels):
        x = double_conv_relu(
            x, filters * 2**level, normalisation=normalisation, name=f"encoder{level + 1}"
        )
        skips.append(x)
        x = layers.MaxPooling2D(2, name=f"encoder{level + 1}_pool")(x)
    x = double_conv_relu(
        x, filters * 2 ** (levels - 1), normalisation=normalisation, name="bottleneck"
    )
    if dropout:
        x = layers.Dropout(dropout, name="bottleneck_dropout")(x)
    for level in reversed(range(levels)):
        decoder = f"decoder{level + 1}"
        x = BilinearUpSampling2D(2, name=f"{decoder}_up")(x)
        if pad_odd:
            x = PadToSkip(name=f"{decoder}_pad")([x, skips[level]])
        x = layers.Concatenate(name=f"{decoder}_concat")([skips[level], x])
        x = double_conv_relu(
            x, filters * 2 ** max(level - 1, 0), normalisation=normalisation, name=decoder
        )
    if features_to_head:
        x = layers.Concatenate(name="head_concat")([x, features])
    return image, probability_head(x, activation=activation)
