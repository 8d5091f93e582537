"""Boundary F1 over batches of images, as `keras_landslide.evaluation.boundaries` over maps."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from keras_landslide.bands import UNLABELLED
from keras_landslide.metrics.confusion import PooledCounts


@keras.saving.register_keras_serializable("keras_landslide")
class BoundaryF1(PooledCounts):
    """Do predicted outlines run where the true ones do? Csurka et al. 2013, doi:10.5244/C.27.32.

    A boundary pixel is a labelled landslide pixel with a labelled background pixel above, below,
    left or right in the same image; it is found where one of the other side lies within the
    tolerance. 0 where there is no boundary.

    Args:
        threshold: decision threshold in [0, 1].
        name: the metric's name in logs.
        dtype: precision of the counts, float32.
        tolerance_px: distance that is near, pixels (Euclidean).
    """

    CELLS = 4

    def __init__(
        self,
        threshold: float = 0.5,
        name: str = "boundary_f1",
        dtype: Any = "float32",
        tolerance_px: int = 2,
    ):
        super().__init__(threshold, name, dtype)
        self.tolerance_px = tolerance_px

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add images: labels in {0, 1, 255} and probabilities, (B, H, W, 1), (B, H, W) or (H, W).

        `sample_weight` is ignored, as everywhere: what does not count is labelled 255.
        """
        truth, probability = (_images(each) for each in (y_true, y_pred))
        labelled = ops.not_equal(truth, float(UNLABELLED))
        sides = (ops.greater_equal(probability, self.threshold), ops.equal(truth, 1.0))
        edges = [_outline(side, labelled) for side in sides]
        reach = np.arange(-self.tolerance_px, self.tolerance_px + 1)
        disk = np.add.outer(reach**2, reach**2) <= self.tolerance_px**2
        near = [_spread(edge, disk) for edge in edges]
        said, so = edges
        self.add([(said, said), (said, near[1]), (so, so), (so, near[0])])

    def result(self) -> Any:
        """The boundary F1 so far."""
        predicted, predicted_near, true, true_near = self.counts()
        precision = ops.divide_no_nan(predicted_near, predicted)
        recall = ops.divide_no_nan(true_near, true)
        return ops.divide_no_nan(2.0 * precision * recall, precision + recall)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {**super().get_config(), "tolerance_px": self.tolerance_px}


_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], bool)


def _images(values: Any) -> Any:
    """As float32 (B, H, W, 1)."""
    values = ops.cast(values, "float32")
    if len(values.shape) == 2:
        return values[None, ..., None]
    return values[..., None] if len(values.shape) == 3 else values


def _outline(side: Any, labelled: Any) -> Any:
    inside = ops.logical_and(side, labelled)
    outside = ops.logical_and(ops.logical_not(side), labelled)
    return ops.logical_and(inside, _spread(outside, _CROSS))


def _spread(where: Any, shape: np.ndarray) -> Any:
    """Pixels that have one of `where` within `shape` around them; the rim has no others."""
    kernel = ops.convert_to_tensor(shape.astype("float32")[..., None, None])
    pixels = ops.cast(where, "float32")
    found = ops.conv(pixels, kernel, padding="same", data_format="channels_last")
    return ops.greater(found, 0.5)
