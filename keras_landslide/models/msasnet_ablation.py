"""The four networks of MsASNet's ablation study: a U-Net with none or one of its two modules.

Paper: N. Zhou et al., Remote Sensing 16, 2024, 1712, section 2.4 and Table 2. Input, output,
layers, readings and trainable parameters are described in `models.msasnet`.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras

from keras_landslide.layers.attention import cbam, channel_attention
from keras_landslide.models.msasnet import build_network


def unet_msasnet(
    image_shape: Sequence[int | None],
    *,
    filters: int = 64,
    reading: str = "B",
    dropout: float = 0.0,
    activation: str = "sigmoid",
) -> keras.Model:
    """The plain U-Net that the ablation study starts from; arguments as in `msasnet`."""
    return build_network(
        "unet_msasnet",
        image_shape,
        filters=filters,
        reading=reading,
        dropout=dropout,
        activation=activation,
    )


def unet_ca(
    image_shape: Sequence[int | None],
    *,
    filters: int = 64,
    reading: str = "B",
    dropout: float = 0.0,
    activation: str = "sigmoid",
) -> keras.Model:
    """The U-Net with channel attention, CBAM's first half; arguments as in `msasnet`."""
    return build_network(
        "unet_ca",
        image_shape,
        filters=filters,
        reading=reading,
        dropout=dropout,
        activation=activation,
        attention=channel_attention,
    )


def unet_cbam(
    image_shape: Sequence[int | None],
    *,
    filters: int = 64,
    reading: str = "B",
    dropout: float = 0.0,
    activation: str = "sigmoid",
) -> keras.Model:
    """The U-Net with CBAM; arguments as in `msasnet`."""
    return build_network(
        "unet_cbam",
        image_shape,
        filters=filters,
        reading=reading,
        dropout=dropout,
        activation=activation,
        attention=cbam,
    )


def unet_psp(
    image_shape: Sequence[int | None],
    *,
    filters: int = 64,
    reading: str = "B",
    dropout: float = 0.0,
    activation: str = "sigmoid",
) -> keras.Model:
    """The U-Net with pyramid pooling; arguments as in `msasnet`."""
    return build_network(
        "unet_psp",
        image_shape,
        filters=filters,
        reading=reading,
        dropout=dropout,
        activation=activation,
        pyramid=True,
    )
