"""Bilinear enlargement that also works inside exported graphs of any image size."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("keras_landslide")
class BilinearUpSampling2D(layers.UpSampling2D):
    """(B, H, W, C) to (B, f H, f W, C), with the centres of pixels aligned.

        y[f k + j] = (1 - |t|) x[k] + |t| x[k + sign(t)],  t = (j + 1/2) / f - 1/2,  0 <= j < f

    along rows, then along columns; beyond the border the last pixel is repeated. The same values
    as `UpSampling2D(f, interpolation="bilinear")`, which Keras 3.15 refuses in TensorFlow graphs
    whose height or width is unknown, and which is used here wherever both are known, since it is
    faster.

    Args:
        size: f, a whole number.
    """

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        fixed = {"data_format": "channels_last", "interpolation": "bilinear"}
        super().__init__(size, **(kwargs | fixed))

    def call(self, inputs: Any) -> Any:
        """Enlarge."""
        if all(isinstance(length, int) for length in ops.shape(inputs)[1:3]):
            return super().call(inputs)
        return _enlarge(_enlarge(inputs, self.size[0], axis=1), self.size[1], axis=2)


def _enlarge(x: Any, factor: int, axis: int) -> Any:
    first, last = _part(x, axis, 0, 1), _part(x, axis, -1, None)
    before = ops.concatenate([first, _part(x, axis, 0, -1)], axis)
    after = ops.concatenate([_part(x, axis, 1, None), last], axis)
    phases = []
    for phase in range(factor):
        t = (phase + 0.5) / factor - 0.5
        phases.append((1 - abs(t)) * x + abs(t) * (before if t < 0 else after))
    shape = list(ops.shape(x))
    shape[axis] = shape[axis] * factor
    return ops.reshape(ops.stack(phases, axis + 1), shape)


def _part(x: Any, axis: int, start: int, stop: int | None) -> Any:
    part = slice(start, stop)
    return x[:, part] if axis == 1 else x[:, :, part]
