"""Precision, recall and F1 of the landslide class over labelled pixels; one shelf, `METRICS`."""

from __future__ import annotations

import keras

from keras_landslide.errors import UnknownNameError
from keras_landslide.metrics.confusion import F1, Precision, Recall

METRICS: dict[str, type[keras.metrics.Metric]] = {
    "precision": Precision,
    "recall": Recall,
    "f1": F1,
}


def get(name: str, threshold: float = 0.5) -> keras.metrics.Metric:
    """A fresh metric of that name.

    Raises:
        UnknownNameError: listing the choices.
    """
    if name not in METRICS:
        raise UnknownNameError.among("metric", name, METRICS)
    return METRICS[name](threshold=threshold)


__all__ = ["F1", "METRICS", "Precision", "Recall", "get"]
