"""Which pixels of its input a single layer needs for given pixels of its output."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

from keras import layers

from keras_landslide.layers import BandNormalization
from keras_landslide.layers.category_expansion import CategoryExpansion
from keras_landslide.layers.landslide_channel import LandslideChannel
from keras_landslide.layers.pad_to_skip import PadToSkip
from keras_landslide.layers.unpooling import MaxPoolingWithIndices, MaxUnpooling
from keras_landslide.layers.uphill_alignment import UphillAlignment


class Interval(NamedTuple):
    """Pixels `first` to `last`, both included, along one axis; may leave the image."""

    first: int
    last: int

    def __or__(self, other: Any) -> Interval:
        """The smallest interval that holds both."""
        return Interval(min(self.first, other.first), max(self.last, other.last))


@dataclass(frozen=True)
class Reach:
    """A layer's geometry along one axis.

    Attributes:
        before: input pixels that an interval of output pixels needs.
        scale: size of an input pixel in output pixels (1/2 for stride 2, 2 for up-sampling by 2).
    """

    before: Callable[[Interval], Interval]
    scale: Fraction = Fraction(1)


POINTWISE = (
    BandNormalization,
    CategoryExpansion,
    LandslideChannel,
    PadToSkip,
    layers.Activation,
    layers.ActivityRegularization,
    layers.AlphaDropout,
    layers.BatchNormalization,
    layers.Dropout,
    layers.ELU,
    layers.GaussianDropout,
    layers.GaussianNoise,
    layers.Identity,
    layers.LeakyReLU,
    layers.Normalization,
    layers.PReLU,
    layers.ReLU,
    layers.Rescaling,
    layers.SpatialDropout2D,
)
MERGES = (
    layers.Add,
    layers.Average,
    layers.Maximum,
    layers.Minimum,
    layers.Multiply,
    layers.Subtract,
)
CONVOLUTIONS = (layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D)
POOLINGS = (layers.MaxPooling2D, layers.AveragePooling2D)


def reach(layer: Any, axis: int) -> Reach | None:
    """Geometry of `layer` along image axis 0 (rows) or 1 (columns).

    Tensors are (B, H, W, C). None where the layer sees the whole image or is not known here.
    """
    if isinstance(layer, (*POINTWISE, *MERGES)):
        return Reach(lambda out: out)
    if isinstance(layer, UphillAlignment):
        far = layer.reach_px
        return Reach(lambda out: Interval(out.first - far, out.last + far))
    if isinstance(layer, layers.Concatenate | layers.LayerNormalization | layers.Softmax):
        return Reach(lambda out: out) if _channels_only(layer.axis) else None
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        return None
    # Conv2DTranspose is no Conv2D in Keras, but its order here does not rely on that.
    if isinstance(layer, layers.Conv2DTranspose):
        return _transposed(layer, axis)
    if isinstance(layer, CONVOLUTIONS):
        kernel = (layer.kernel_size[axis] - 1) * layer.dilation_rate[axis] + 1
        return _sliding(kernel, layer.strides[axis], layer.padding)
    if isinstance(layer, POOLINGS):
        return _sliding(layer.pool_size[axis], layer.strides[axis], layer.padding)
    if isinstance(layer, MaxPoolingWithIndices):
        return _sliding(2, 2, "valid")
    if isinstance(layer, MaxUnpooling):
        return _upsampling(2, "nearest")
    if isinstance(layer, layers.UpSampling2D):
        return _upsampling(layer.size[axis], layer.interpolation)
    if isinstance(layer, layers.ZeroPadding2D):
        return _shifted(-layer.padding[axis][0])
    if isinstance(layer, layers.Cropping2D):
        return _shifted(layer.cropping[axis][0])
    return None


def _channels_only(axis: Any) -> bool:
    axes = axis if isinstance(axis, list | tuple) else [axis]
    return all(a in (-1, 3) for a in axes)


def _sliding(kernel: int, stride: int, padding: str) -> Reach | None:
    if padding not in ("same", "valid"):
        return None
    # "same" splits the padding evenly and puts an odd pixel after (sizes are stride multiples).
    pad = max(kernel - stride, 0) // 2 if padding == "same" else 0
    return Reach(
        lambda out: Interval(out.first * stride - pad, out.last * stride - pad + kernel - 1),
        Fraction(1, stride),
    )


def _transposed(layer: Any, axis: int) -> Reach | None:
    kernel = (layer.kernel_size[axis] - 1) * layer.dilation_rate[axis] + 1
    stride = layer.strides[axis]
    if layer.output_padding is not None or layer.padding not in ("same", "valid"):
        return None
    crop = max(kernel - stride, 0) // 2 if layer.padding == "same" else 0
    # Input i writes outputs i * stride - crop ... i * stride - crop + kernel - 1.
    return Reach(
        lambda out: Interval(
            -((kernel - 1 - out.first - crop) // stride), (out.last + crop) // stride
        ),
        Fraction(stride),
    )


def _upsampling(factor: int, interpolation: str) -> Reach | None:
    if interpolation == "nearest":
        return Reach(
            lambda out: Interval(out.first // factor, out.last // factor), Fraction(factor)
        )
    if interpolation == "bilinear":
        # Centres of pixels are aligned: output i samples the input at (i + 1/2) / factor - 1/2.
        return Reach(
            lambda out: Interval(
                (2 * out.first + 1 - factor) // (2 * factor),
                -((factor - 2 * out.last - 1) // (2 * factor)),
            ),
            Fraction(factor),
        )
    return None


def _shifted(pixels: int) -> Reach:
    return Reach(lambda out: Interval(out.first + pixels, out.last + pixels))
