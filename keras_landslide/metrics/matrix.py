"""Pooled scores that need all four cells of the confusion matrix."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_landslide.metrics.confusion import PooledCounts


class FourCounts(PooledCounts):
    """Pooled counts with the true negatives; ratios with a zero denominator are 0."""

    CELLS = 4
    NAME = ""

    def __init__(self, threshold: float = 0.5, name: str | None = None, dtype: Any = "float32"):
        super().__init__(threshold, name or self.NAME, dtype)

    def shares(self) -> tuple[Any, Any, Any, Any]:
        """TP, FP, FN and TN over their sum: products of shares stay within float32."""
        counts = self.counts()
        total = sum(counts[1:], counts[0])
        tp, fp, fn, tn = (ops.divide_no_nan(count, total) for count in counts)
        return tp, fp, fn, tn


@keras.saving.register_keras_serializable("keras_landslide")
class ConfusionMatrix(FourCounts):
    """The four counts, and the same with each row of the truth summing to 1."""

    NAME = "confusion"

    def result(self) -> dict[str, Any]:
        """`tp`, `fp`, `fn`, `tn`, and their shares of the row as `tp_share` and so on."""
        tp, fp, fn, tn = self.counts()
        share = ops.divide_no_nan
        return {
            **{"tp": tp, "fp": fp, "fn": fn, "tn": tn},
            **{"tp_share": share(tp, tp + fn), "fn_share": share(fn, tp + fn)},
            **{"fp_share": share(fp, fp + tn), "tn_share": share(tn, fp + tn)},
        }


@keras.saving.register_keras_serializable("keras_landslide")
class Accuracy(FourCounts):
    """Overall pixel accuracy, (TP + TN) / n."""

    NAME = "accuracy"

    def result(self) -> Any:
        """The accuracy so far."""
        tp, _, _, tn = self.shares()
        return tp + tn


@keras.saving.register_keras_serializable("keras_landslide")
class MeanAccuracy(FourCounts):
    """Mean pixel accuracy: the mean of recall and specificity."""

    NAME = "mean_accuracy"

    def result(self) -> Any:
        """The mean accuracy so far."""
        tp, fp, fn, tn = self.shares()
        return (ops.divide_no_nan(tp, tp + fn) + ops.divide_no_nan(tn, tn + fp)) / 2


@keras.saving.register_keras_serializable("keras_landslide")
class MacroF1(FourCounts):
    """Mean of the F1 of the landslide and of the background class."""

    NAME = "macro_f1"

    def result(self) -> Any:
        """The macro F1 so far."""
        tp, fp, fn, tn = self.shares()
        wrong = fp + fn
        landslide = ops.divide_no_nan(2 * tp, 2 * tp + wrong)
        return (landslide + ops.divide_no_nan(2 * tn, 2 * tn + wrong)) / 2


@keras.saving.register_keras_serializable("keras_landslide")
class LandslideIoU(FourCounts):
    """TP / (TP + FP + FN)."""

    NAME = "landslide_iou"

    def result(self) -> Any:
        """The IoU so far."""
        tp, fp, fn, _ = self.shares()
        return ops.divide_no_nan(tp, tp + fp + fn)


@keras.saving.register_keras_serializable("keras_landslide")
class BackgroundIoU(FourCounts):
    """TN / (TN + FP + FN)."""

    NAME = "background_iou"

    def result(self) -> Any:
        """The IoU so far."""
        _, fp, fn, tn = self.shares()
        return ops.divide_no_nan(tn, tn + fp + fn)


@keras.saving.register_keras_serializable("keras_landslide")
class MeanIoU(FourCounts):
    """Mean of the IoU of the landslide and of the background class."""

    NAME = "mean_iou"

    def result(self) -> Any:
        """The mean IoU so far."""
        tp, fp, fn, tn = self.shares()
        wrong = fp + fn
        return (ops.divide_no_nan(tp, tp + wrong) + ops.divide_no_nan(tn, tn + wrong)) / 2


@keras.saving.register_keras_serializable("keras_landslide")
class FrequencyWeightedIoU(FourCounts):
    """IoU of the two classes, each weighted by its share of the truth."""

    NAME = "frequency_weighted_iou"

    def result(self) -> Any:
        """The weighted IoU so far."""
        tp, fp, fn, tn = self.shares()
        wrong = fp + fn
        landslide = (tp + fn) * ops.divide_no_nan(tp, tp + wrong)
        return landslide + (tn + fp) * ops.divide_no_nan(tn, tn + wrong)


@keras.saving.register_keras_serializable("keras_landslide")
class Kappa(FourCounts):
    """Cohen's kappa, agreement beyond chance.

    2 (TP TN - FP FN) / [(TP + FP)(FP + TN) + (TP + FN)(FN + TN)]: the same number as
    (p0 - pe) / (1 - pe), without its cancellation in float32.
    """

    NAME = "kappa"

    def result(self) -> Any:
        """The kappa so far."""
        tp, fp, fn, tn = self.shares()
        chance = (tp + fp) * (fp + tn) + (tp + fn) * (fn + tn)
        return ops.divide_no_nan(2 * (tp * tn - fp * fn), chance)
