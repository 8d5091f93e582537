"""The four stages of ResNet-18 and ResNet-50 without convolution biases.

Source: K. He, X. Zhang, S. Ren and J. Sun, "Deep Residual Learning for Image Recognition", CVPR
2016, Table 1, with the stride of a bottleneck in its 3 x 3 convolution, as the common PyTorch
implementation has it. Trainable parameters for 3 channels and 64 filters: 11,176,512 (depth 18)
and 23,508,032 (depth 50).

A block computes y = ReLU(F(x) + S(x)). F is two 3 x 3 convolutions (depth 18) or 1 x 1, 3 x 3 and
1 x 1 with four times the filters (depth 50), each with batch normalisation, with ReLU between; S is
the identity, or a 1 x 1 convolution with batch normalisation where the shape changes.
"""

from __future__ import annotations

from typing import Any

from keras import layers

from keras_landslide.layers.convolution import conv_bn, conv_bn_relu
from keras_landslide.models.checks import OUTPUT_STRIDES, check_choice

BLOCKS = {18: (2, 2, 2, 2), 50: (3, 4, 6, 3)}


def resnet_stages(
    x: Any, *, depth: int, output_stride: int = 32, filters: int = 64, name: str = "resnet"
) -> list[Any]:
    """Stem (7 x 7 of stride 2, 3 x 3 max-pooling of stride 2) and the four stages.

    Args:
        x: (B, H, W, C), H and W multiples of `output_stride`.
        depth: 18 or 50.
        output_stride: 32, 16 or 8; below 32 the last one or two stages keep the resolution of the
            one before, and their 3 x 3 convolutions are dilated by 2, or 2 and 4, instead.
        filters: of the first stage; each further stage doubles them.
        name: prefix of the layer names.

    Returns:
        The outputs of the four stages, with `filters` * 1, 2, 4, 8 channels (depth 18) or four
        times as many (depth 50), at strides 4, 8, 16, 32, none above `output_stride`.

    Raises:
        ModelError: the depth or the output stride is none of these.
    """
    check_choice("depth", depth, tuple(BLOCKS))
    check_choice("output_stride", output_stride, OUTPUT_STRIDES)
    x = conv_bn_relu(x, filters, 7, strides=2, name=f"{name}_stem")
    x = layers.MaxPooling2D(3, strides=2, padding="same", name=f"{name}_stem_pool")(x)
    stages = []
    stride = 4
    dilation = 1
    for stage, blocks in enumerate(BLOCKS[depth]):
        step = 1 if stage == 0 else 2
        if stride * step > output_stride:
            dilation *= step
            step = 1
        stride *= step
        for block in range(blocks):
            x = _residual(
                x,
                filters * 2**stage,
                bottleneck=depth == 50,
                strides=step if block == 0 else 1,
                dilation=dilation,
                name=f"{name}_stage{stage + 1}_block{block + 1}",
            )
        stages.append(x)
    return stages


def _residual(
    x: Any, filters: int, *, bottleneck: bool, strides: int, dilation: int, name: str
) -> Any:
    shortcut = x
    if bottleneck:
        y = conv_bn_relu(x, filters, 1, name=f"{name}_conv1")
        y = conv_bn_relu(y, filters, strides=strides, dilation=dilation, name=f"{name}_conv2")
        y = conv_bn(y, 4 * filters, 1, name=f"{name}_conv3")
    else:
        y = conv_bn_relu(x, filters, strides=strides, dilation=dilation, name=f"{name}_conv1")
        y = conv_bn(y, filters, dilation=dilation, name=f"{name}_conv2")
    if strides > 1 or x.shape[-1] != y.shape[-1]:
        shortcut = conv_bn(x, y.shape[-1], 1, strides=strides, name=f"{name}_shortcut")
    y = layers.Add(name=f"{name}_add")([y, shortcut])
    return layers.ReLU(name=f"{name}_relu")(y)
