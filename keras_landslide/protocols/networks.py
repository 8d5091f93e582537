"""Networks of a protocol: built, normalised, and asked."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np

from keras_landslide import models
from keras_landslide.evaluation.answers import Committee, answers, as_predict, chosen_batches
from keras_landslide.layers import BandNormalization
from keras_landslide.layers.bilinear import BilinearUpSampling2D
from keras_landslide.layers.centre_distance import CentreDistance
from keras_landslide.models.committee import normalisations
from keras_landslide.patches.cache import PatchCache
from keras_landslide.patches.statistics import band_statistics
from keras_landslide.protocols.entries import Entry
from keras_landslide.training.compiling import fix_seeds

BATCH = 8
MIRRORED = (0, 2, 4, 6)
"""Codes of `patches.symmetries` that keep height and width: the four mirrorings."""


def build_network(entry: Entry, cache: PatchCache, seed: int) -> keras.Model:
    """The untrained network, normalised by the training patches; indicator bands are left alone.

    Raises:
        ModelError: an option or the size of the patches does not fit.
    """
    fix_seeds(seed)
    height, width, channels = cache.images.shape[1:]
    options = dict(entry.options)
    if entry.name == "naive":
        options["probability"] = landslide_share(cache)
    model = scaled_network(entry, (height, width, channels), options)
    mean, std = band_statistics(cache)
    indicator = np.array([kind == "categorical" for kind in cache.kinds])
    mean, std = np.where(indicator, 0, mean), np.where(indicator, 1, std)
    if entry.centre:
        # The distance is about of this size already.
        mean, std = np.append(mean, 0), np.append(std, 1)
    normalisation(model).set_statistics(mean, std)
    return model


def scaled_network(
    entry: Entry, image_shape: tuple[int | None, int | None, int], options: dict
) -> keras.Model:
    """The entry's network, working at 1 / `entry.scale` of the image's resolution.

    Images are averaged over `scale` x `scale` pixels and probabilities interpolated back, so that
    raw full-size images go in and maps of their size come out. With `entry.centre` the network has
    a channel more than the image.
    """
    height, width, channels = image_shape
    if entry.scale == 1 and not entry.centre:
        return models.build(entry.name, image_shape, **options)
    small = tuple(None if side is None else side // entry.scale for side in (height, width))
    network = models.build(entry.name, (*small, channels + entry.centre), **options)
    image = x = keras.Input(image_shape, name="image")
    if entry.scale > 1:
        x = keras.layers.AveragePooling2D(entry.scale, name="average")(x)
    if entry.centre:
        x = CentreDistance(name="centre")(x)
    x = network(x)
    if entry.scale > 1:
        x = BilinearUpSampling2D(entry.scale, name="enlarge")(x)
    return keras.Model(image, x, name=f"{entry.name}_wrapped")


def normalisation(model: keras.Model) -> BandNormalization:
    """The layer that holds the band statistics, also where the network is part of another."""
    return next(normalisations(model))


def set_batch_momentum(model: keras.Model, momentum: float) -> None:
    """Let batch normalisation follow faster: with Keras' 0.99 a few hundred steps are too few."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = momentum
        elif isinstance(layer, keras.Model):
            set_batch_momentum(layer, momentum)


def landslide_share(cache: PatchCache) -> float:
    """Share of landslide among the labelled pixels of the training patches, off 0 and 1."""
    labels = cache.labels[cache.indices("train")]
    return float(np.clip((labels == 1).sum() / max((labels != 255).sum(), 1), 1e-6, 1 - 1e-6))


def predict(
    model: keras.Model, cache: PatchCache, numbers: Sequence[int] | np.ndarray, symmetries: bool
) -> np.ndarray:
    """Probabilities float32 (N, H, W) of the chips at `numbers`.

    Args:
        model: images to probability (B, H, W, 1).
        cache: the chips.
        numbers: positions in the cache.
        symmetries: mean over the four mirrorings, which images of any shape have.
    """
    committee = Committee([as_predict(model)], cache.kinds, symmetries=True)
    committee.codes = MIRRORED if symmetries else (0,)  # type: ignore[assignment]
    batches = chosen_batches(cache.images, numbers, BATCH)
    parts = [said[..., 0] for said, _ in answers(committee, batches)]
    nothing = np.empty((0, *cache.labels.shape[1:]), np.float32)
    return np.concatenate([nothing, *parts])
