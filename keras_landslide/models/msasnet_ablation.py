"""The four networks of MsASNet's ablation study: a U-Net with none or one of its two modules.

Paper: N. Zhou et al., Remote Sensing 16, 2024, 1712, section 2.4 and Table 2. Input, output,
layers, readings and trainable parameters are described in `models.msasnet`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras

from keras_landslide.layers.attention import cbam, channel_attention
from keras_landslide.models.msasnet import build_network


def _network(
    name: str, what: str, *, pyramid: bool = False, attention: Callable[..., Any] | None = None
) -> Callable[..., keras.Model]:
    """A builder with the options of `msasnet`, and its own modules."""

    def build(
        image_shape: Sequence[int | None],
        *,
        filters: int = 64,
        reading: str = "B",
        dropout: float = 0.0,
        activation: str = "sigmoid",
    ) -> keras.Model:
        return build_network(
            name,
            image_shape,
            filters=filters,
            reading=reading,
            dropout=dropout,
            activation=activation,
            pyramid=pyramid,
            attention=attention,
        )

    build.__name__ = build.__qualname__ = name
    build.__doc__ = f"{what}; arguments as in `msasnet`."
    return build


unet_msasnet = _network("unet_msasnet", "The plain U-Net that the ablation study starts from")
unet_ca = _network(
    "unet_ca",
    "The U-Net with channel attention, CBAM's first half",
    attention=channel_attention,
)
unet_cbam = _network("unet_cbam", "The U-Net with CBAM", attention=cbam)
unet_psp = _network("unet_psp", "The U-Net with pyramid pooling", pyramid=True)
