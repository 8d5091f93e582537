"""What a protocol is run on: its data, and the rounds that they are divided into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from keras_landslide.bands import Band, band_of, image_model_bands
from keras_landslide.patches.cache import PatchCache

SPLIT_SEED = 0
"""One split for all models and seeds: what is compared is the models."""


@dataclass(frozen=True)
class Round:
    """One division of the data: the split, or a fold of a cross-validation.

    Attributes:
        name: for folders, such as `fold-1`.
        caches: by the bands of a model (an empty string where all models take the same); the
            splits are those of the cache's patches.
        others: further places that are scored and never trained on, by part and then by bands.
    """

    name: str
    caches: Mapping[str, PatchCache]
    others: Mapping[str, Mapping[str, PatchCache]] = field(default_factory=dict)


@dataclass(frozen=True)
class Dataset:
    """What a protocol is run on.

    Attributes:
        title: for tables and figures.
        key: digest of the content.
        rounds: divisions of the data.
        names: name of each test image, by round.
        bands: channels by the bands of a model.
        pixel_size_m: pixel side, metres; nan where unknown.
        simulated: whether the data are simulated.
        facts: sentences for the card: how many chips, which split.
        stacks: stack behind a part, for maps.
    """

    title: str
    key: str
    rounds: tuple[Round, ...]
    names: tuple[str, ...]
    bands: Mapping[str, tuple[Band, ...]]
    pixel_size_m: float
    simulated: bool
    facts: tuple[str, ...]
    stacks: Mapping[str, Path] = field(default_factory=dict)


def stack_bands(image_model: str) -> tuple[Band, ...]:
    """The bands of an image model."""
    return tuple(band_of(name) for name in image_model_bands(image_model))
