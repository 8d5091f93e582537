"""The pixelwise networks of the LACNN study: LANN, NN, LLR and the naive model.

Paper: A. Hajimoradlou, G. Roberti and D. Poole, "Predicting Landslides Using Contour Aligning
Convolutional Neural Networks" (Veneto, 10 m). Widths that the paper does not state are those of the
first author's public research repository.

| network | channels | layers | trainable parameters |
|---|---|---|---|
| `naive` | any | the same probability everywhere | 0 |
| `llr` | 94 | 1 x 1 convolution | 95 |
| `nn` | 94 | 1 x 1 convolutions to 32, 4 and 1 | 3,177 |
| `lann` | 160 | the same | 5,289 |

The 94 channels are slope, elevation and one per class (`layers.CategoryExpansion`); the 160 hold 22
of them again from the highest pixel at 30, 100 and 300 m distance (local alignment). The networks
take them ready made, so that `lann` is built as `nn` is. Channels of 0 and 1 keep mean 0 and
deviation 1 in `BandNormalization`; slope and elevation are z-scored.

Input: (B, H, W, C). Output: (B, H, W, 1) landslide probability of any size;
each pixel is judged alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import keras
from keras import layers

from keras_landslide.layers.convolution import conv_relu
from keras_landslide.layers.head import probability_head
from keras_landslide.models.checks import check_head, check_range
from keras_landslide.models.image import normalised_image


def naive(image_shape: Sequence[int | None], *, probability: float = 0.013) -> keras.Model:
    """The same probability everywhere: the share of landslides in the training data.

    Args:
        image_shape: (height, width, channels); height and width may be None.
        probability: 0.013 in the study; within [1e-6, 1 - 1e-6].

    Raises:
        ModelError: the probability is out of range, or there are no channels.
    """
    check_range("probability", probability, 1e-6, 1 - 1e-6)
    image, x = normalised_image(image_shape, stride=1)
    # No weight but the bias counts; all are fixed, so that there is nothing to train.
    logit = keras.initializers.Constant(math.log(probability / (1 - probability)))
    out = layers.Conv2D(
        1,
        1,
        activation="sigmoid",
        kernel_initializer="zeros",
        bias_initializer=logit,
        trainable=False,
        dtype="float32",
        name="head",
    )(x)
    return keras.Model(image, out, name="naive")


def llr(image_shape: Sequence[int | None]) -> keras.Model:
    """Logistic regression per pixel.

    Args:
        image_shape: (height, width, channels); height and width may be None.

    Raises:
        ModelError: there are no channels.
    """
    image, x = normalised_image(image_shape, stride=1)
    return keras.Model(image, probability_head(x), name="llr")


def nn(
    image_shape: Sequence[int | None],
    *,
    filters: int = 32,
    hidden: int = 4,
    dropout: float = 0.0,
    activation: str = "sigmoid",
) -> keras.Model:
    """Two hidden layers per pixel.

    Args:
        image_shape: (height, width, channels); height and width may be None.
        filters: units of the first hidden layer.
        hidden: units of the second.
        dropout: rate of dropout before the head.
        activation: of the head, `sigmoid` or `softmax` over two classes.

    Raises:
        ModelError: an option is out of range, or there are no channels.
    """
    return _hidden("nn", image_shape, filters, hidden, dropout, activation)


def lann(
    image_shape: Sequence[int | None],
    *,
    filters: int = 32,
    hidden: int = 4,
    dropout: float = 0.0,
    activation: str = "sigmoid",
) -> keras.Model:
    """`nn` for locally aligned features."""
    return _hidden("lann", image_shape, filters, hidden, dropout, activation)


MODELS: dict[str, Callable[..., keras.Model]] = {
    "naive": naive,
    "llr": llr,
    "nn": nn,
    "lann": lann,
}


def _hidden(
    name: str,
    image_shape: Sequence[int | None],
    filters: int,
    hidden: int,
    dropout: float,
    activation: str,
) -> keras.Model:
    check_range("filters", filters, 1, whole=True)
    check_range("hidden", hidden, 1, whole=True)
    check_head(dropout, activation)
    image, x = normalised_image(image_shape, stride=1)
    x = conv_relu(x, filters, 1, name="hidden1")
    x = conv_relu(x, hidden, 1, name="hidden2")
    if dropout:
        x = layers.Dropout(dropout, name="hidden2_dropout")(x)
    return keras.Model(image, probability_head(x, activation=activation), name=name)
