"""What a network says of batches, in constant memory; whole, and where a sensor is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from keras_landslide.bands import band_groups
from keras_landslide.evaluation.answers import answers, as_predict
from keras_landslide.training.band_dropout import HiddenBands
from keras_landslide.training.batches import BatchSource
from keras_landslide.training.threshold import ProbabilityHistogram, best_f1


def histogram(model: keras.Model, source: BatchSource) -> ProbabilityHistogram:
    """The probabilities of all pixels of the first epoch of `source`."""
    found = ProbabilityHistogram()
    batches = (source.batch(0, index) for index in range(len(source)))
    for said, labels in answers(as_predict(model), batches):
        found.add(labels, said)
    return found


def without_sensors(
    model: keras.Model,
    chosen: BatchSource,
    splits: Mapping[str, BatchSource],
    names: Sequence[str],
) -> dict[str, Any]:
    """Thresholds and scores where a sensor is missing altogether.

    Args:
        model: a network trained with band dropout.
        chosen: what the threshold with the best F1 is chosen on, for each missing sensor.
        splits: what is scored at it, by name.
        names: the bands in channel order.

    Returns:
        Per sensor `threshold`, and the scores of each split.
    """
    found = {}
    for group, bands in band_groups(names).items():
        channels = [names.index(band) for band in bands]
        decisive = histogram(model, HiddenBands(chosen, channels))
        threshold = best_f1(decisive).value
        scores = {}
        for name, source in splits.items():
            seen = decisive
            if source is not chosen:
                seen = histogram(model, HiddenBands(source, channels))
            scores[name] = seen.counts_at(threshold).to_dict()
        found[group] = {"threshold": threshold, **scores}
    return found
