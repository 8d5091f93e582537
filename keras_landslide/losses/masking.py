"""What the losses have in common: unlabelled pixels are left out."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any, ClassVar

import keras
from keras import ops

from keras_landslide.errors import ModelError
from keras_landslide.labelled import labelled_pixels


class MaskedLoss(keras.losses.Loss):
    """A loss over the labelled pixels of a whole batch; a child has a `key` and `of_pixels`.

    Pixels labelled 255 enter no sum, no count and no gradient, whatever is predicted there; a batch
    of them alone costs 0. A NaN prediction of a labelled pixel makes the loss NaN. All is computed
    in float32 under every precision policy, and the result is a scalar that no further reduction
    changes.

    The networks put out probabilities. Beyond about 16 log-odds these round to 1 in float32, or lie
    below the 1e-7 at which logarithms are clipped: a pixel as wrong as that has no gradient, or a
    vanishing one. From logits it has.

    Args:
        from_logits: whether predictions are logits z, with p = 1 / (1 + exp(-z)), instead of
            probabilities p.
        name: the loss's name in logs; its key on the shelf by default.
        dtype: precision of the reduction, float32.
    """

    key: ClassVar[str]

    def __init__(
        self, *, from_logits: bool = False, name: str | None = None, dtype: Any = "float32"
    ):
        super().__init__(name=name or self.key, dtype=dtype)
        self.from_logits = from_logits

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The scalar loss of a batch of (B, H, W, 1) labels 0, 1, 255 and predictions."""
        return self.of_pixels(*labelled_pixels(y_true, y_pred))

    def of_pixels(self, truth: Any, prediction: Any, weight: Any) -> Any:
        """The loss of flat pixels, see `labelled_pixels`."""
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {"from_logits": self.from_logits, "name": self.name, "dtype": self.dtype}


def checked(option: str, value: float, *, above: bool = False, high: float = math.inf) -> float:
    """The value of an option, a number from 0 to `high`.

    Args:
        option: its name.
        value: what was given.
        above: 0 itself is not possible.
        high: largest possible value.

    Raises:
        ModelError: the value is no number, not finite or out of range.
    """
    number = isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    if not number or not (value > 0 if above else value >= 0) or value > high:
        bound = "above 0" if above else "at least 0" if high == math.inf else f"from 0 to {high:g}"
        raise ModelError(f"{option} = {value!r} is not possible; it must be {bound}")
    return float(value)


def probabilities(prediction: Any, from_logits: bool) -> Any:
    """Probabilities as they are, or the sigmoid of logits."""
    return ops.sigmoid(prediction) if from_logits else prediction


def weighted_mean(values: Any, weight: Any) -> Any:
    """sum(w v) / sum(w), and 0 where all weights are 0."""
    total = ops.sum(weight)
    return ops.sum(weight * values) / ops.where(total > 0, total, ops.ones_like(total))
