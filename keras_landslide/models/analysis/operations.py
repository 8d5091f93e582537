"""Operations of a single layer: true multiply-adds, and a profiler's reading of them."""

from __future__ import annotations

import math
from typing import Any

from keras import layers

from keras_landslide.errors import ModelError
from keras_landslide.layers.pyramid_pooling import AdaptiveAveragePooling
from keras_landslide.models.analysis.steps import Step

BATCH_NORMALIZATION = 4
BILINEAR = 11
"""Operations per output value in the profiler's reading."""


def multiply_adds(step: Step) -> int:
    """Multiply-adds of a layer's weights with its input, for tensors (1, H, W, C) or (1, C).

    - convolution: H_out W_out C_out (C_in / groups) k_h k_w; dilation changes nothing, stride and
      padding through the output's size
    - depthwise: H_out W_out C_in multiplier k_h k_w; separable: that and the 1 x 1 after it
    - transposed convolution: H_in W_in C_in C_out k_h k_w, each input pixel with the whole kernel
    - dense: values out, times features in

    Raises:
        ModelError: the layer has a matrix or kernel of weights, and no rule.
    """
    layer = step.layer
    size_in, size_out = (math.prod(t[0].shape) for t in (step.inputs, step.outputs))
    kernel = math.prod(getattr(layer, "kernel_size", (1,)))
    if isinstance(layer, layers.Conv2DTranspose):
        return size_in * layer.filters * kernel
    if isinstance(layer, layers.SeparableConv2D):
        # The output's pixels, each with the channels between the two convolutions.
        middle = size_out // layer.filters * step.inputs[0].shape[-1] * layer.depth_multiplier
        return middle * (kernel + layer.filters)
    if isinstance(layer, layers.DepthwiseConv2D):
        return size_out * kernel
    if isinstance(layer, layers.Conv2D):
        return size_out * kernel * (step.inputs[0].shape[-1] // layer.groups)
    if isinstance(layer, layers.Dense):
        return size_out * step.inputs[0].shape[-1]
    matrices = [w for w in getattr(layer, "trainable_weights", ()) if _is_matrix(w)]
    if matrices:
        raise ModelError(
            f"layer '{layer.name}' ({type(layer).__name__}) has weights, but no rule says how "
            "many operations it takes"
        )
    return 0


def profiler_operations(step: Step) -> int:
    """Operations by the rules of the PyTorch profiler thop 0.1.1.

    Its "FLOPs" are multiply-adds, except that a transposed convolution is charged with the pixels
    of its output, batch normalisation with 4 operations per value, and bilinear up-sampling layers
    with 11 per value put out. Average pooling to fixed bins costs an operation per value that goes
    in and one per bin. All else is free.
    """
    layer = step.layer
    size_in, size_out = (math.prod(t[0].shape) for t in (step.inputs, step.outputs))
    if isinstance(layer, layers.Conv2DTranspose):
        return size_out * step.inputs[0].shape[-1] * math.prod(layer.kernel_size)
    if isinstance(layer, layers.BatchNormalization):
        return BATCH_NORMALIZATION * size_out
    if isinstance(layer, layers.UpSampling2D) and layer.interpolation == "bilinear":
        return BILINEAR * size_out
    if isinstance(layer, AdaptiveAveragePooling | layers.GlobalAveragePooling2D):
        return size_in + size_out
    return multiply_adds(step)


def _is_matrix(weight: Any) -> bool:
    # PReLU's slopes and the like are one number per channel, whatever their rank.
    return len(weight.shape) >= 2 and math.prod(weight.shape) > max(weight.shape)
