"""The last layer of a calibrated network: probabilities to those that mean what they say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_landslide.errors import ModelError

_LEAST = 1e-7


@keras.saving.register_keras_serializable("keras_landslide")
class ProbabilityCalibration(keras.layers.Layer):
    """A rising map of probabilities, in float32 under every precision policy.

    With a temperature, log-odds are divided by it (Guo et al. 2017, arXiv:1706.04599). With knots
    `x` and `y`, the map is linear between them and flat beyond both ends (isotonic regression,
    Zadrozny and Elkan 2002, doi:10.1145/775047.775151). Its numbers are part of the layer's
    configuration, and no weights.

    Input: probabilities in [0, 1], any shape. Output: the same shape, in [0, 1].

    Args:
        temperature: above 0; None where there are knots.
        x: probabilities as predicted, ascending.
        y: calibrated probabilities, not descending, as many.

    Raises:
        ModelError: neither or both are given, or they make no rising map of [0, 1].
    """

    def __init__(
        self,
        temperature: float | None = None,
        x: Sequence[float] | None = None,
        y: Sequence[float] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"dtype": "float32"} | kwargs)
        self.temperature = temperature
        self.x, self.y = (None if each is None else [float(v) for v in each] for each in (x, y))
        if temperature is not None and x is None and y is None and temperature > 0:
            return
        knots, values = np.asarray(self.x or [], "float32"), np.asarray(self.y or [], "float32")
        inside = all(((each >= 0) & (each <= 1)).all() for each in (knots, values))
        rising = not (np.diff(knots) < 0).any() and not (np.diff(values) < 0).any()
        if temperature is not None or not knots.size or knots.size != values.size:
            raise ModelError("a calibration needs a temperature above 0, or as many x as y")
        if not (inside and rising):
            raise ModelError("the knots of a calibration make no rising map of [0, 1]")

    def call(self, inputs: Any) -> Any:
        """Map probabilities."""
        p = ops.cast(inputs, "float32")
        if self.temperature is not None:
            p = ops.clip(p, _LEAST, 1 - _LEAST)
            return ops.sigmoid((ops.log(p) - ops.log1p(-p)) / self.temperature)
        return self._between_knots(p)

    def _between_knots(self, p: Any) -> Any:
        """Linear between the knots on both sides, which a search by halves finds.

        Sums, products and look-ups alone, so that every engine has them and a plateau stays one.
        """
        x, y = np.asarray(self.x, "float32"), np.asarray(self.y, "float32")
        steps = int(np.ceil(np.log2(len(x)))) if len(x) > 1 else 0
        padded = np.full(2**steps, 2, "float32")  # what lies behind the last knot is never reached
        padded[: len(x)] = x
        gaps = np.diff(x)
        slope = np.zeros(2**steps, "float32")
        slope[: len(gaps)] = np.diff(y) / np.where(gaps > 0, gaps, 1)
        low = np.full(2**steps, y[-1], "float32")
        low[: len(y)] = y
        high = np.append(low[1:], y[-1])
        p = ops.clip(p, x[0], x[-1])
        place = ops.zeros_like(p, dtype="int32")
        for step in reversed(range(steps)):
            further = place + 2**step
            place = ops.where(p >= ops.take(padded, further), further, place)
        start, change = (ops.take(each, place) for each in (low, slope))
        return ops.minimum(start + (p - ops.take(padded, place)) * change, ops.take(high, place))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Same as the input's."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Its numbers."""
        numbers = {"temperature": self.temperature, "x": self.x, "y": self.y}
        return {**super().get_config(), **numbers}
