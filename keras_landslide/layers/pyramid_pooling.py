"""Pyramid pooling: what an image region shows as a whole, at several sizes, for every pixel.

Source: H. Zhao, J. Shi, X. Qi, X. Wang and J. Jia, "Pyramid Scene Parsing Network", CVPR 2017,
section 3.2 and Fig. 3. The image is divided into 1 x 1, 2 x 2, 3 x 3 and 6 x 6 bins; the mean of
each bin goes through a 1 x 1 convolution, is brought back to the size of the features and is
concatenated with them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import layers, ops

from keras_landslide.layers.convolution import conv_bn_relu

BINS = (1, 2, 3, 6)


@keras.saving.register_keras_serializable("keras_landslide")
class AdaptiveAveragePooling(keras.layers.Layer):
    """Mean over `bins` x `bins` regions of an image of any size, known or not when it is built.

    Along an axis of n pixels, bin b holds pixels floor(b n / bins) to ceil((b + 1) n / bins) - 1,
    as in PyTorch; bins overlap where `bins` does not divide n. The mean over a rectangle of pixels
    is a product with one matrix per axis, y = P_h x P_w^T, P[b, i] = 1 / |bin b| for pixel i in
    bin b and 0 elsewhere. (Keras' layer of that name needs the size when the network is built.)

    Input: (B, H, W, C). Output: (B, bins, bins, C), accumulated in float32.
    """

    def __init__(self, bins: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bins = bins

    def call(self, inputs: Any) -> Any:
        """Average."""
        _, height, width, _ = ops.shape(inputs)
        x = ops.cast(inputs, "float32")
        x = ops.einsum("bi,nijc->nbjc", pooling_matrix(height, self.bins), x)
        x = ops.einsum("bj,nijc->nibc", pooling_matrix(width, self.bins), x)
        return ops.cast(x, self.compute_dtype)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """(B, bins, bins, C)."""
        return (input_shape[0], self.bins, self.bins, input_shape[-1])

    def get_config(self) -> dict:
        """Arguments."""
        return {**super().get_config(), "bins": self.bins}


def pooling_matrix(size: Any, bins: int) -> Any:
    """P of `AdaptiveAveragePooling`, (bins, size); `size` is a number or a scalar tensor."""
    bin_index = ops.arange(bins, dtype="int32")
    first = (bin_index * size // bins)[:, None]
    end = (((bin_index + 1) * size + bins - 1) // bins)[:, None]
    pixel = ops.arange(size, dtype="int32")[None]
    inside = ops.cast(ops.logical_and(pixel >= first, pixel < end), "float32")
    return inside / ops.cast(end - first, "float32")


@keras.saving.register_keras_serializable("keras_landslide")
class ResizeLike(keras.layers.Layer):
    """Bilinear resizing of (B, h, w, C) to the height and width of a second tensor.

    Centres of pixels are aligned and the border is repeated, as in `UpSampling2D`. It is a product
    with one matrix per axis as well, y = R_h x R_w^T, R[i, b] = max(0, 1 - |c_i - b|), where c_i is
    (i + 1/2) h / H - 1/2 limited to [0, h - 1]. (Keras' resizing takes no size that is known only
    when the graph runs.)

    Inputs: the features, and (B, H, W, any). Output: (B, H, W, C).
    """

    def call(self, inputs: Sequence[Any]) -> Any:
        """Resize."""
        x, like = inputs
        _, height, width, _ = ops.shape(x)
        _, new_height, new_width, _ = ops.shape(like)
        y = ops.cast(x, "float32")
        y = ops.einsum("ib,nbjc->nijc", interpolation_matrix(height, new_height), y)
        y = ops.einsum("jb,nibc->nijc", interpolation_matrix(width, new_width), y)
        return ops.cast(y, self.compute_dtype)

    def compute_output_shape(self, input_shape: Sequence[tuple]) -> tuple:
        """(B, H, W, C)."""
        x, like = input_shape
        return (x[0], like[1], like[2], x[-1])


def interpolation_matrix(size: Any, new_size: Any) -> Any:
    """R of `ResizeLike`, (new_size, size); both are numbers or scalar tensors."""
    step = ops.cast(size, "float32") / ops.cast(new_size, "float32")
    centre = (ops.arange(new_size, dtype="float32") + 0.5) * step - 0.5
    centre = ops.clip(centre, 0, ops.cast(size, "float32") - 1)
    distance = ops.abs(centre[:, None] - ops.arange(size, dtype="float32")[None])
    return ops.relu(1 - distance)


def pyramid_pooling(
    x: Any,
    filters: int,
    *,
    bins: Sequence[int] = BINS,
    convolution: Callable[..., Any] = conv_bn_relu,
    name: str,
) -> Any:
    """Concatenate features with their means over bins of several sizes.

    Args:
        x: (B, H, W, C).
        filters: of each size of bins.
        bins: bins per side, one branch each.
        convolution: of the means, called (x, filters, kernel, name=); CBR by default. The batch
            normalisation of a single bin sees one value per image: in training with batches of one
            image its branch says nothing of the image.
        name: prefix of the layer names.

    Returns:
        (B, H, W, C + len(bins) * filters), the features themselves first.
    """
    branches = [x]
    for count in bins:
        y = AdaptiveAveragePooling(count, name=f"{name}_pool{count}")(x)
        y = convolution(y, filters, 1, name=f"{name}_conv{count}")
        branches.append(ResizeLike(name=f"{name}_resize{count}")([y, x]))
    return layers.Concatenate(name=f"{name}_concat")(branches)
