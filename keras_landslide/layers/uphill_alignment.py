"""Local alignment: features of the highest pixel around, at several ranges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_landslide.errors import ModelError
from keras_landslide.terrain.uphill_ring import reach_px, ring_offsets


@keras.saving.register_keras_serializable("keras_landslide")
class UphillAlignment(keras.layers.Layer):
    """Gather channels at the highest pixel of the ring at each range.

        A_D(y, x) = F(y + dy_k, x + dx_k),  k = argmax_k z(y + dy_k, x + dx_k)

    over the ring of `terrain.uphill_ring.ring_offsets`; of equal heights the first clockwise from
    north. Pixels beyond the image and NaN elevations are never chosen; where nothing can be, and
    where the pixel's own elevation is NaN, its own features are taken. The highest pixel is found
    here from the elevation channel, or was stored before (`terrain.uphill.uphill_index`) in index
    channels, a negative number or NaN where there is none: the result is the same. No gradient
    flows through the choice.

    Source: Hajimoradlou, Roberti and Poole, "Predicting Landslides Using Contour Aligning
    Convolutional Neural Networks", section 4.

    Input: (B, H, W, C), elevation in m, NaN where there is no data. Output: (B, H, W,
    len(ranges_m) * len(channels)) float32, all channels of the first range first.

    Args:
        ranges_m: distances of the rings; 30, 100 and 300 m in the study.
        cell_size_m: side of a pixel, or (height, width).
        channels: positions of the channels to gather; 22 in the study.
        elevation: position of the elevation channel; or
        index: positions of the stored indices, one per range.
        relative: positions of channels, of those gathered, that come out less the pixel's own
            value. Elevation differences travel to other places, elevations do not.

    Raises:
        ModelError: neither or both of `elevation` and `index`, a wrong number of indices, a
            position that the input does not have, or a relative one that is not gathered.
        TerrainError: a range is shorter than a pixel or far too long.
    """

    def __init__(
        self,
        ranges_m: Sequence[float],
        cell_size_m: float | Sequence[float],
        channels: Sequence[int],
        *,
        elevation: int | None = None,
        index: Sequence[int] | None = None,
        relative: Sequence[int] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"dtype": "float32"} | kwargs)
        self.ranges_m = [float(range_m) for range_m in ranges_m]
        both = cell_size_m if isinstance(cell_size_m, Sequence) else (cell_size_m, cell_size_m)
        self.cell_size_m = (float(both[0]), float(both[1]))
        self.channels = list(channels)
        self.elevation = elevation
        self.index = None if index is None else list(index)
        self.relative = list(relative)
        if (elevation is None) == (index is None):
            raise ModelError("uphill alignment needs an elevation channel or stored indices, one")
        if self.index is not None and len(self.index) != len(self.ranges_m):
            raise ModelError(
                f"uphill alignment has {len(self.index)} index channels for "
                f"{len(self.ranges_m)} ranges; give one per range"
            )
        if not (self.ranges_m and self.channels):
            raise ModelError("uphill alignment needs at least one range and one channel")
        strange = [c for c in self.relative if c not in self.channels]
        if strange:
            raise ModelError(
                f"uphill alignment cannot make channel {strange[0]} relative, which it does not "
                f"gather; it gathers {', '.join(map(str, self.channels))}"
            )
        self._rings = [ring_offsets(range_m, self.cell_size_m) for range_m in self.ranges_m]

    @property
    def reach_px(self) -> int:
        """How far an output pixel looks, pixels."""
        return max(map(reach_px, self._rings))

    def build(self, input_shape: tuple) -> None:
        """Check the positions."""
        source = [self.elevation] if self.index is None else self.index
        named = [*self.channels, *source]
        wrong = [c for c in named if c is not None and not 0 <= c < input_shape[-1]]
        if wrong:
            raise ModelError(
                f"uphill alignment asks for channel {wrong[0]} of {input_shape[-1]}, from 0"
            )

    def call(self, inputs: Any) -> Any:
        """Find the highest pixels and gather."""
        x = ops.cast(inputs, "float32")
        features = ops.take(x, np.array(self.channels, "int32"), axis=-1)
        sign = np.array([1.0 if c in self.relative else 0.0 for c in self.channels], "float32")
        parts = []
        for number, ring in enumerate(self._rings):
            if self.index is None:
                index = _highest(x[..., self.elevation], ring)
            else:
                stored = x[..., self.index[number]]
                index = ops.cast(ops.where(stored >= 0, stored, -1.0), "int32")
            gathered = _gather(features, ops.stop_gradient(index), ring)
            if self.relative:
                own = ops.where(sign > 0, features, ops.zeros_like(features))
                gathered = gathered - own
            parts.append(gathered)
        return ops.concatenate(parts, axis=-1)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """(B, H, W, len(ranges_m) * len(channels))."""
        return (*input_shape[:-1], len(self.ranges_m) * len(self.channels))

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {
            **super().get_config(),
            "ranges_m": self.ranges_m,
            "cell_size_m": list(self.cell_size_m),
            "channels": self.channels,
            "elevation": self.elevation,
            "index": self.index,
            "relative": self.relative,
        }


def _highest(elevation: Any, ring: np.ndarray) -> Any:
    """Index of the highest pixel of the ring, int32 (B, H, W), -1 where there is none."""
    shape = ops.shape(elevation)
    height, width = shape[1], shape[2]
    low = ops.full_like(elevation, -np.inf)
    known = ops.where(ops.isnan(elevation), low, elevation)
    reach = reach_px(ring)
    near = ops.pad(known, ((0, 0), (reach, reach), (reach, reach)), constant_values=-np.inf)
    best, index = low, ops.cast(ops.zeros_like(elevation), "int32") - 1
    for place, (dy, dx) in enumerate((ring + reach).tolist()):
        there = near[:, dy : dy + height, dx : dx + width]
        higher = there > best
        best = ops.where(higher, there, best)
        index = ops.where(higher, place, index)
    return ops.where(ops.isnan(elevation), -1, index)


def _gather(features: Any, index: Any, ring: np.ndarray) -> Any:
    """Features (B, H, W, F) of the pixels that indices stand for; their own where negative."""
    shape = ops.shape(features)
    batch, height, width, count = shape[0], shape[1], shape[2], features.shape[-1]
    with_self = np.concatenate([ring, np.zeros((1, 2), ring.dtype)]).astype("int32")
    place = ops.where(index < 0, len(ring), index)
    dy = ops.take(with_self[:, 0], place)
    dx = ops.take(with_self[:, 1], place)
    # An index stored for a larger image may point beyond this one: then the nearest pixel of it.
    row = ops.clip(ops.arange(height, dtype="int32")[None, :, None] + dy, 0, height - 1)
    col = ops.clip(ops.arange(width, dtype="int32")[None, None, :] + dx, 0, width - 1)
    image = ops.arange(batch, dtype="int32")[:, None, None]
    flat = (image * height + row) * width + col
    return ops.take(ops.reshape(features, (-1, count)), flat, axis=0)
