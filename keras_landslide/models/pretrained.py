"""Weights trained on RGB photographs (ImageNet), taken over by a network for any bands.

The networks normalise each band to z-scores z = (v - mean) / std, whereas the weights were trained
on other scalings u = a z + b of red, green and blue. The first convolution's kernel k is changed so
that a photograph with ImageNet's mean and std per band gives what it gave there:

    conv(u; k) = conv(z; a k) + sum(b k)      b k goes to the batch normalisation that follows

Other than three bands get the mean of the three kernels, times 3 / bands, so that the sum over the
bands keeps its size (Carreira and Zisserman 2017, "Quo Vadis, Action Recognition?", section 3.2,
do so in time). With three bands the order red, green, blue is assumed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from keras.layers import BatchNormalization

from keras_landslide.errors import InputFileError

MEAN = np.array([123.68, 116.779, 103.939])
STD = np.array([58.393, 57.12, 57.375])


@dataclass(frozen=True)
class Scaling:
    """u = (v - shift) / divisor per channel, v in 0..255; `bgr`: the channels are blue first."""

    shift: np.ndarray
    divisor: float
    bgr: bool = False


CAFFE = Scaling(shift=MEAN, divisor=1.0, bgr=True)
TF = Scaling(shift=np.full(3, 127.5), divisor=127.5)


def load_pretrained(
    source: keras.Model,
    model: keras.Model,
    path: str | Path,
    *,
    first: str,
    scaling: Scaling,
) -> None:
    """Read a weight file into `source` and take the weights over.

    Args:
        source: the RGB network that the file is for.
        model: a network with layers of the same names and without convolution biases; what the
            biases did goes to the moving means of batch normalisation.
        path: an .h5 file (`keras.applications` without top, or `model.save_weights`).
        first: name of the first convolution.
        scaling: of the images that the weights were trained on.

    Raises:
        InputFileError: there is no such file, it is no .h5 file, or it holds other weights.
    """
    path = Path(path)
    if path.suffix != ".h5" or not path.is_file():
        raise InputFileError(f"{path}: no .h5 weight file; nothing is downloaded, name a file")
    try:
        source.load_weights(path)
    except (OSError, ValueError, KeyError) as error:
        line = str(error).strip().splitlines()[0]
        raise InputFileError(f"{path}: no weights of {source.name} without top: {line}") from error
    for layer in model.layers:
        if not layer.weights:
            continue
        weights = source.get_layer(layer.name).get_weights()
        if isinstance(layer, BatchNormalization):
            convolution = source.get_layer(layer.name).input._keras_history.operation
            kernel, *bias = convolution.get_weights()
            # A constant added before the normalisation is one taken from the mean.
            weights[2] -= sum(bias)
            if convolution.name == first:
                weights[2] -= _offset(kernel, scaling)
        elif layer.name == first:
            weights = [_inflated(weights[0], scaling, model.input_shape[-1])]
        else:
            weights = weights[:1]
        layer.set_weights(weights)


def _inflated(kernel: np.ndarray, scaling: Scaling, channels: int) -> np.ndarray:
    """The kernel a k, (height, width, channels, filters)."""
    if scaling.bgr:
        kernel = kernel[:, :, ::-1]
    kernel = kernel * (STD / scaling.divisor)[:, None].astype(kernel.dtype)
    if channels == 3:
        return kernel
    return np.repeat(kernel.mean(axis=2, keepdims=True), channels, axis=2) * 3 / channels


def _offset(kernel: np.ndarray, scaling: Scaling) -> np.ndarray:
    """The sum of b k per filter."""
    offset = (MEAN - scaling.shift) / scaling.divisor
    return np.einsum("hwcf,c->f", kernel, offset[::-1] if scaling.bgr else offset)
