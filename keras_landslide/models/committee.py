"""Several networks as one: the mean of their answers, each also asked about mirrored images.

The networks of a cross-validation, or of several seeds, have each learnt something else, and their
mean is mostly better than any of them (Lakshminarayanan et al. 2017, arXiv:1612.01474).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import keras
from keras import ops

from keras_landslide.layers import BandNormalization

MIRRORINGS: tuple[tuple[int, ...], ...] = ((), (2,), (1,), (1, 2))
"""Axes of (B, H, W, C) that are turned about: as they are, left-right, up-down, both."""


def committee(members: Sequence[keras.Model], *, mirrored: bool) -> keras.Model:
    """One network that answers with the mean of several.

    Args:
        members: images (B, H, W, C) to probability (B, H, W, 1), all of one input shape; each is
            renamed by its number.
        mirrored: ask each member four times, with the image mirrored, and mirror the answers back.

    Returns:
        A network of the same input and output shapes.
    """
    image = keras.Input(members[0].input_shape[1:], name="image")
    sides = MIRRORINGS if mirrored else MIRRORINGS[:1]
    views = ops.concatenate([_flipped(image, axes) for axes in sides], axis=0)
    answers = [_renamed(member, i)(views) for i, member in enumerate(members)]
    mean = sum(answers[1:], start=answers[0]) / len(answers)
    back = [
        _flipped(part, axes)
        for part, axes in zip(ops.split(mean, len(sides), axis=0), sides, strict=True)
    ]
    return keras.Model(image, sum(back[1:], start=back[0]) / len(back), name="committee")


def normalisations(model: keras.Model) -> Iterator[BandNormalization]:
    """The layers that hold band statistics, also those of networks within a network."""
    for layer in model.layers:
        if isinstance(layer, BandNormalization):
            yield layer
        elif isinstance(layer, keras.Model):
            yield from normalisations(layer)


def _renamed(member: keras.Model, number: int) -> keras.Model:
    member.name = f"member_{number}"
    return member


def _flipped(x: Any, axes: tuple[int, ...]) -> Any:
    return ops.flip(x, axis=axes) if axes else x
