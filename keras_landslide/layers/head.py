"""The last layers of a network: scores to landslide probability."""

from __future__ import annotations

from typing import Any

from keras import layers

from keras_landslide.layers.bilinear import BilinearUpSampling2D
from keras_landslide.layers.landslide_channel import LandslideChannel

ACTIVATIONS = ("sigmoid", "softmax")


def probability_head(
    x: Any, *, activation: str = "sigmoid", kernel: int = 1, enlarge: int = 1
) -> Any:
    """A convolution to scores and the probability of landslide, float32 under every policy.

    Args:
        x: (B, H, W, C) features.
        activation: `sigmoid` (one score) or `softmax` (two: background, landslide).
        kernel: side of the convolution.
        enlarge: bilinear up-sampling of the scores, for features at a stride.

    Returns:
        (B, H * enlarge, W * enlarge, 1), in [0, 1].
    """
    scores = score_count(activation)
    x = layers.Conv2D(scores, kernel, padding="same", dtype="float32", name="head")(x)
    if enlarge > 1:
        x = BilinearUpSampling2D(enlarge, dtype="float32", name="up")(x)
    return probability(x, activation=activation)


def score_count(activation: str) -> int:
    """Scores per pixel: one for `sigmoid`, two for `softmax`, of background and landslide."""
    return 1 if activation == "sigmoid" else 2


def probability(scores: Any, *, activation: str = "sigmoid") -> Any:
    """Scores (B, H, W, 1), or (B, H, W, 2) with softmax, to the probability of landslide."""
    x = layers.Activation(activation, dtype="float32", name="probability")(scores)
    return LandslideChannel(dtype="float32", name="landslide")(x) if activation == "softmax" else x
