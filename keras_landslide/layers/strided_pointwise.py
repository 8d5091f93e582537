"""A 1 x 1 convolution with a stride, computed without its stride."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_landslide.errors import ModelError


@keras.saving.register_keras_serializable("keras_landslide")
class StridedPointwise(keras.layers.Conv2D):
    """1 x 1 convolution of every s-th pixel: `Conv2D(filters, 1, strides=s)` with the same weights.

    The pixels are taken first and convolved with stride 1, since the gradient of a strided 1 x 1
    convolution with few channels writes past its memory on CPUs (TensorFlow 2.21 with oneDNN: the
    process ends with "free(): invalid size").

    Raises:
        ModelError: the kernel is not 1 x 1.
    """

    def __init__(self, filters: int, kernel_size: Any = 1, **kwargs: Any) -> None:
        super().__init__(filters, kernel_size, **kwargs)
        if self.kernel_size != (1, 1):
            height, width = self.kernel_size
            raise ModelError(
                f"a pointwise convolution has a kernel of 1 x 1, not {height} x {width}"
            )

    def call(self, inputs: Any) -> Any:
        """(B, H, W, C) to (B, ceil(H / s), ceil(W / s), filters)."""
        rows, columns = self.strides
        x = ops.conv(inputs[:, ::rows, ::columns], self.kernel, data_format="channels_last")
        if self.use_bias:
            x = x + ops.cast(self.bias, x.dtype)
        return x if self.activation is None else self.activation(x)
