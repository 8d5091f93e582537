"""Encoders from `keras.applications`, for any number of channels and output strides 32, 16 and 8.

The graph is that of `keras.applications`, cloned with three changes: below stride 32 the strides of
the last one or two stages become 1 and the kernels of these stages are dilated by 2, or 2 and 4, in
turn (Chen et al. 2018); convolutions have no bias, since the batch normalisation after each
one takes it out again; the input has as many channels as there are bands.

A backbone is a model of its own inside the network, so `model.get_layer("resnet50").trainable =
False` freezes it. Its input are bands normalised by `BandNormalization`, which replaces
`preprocess_input` of `keras.applications`; see `pretrained.py` for weights.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
from keras import layers

from keras_landslide.errors import ModelError
from keras_landslide.layers.strided_pointwise import StridedPointwise
from keras_landslide.models.checks import OUTPUT_STRIDES, check_choice, check_range
from keras_landslide.models.pretrained import CAFFE, TF, load_pretrained

CONVOLUTIONS = (layers.Conv2D, layers.DepthwiseConv2D)


def resnet50(
    channels: int,
    *,
    output_stride: int = 16,
    filters: int = 64,
    weights: str | Path | None = None,
) -> keras.Model:
    """ResNet-50 (He et al. 2016).

    Args:
        channels: bands.
        output_stride: 32, 16 or 8.
        filters: of the first stage; 64 in the paper.
        weights: file of `keras.applications.ResNet50(include_top=False)` weights, for 64 filters;
            nothing is downloaded.

    Returns:
        A model (B, H, W, channels) -> [`conv2_block3_out` at stride 4 with 4 * filters channels,
        `conv5_block3_out` at `output_stride` with 32 * filters channels].

    Raises:
        ModelError: an option is out of range, or weights are given for another width.
        InputFileError: the weights cannot be read.
    """
    check_range("filters", filters, 1, whole=True)
    if weights is not None and filters != 64:
        raise ModelError(f"ResNet-50 weights are for filters = 64, not {filters}")
    source = keras.applications.ResNet50(
        weights=None, include_top=False, input_shape=(None, None, 3)
    )
    model = _adapted(
        source,
        channels,
        output_stride,
        native_stride=lambda name: {"conv4": 16, "conv5": 32}.get(name[:5], 8),
        width=filters / 64,
        taps=("conv2_block3_out", "conv5_block3_out"),
        name="resnet50",
    )
    if weights is not None:
        load_pretrained(source, model, weights, first="conv1_conv", scaling=CAFFE)
    return model


def mobilenet_v2(
    channels: int,
    *,
    output_stride: int = 16,
    alpha: float = 1.0,
    weights: str | Path | None = None,
) -> keras.Model:
    """MobileNetV2 (Sandler et al. 2018) up to its last bottleneck.

    Args:
        channels: bands.
        output_stride: 32, 16 or 8.
        alpha: width multiplier.
        weights: file of `keras.applications.MobileNetV2(include_top=False)` weights of this alpha;
            nothing is downloaded.

    Returns:
        A model (B, H, W, channels) -> [`block_2_add` at stride 4, `block_16_project_BN` at
        `output_stride`], with 24 and 320 channels at alpha 1.

    Raises:
        ModelError: an option is out of range.
        InputFileError: the weights cannot be read.
    """
    check_range("alpha", alpha, 0.05, 4)
    source = keras.applications.MobileNetV2(
        weights=None, include_top=False, input_shape=(None, None, 3), alpha=alpha
    )
    model = _adapted(
        source,
        channels,
        output_stride,
        native_stride=_mobilenet_stride,
        width=1,
        taps=("block_2_add", "block_16_project_BN"),
        name="mobilenetv2",
    )
    if weights is not None:
        load_pretrained(source, model, weights, first="Conv1", scaling=TF)
    return model


def _mobilenet_stride(name: str) -> int:
    block = re.match(r"block_(\d+)_", name)
    number = int(block[1]) if block else 0
    return 32 if number >= 13 else 16 if number >= 6 else 8


def _adapted(
    source: keras.Model,
    channels: int,
    output_stride: int,
    *,
    native_stride: Callable[[str], int],
    width: float,
    taps: tuple[str, ...],
    name: str,
) -> keras.Model:
    """A clone without weights.

    Args:
        source: model of `keras.applications`.
        channels: of the input.
        output_stride: 32, 16 or 8.
        native_stride: stride of the stage that a layer of this name is in, 8 for all up to 8.
        width: factor on the filters.
        taps: names of the layers whose outputs are the clone's.
        name: of the clone.
    """
    check_choice("output_stride", output_stride, OUTPUT_STRIDES)

    def adapt(layer: keras.layers.Layer) -> keras.layers.Layer:
        config: dict[str, Any] = layer.get_config()
        dilation = native_stride(layer.name) // output_stride
        if isinstance(layer, layers.Conv2D):
            config |= {"use_bias": False, "filters": max(round(width * config["filters"]), 1)}
        if dilation > 1 and isinstance(layer, CONVOLUTIONS):
            spread = dilation if config["kernel_size"] != (1, 1) else 1
            config |= {"strides": 1, "dilation_rate": spread, "padding": "same"}
        if dilation > 1 and isinstance(layer, layers.ZeroPadding2D):
            config["padding"] = 0
        pointwise = isinstance(layer, layers.Conv2D) and layer.kernel_size == (1, 1)
        if pointwise and config["strides"] == (2, 2):
            return StridedPointwise.from_config(config)
        return type(layer).from_config(config)

    image = keras.Input((None, None, channels), name="bands")
    clone = keras.models.clone_model(source, input_tensors=image, clone_function=adapt)
    return keras.Model(clone.inputs, [clone.get_layer(tap).output for tap in taps], name=name)
