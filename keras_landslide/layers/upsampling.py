"""Enlarging by a whole factor: learned or bilinear transposed convolution, or interpolation."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from keras_landslide.errors import ModelError
from keras_landslide.layers.bilinear import BilinearUpSampling2D

UPSAMPLINGS = ("learned", "frozen", "bilinear")


def upsample(
    x: Any, factor: int, *, filters: int | None = None, kind: str = "learned", **options: Any
) -> Any:
    """(B, H, W, C) to (B, factor H, factor W, filters).

    Args:
        x: features.
        factor: whole and even.
        filters: of a learned one; all else keeps the channels.
        kind: `learned`: transposed convolution with a kernel of 2 * factor and bias; `frozen`: the
            same without bias, its weights fixed to bilinear interpolation; `bilinear`:
            interpolation. The last two agree up to factor / 2 pixels at the image border, where a
            transposed convolution adds zeros and the interpolation repeats the last pixel.
        **options: of the layer, such as `name` and `dtype`.
    """
    if kind == "bilinear":
        return BilinearUpSampling2D(factor, **options)(x)
    channels = x.shape[-1]
    frozen = kind == "frozen"
    return layers.Conv2DTranspose(
        channels if frozen else filters or channels,
        2 * factor,
        strides=factor,
        padding="same",
        use_bias=not frozen,
        kernel_initializer=BilinearKernel() if frozen else "glorot_uniform",
        trainable=not frozen,
        **options,
    )(x)


@keras.saving.register_keras_serializable("keras_landslide")
class BilinearKernel(keras.initializers.Initializer):
    """Weights with which a transposed convolution of kernel 2 f and stride f interpolates.

    k[i, j, c, c] = w[i] w[j] with w[i] = 1 - |i - f + 1/2| / f, and 0 between different channels
    (Long, Shelhamer and Darrell 2015, section 3.3).
    """

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        """The kernel, (2 f, 2 f, channels, channels).

        Raises:
            ModelError: an odd or oblong kernel, or other channels out than in.
        """
        height, width, outputs, inputs = shape
        if height != width or height % 2 or outputs != inputs:
            raise ModelError(
                f"a bilinear kernel is square and even with as many channels out as in, not {shape}"
            )
        factor = height // 2
        line = 1 - np.abs(np.arange(height) - factor + 0.5) / factor
        kernel = np.einsum("i,j,oc->ijoc", line, line, np.eye(inputs))
        return ops.convert_to_tensor(kernel, dtype or "float32")
