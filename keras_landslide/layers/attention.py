"""CBAM: which channels matter, then which places.

Source: S. Woo, J. Park, J.-Y. Lee and I. S. Kweon, "CBAM: Convolutional Block Attention Module",
ECCV 2018, equations 1 to 3; a reduction of 16 and a 7 x 7 convolution are its defaults.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops


def channel_attention(x: Any, *, reduction: int = 16, name: str) -> Any:
    """The channel half: y = sigmoid(MLP(mean x) + MLP(max x)) x.

    Mean and maximum are taken over the whole image; the MLP, shared by both, is C -> C / reduction
    (ReLU) -> C without biases. Input and output: (B, H, W, C).
    """
    channels = x.shape[-1]
    squeeze = layers.Dense(
        max(channels // reduction, 1), activation="relu", use_bias=False, name=f"{name}_squeeze"
    )
    excite = layers.Dense(channels, use_bias=False, name=f"{name}_excite")
    mean = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_mean")(x)
    peak = layers.GlobalMaxPooling2D(keepdims=True, name=f"{name}_max")(x)
    weights = layers.Add(name=f"{name}_add")([excite(squeeze(mean)), excite(squeeze(peak))])
    weights = layers.Activation("sigmoid", name=f"{name}_weights")(weights)
    return layers.Multiply(name=f"{name}_multiply")([x, weights])


def spatial_attention(x: Any, *, kernel: int = 7, name: str) -> Any:
    """The spatial half: y = sigmoid(Conv([mean x, max x])) x.

    Mean and maximum are taken over the channels; the convolution has no bias. Input and output:
    (B, H, W, C).
    """
    weights = ChannelStatistics(name=f"{name}_statistics")(x)
    weights = layers.Conv2D(1, kernel, padding="same", use_bias=False, name=f"{name}_conv")(weights)
    weights = layers.Activation("sigmoid", name=f"{name}_weights")(weights)
    return layers.Multiply(name=f"{name}_multiply")([x, weights])


def cbam(x: Any, *, reduction: int = 16, kernel: int = 7, name: str) -> Any:
    """Channel attention, then spatial attention. Input and output: (B, H, W, C)."""
    x = channel_attention(x, reduction=reduction, name=f"{name}_channel")
    return spatial_attention(x, kernel=kernel, name=f"{name}_spatial")


@keras.saving.register_keras_serializable("keras_landslide")
class ChannelStatistics(keras.layers.Layer):
    """Mean and maximum over the channels of each pixel: (B, H, W, C) to (B, H, W, 2)."""

    def call(self, inputs: Any) -> Any:
        """Reduce."""
        mean = ops.mean(inputs, axis=-1, keepdims=True)
        return ops.concatenate([mean, ops.max(inputs, axis=-1, keepdims=True)], axis=-1)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """(B, H, W, 2)."""
        return (*input_shape[:-1], 2)
