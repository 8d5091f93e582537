"""Residual shrinkage: a residual unit that sets its weak responses to zero.

Source: M. Zhao, S. Zhong, X. Fu, B. Tang and M. Pecht, "Deep Residual Shrinkage Networks for Fault
Diagnosis", IEEE Transactions on Industrial Informatics 16, 2020, doi:10.1109/TII.2019.2943898: the
unit with channel-wise thresholds (RSBU-CW).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from keras_landslide.layers.convolution import conv_bn, conv_bn_relu


@keras.saving.register_keras_serializable("keras_landslide")
class SoftThreshold(keras.layers.Layer):
    """Soft threshold: y = sign(x) max(|x| - tau, 0).

    Inputs: x (B, H, W, C) and tau >= 0, (B, 1, 1, C). Output: (B, H, W, C).
    """

    def call(self, inputs: Sequence[Any]) -> Any:
        """Shrink."""
        x, threshold = inputs
        return ops.sign(x) * ops.relu(ops.abs(x) - threshold)

    def compute_output_shape(self, input_shape: Sequence[tuple]) -> tuple:
        """Same as x's."""
        return tuple(input_shape[0])


@keras.saving.register_keras_serializable("keras_landslide")
class MeanMagnitude(keras.layers.Layer):
    """Mean of |x| over the whole image: (B, H, W, C) to (B, 1, 1, C)."""

    def call(self, inputs: Any) -> Any:
        """Average."""
        return ops.mean(ops.abs(inputs), axis=(1, 2), keepdims=True)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """(B, 1, 1, C)."""
        return (input_shape[0], 1, 1, input_shape[-1])


def residual_shrinkage(
    x: Any, filters: int, *, strides: int = 1, reduction: int = 16, name: str
) -> Any:
    """One unit: out = ReLU(soft(y, tau) + S(x)).

    y = BN(Conv3(ReLU(BN(Conv3 x)))), the first convolution with the stride; g = mean |y| per
    channel; tau = g sigmoid(FC(ReLU(BN(FC(g))))), whose first FC has filters / reduction units
    (the paper has reduction 1); S is the identity, or a 1 x 1 convolution with batch normalisation
    where the shape changes. tau lies between 0 and the mean magnitude, so that some of every
    channel is left. The batch normalisation between the FCs sees one value per image: in training
    with batches of one image, tau / g does not depend on the image.

    Args:
        x: (B, H, W, C).
        filters: of both convolutions.
        strides: of the unit.
        reduction: of the first fully connected layer.
        name: prefix of the layer names.

    Returns:
        (B, H / strides, W / strides, filters).
    """
    y = conv_bn_relu(x, filters, strides=strides, name=f"{name}_conv1")
    y = conv_bn(y, filters, name=f"{name}_conv2")
    magnitude = MeanMagnitude(name=f"{name}_magnitude")(y)
    share = layers.Dense(max(filters // reduction, 1), name=f"{name}_squeeze")(magnitude)
    share = layers.BatchNormalization(name=f"{name}_squeeze_bn")(share)
    share = layers.ReLU(name=f"{name}_squeeze_relu")(share)
    share = layers.Dense(filters, activation="sigmoid", name=f"{name}_share")(share)
    threshold = layers.Multiply(name=f"{name}_threshold")([magnitude, share])
    y = SoftThreshold(name=f"{name}_soft")([y, threshold])
    if strides > 1 or x.shape[-1] != filters:
        x = conv_bn(x, filters, 1, strides=strides, name=f"{name}_shortcut")
    y = layers.Add(name=f"{name}_add")([y, x])
    return layers.ReLU(name=f"{name}_relu")(y)
