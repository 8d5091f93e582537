"""Scores of the landslide class over labelled pixels as Keras metrics; one shelf, `METRICS`."""

from __future__ import annotations

import keras

from keras_landslide.errors import UnknownNameError
from keras_landslide.metrics.boundary import BoundaryF1
from keras_landslide.metrics.confusion import F1, Precision, Recall
from keras_landslide.metrics.matrix import (
    Accuracy,
    BackgroundIoU,
    ConfusionMatrix,
    FrequencyWeightedIoU,
    Kappa,
    LandslideIoU,
    MacroF1,
    MeanAccuracy,
    MeanIoU,
)
from keras_landslide.metrics.probability import NLL, AveragePrecision, Brier, RocAuc

METRICS: dict[str, type[keras.metrics.Metric]] = {
    "confusion": ConfusionMatrix,
    "precision": Precision,
    "recall": Recall,
    "f1": F1,
    "macro_f1": MacroF1,
    "accuracy": Accuracy,
    "mean_accuracy": MeanAccuracy,
    "landslide_iou": LandslideIoU,
    "background_iou": BackgroundIoU,
    "mean_iou": MeanIoU,
    "frequency_weighted_iou": FrequencyWeightedIoU,
    "kappa": Kappa,
    "nll": NLL,
    "brier": Brier,
    "roc_auc": RocAuc,
    "average_precision": AveragePrecision,
    "boundary_f1": BoundaryF1,
}

LOGGED = ("precision", "recall", "f1")
"""The metrics that every training run counts."""


def get(name: str, threshold: float = 0.5) -> keras.metrics.Metric:
    """A fresh metric of that name; those of probabilities take no notice of the threshold.

    Raises:
        UnknownNameError: listing the choices.
    """
    if name not in METRICS:
        raise UnknownNameError.among("metric", name, METRICS)
    return METRICS[name](threshold=threshold)


__all__ = ["LOGGED", "METRICS", *(made.__name__ for made in METRICS.values()), "get"]
