"""Scores image by image, as the patches or tiles of a map: `per_patch.csv` and their mean."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from keras_landslide.counts import NAMES, Scores
from keras_landslide.evaluation.distribution import Distribution
from keras_landslide.evaluation.maps import strips
from keras_landslide.evaluation.scores import confusion
from keras_landslide.grid import Window

MEANS = ("precision", "recall", "f1", "iou", "mean_iou", "accuracy")


class Image(NamedTuple):
    """A window of the map as an image of its own.

    Attributes:
        number: patch number, or the number of a tile row by row.
        window: where it lies.
        scores: its pooled counts.
        seen: its probabilities.
    """

    number: int
    window: Window
    scores: Scores
    seen: Distribution


def score_images(
    probability: str | Path,
    stack: str | Path,
    threshold: float,
    windows: Sequence[tuple[int, Window]],
    *,
    valid_bands: Sequence[str] = (),
    others: Sequence[str | Path] = (),
) -> list[Image]:
    """Score each window for itself; those without a scored pixel are left out.

    Arguments and errors as `maps.strips`; `windows` are numbered.
    """
    found = []
    cuts = [window for _, window in windows]
    read = strips(probability, stack, valid_bands=valid_bands, others=others, cuts=cuts)
    for (number, _), part in zip(windows, read, strict=True):
        scores = confusion(part.probability, part.label, threshold)
        if scores.total:
            seen = Distribution.of(part.probability, part.label)
            found.append(Image(number, part.window, scores, seen))
    return found


def mean_per_image(images: Sequence[Image]) -> dict[str, Any]:
    """Mean of each image's own score over the images where it is defined.

    Unlike pooled scores, small landslides weigh as much as large ones. How many images have no
    value is told per score: precision, recall and F1 means are over different images, so that
    F1 may exceed the mean of the other two.
    """
    means: dict[str, Any] = {"images": len(images)}
    for name in MEANS:
        values = [getattr(image.scores, name) for image in images]
        known = [value for value in values if value is not None]
        means[name] = {
            "mean": float(np.mean(known)) if known else None,
            "undefined": len(values) - len(known),
        }
    return means


def image_rows(images: Sequence[Image]) -> list[list[Any]]:
    """Header and lines of `per_patch.csv`; empty where undefined."""
    counts = ("tp", "fp", "fn", "tn")
    header = ["patch_id", *Window._fields, *counts, *NAMES]
    rows: list[list[Any]] = [list(header)]
    for image in images:
        values = image.scores.to_dict(single_image=True)
        rows.append([image.number, *image.window, *(values[key] for key in header[5:])])
    return rows
