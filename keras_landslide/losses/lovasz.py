"""Lovász loss over labelled pixels: the convex extension of the Jaccard loss."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_landslide.losses.masking import MaskedLoss


@keras.saving.register_keras_serializable("keras_landslide")
class LovaszLoss(MaskedLoss):
    """The Lovász extension of one minus the landslides' IoU, over all labelled pixels of the batch.

        L = sum_k relu(m_k) (J_k - J_(k-1)),  m_1 >= m_2 >= ...,  J_0 = 0
        J_k = 1 - |landslides without the first k pixels| / |landslides or first k pixels|

    The pixels are sorted by their errors m:

    - from probabilities: m = |y - p|, the Lovász-Softmax of the landslide class alone;
    - from logits: m = 1 - (2 y - 1) z, the Lovász hinge. It is another loss, not the first one
      after a sigmoid.

    Where p is 0 or 1 throughout, the first form is one minus the IoU. A batch without landslides
    costs its largest error. There is no smoothing constant. Counts are exact up to 2^24 pixels.

    Source: Berman, Rannen Triki and Blaschko 2018, doi:10.1109/CVPR.2018.00464, eq. 8 to 11 and
    Algorithm 1.

    Arguments as in `MaskedLoss`.
    """

    key = "lovasz"

    def of_pixels(self, truth: Any, prediction: Any, weight: Any) -> Any:
        """The loss of flat pixels."""
        if self.from_logits:
            error = 1.0 - (2.0 * truth - 1.0) * prediction
        else:
            error = ops.abs(truth - prediction)
        order = ops.argsort(-ops.stop_gradient(error))
        slope = ops.stop_gradient(_slope(ops.take(truth, order), ops.take(weight, order)))
        return ops.sum(ops.relu(ops.take(error, order)) * slope)


def _slope(truth: Any, weight: Any) -> Any:
    """J_k - J_(k-1) for pixels in order; 0 for those of weight 0, which J does not count."""
    missed = ops.sum(truth) - ops.cumsum(truth)
    union = ops.sum(truth) + ops.cumsum(weight * (1.0 - truth))
    # Before the first labelled pixel of a batch without landslides, the union is empty and J is 0.
    jaccard = (union - missed) / ops.maximum(union, 1.0)
    return jaccard - ops.concatenate([ops.zeros_like(jaccard[:1]), jaccard[:-1]])
