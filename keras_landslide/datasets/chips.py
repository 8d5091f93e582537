"""Chips: what every data set of image and mask files becomes, listed first and read one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from keras_landslide.bands import Band

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Chip:
    """An image and its mask, as files.

    Attributes:
        name: unique in its data set, such as `train/12`.
        split: `train`, `val` or `test`; `train` where the data set has no splits.
        image: file of the image.
        mask: file of the mask; None where there is none.
        background: the chip is known to hold no landslide, and so needs no mask.
        place: position in files that hold many chips; None where a file is one chip.
        extra: further files of the same chip by role, such as `dem`.
    """

    name: str
    split: str
    image: Path
    mask: Path | None
    background: bool = False
    place: int | None = None
    extra: Mapping[str, Path] = field(default_factory=dict)

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that the chip is read from."""
        return (self.image, *([self.mask] if self.mask else []), *self.extra.values())


class Raw(NamedTuple):
    """A chip as stored: image (H, W, C) and mask (H, W) of any number type.

    `notes` say in words what was chosen for want of something better.
    """

    image: np.ndarray
    mask: np.ndarray
    notes: tuple[str, ...] = ()


class Problem(NamedTuple):
    """Something wrong with a data set.

    Attributes:
        grade: `error`: the chip cannot be used; `warning`: look at it.
        kind: short name, the same for all problems of one kind.
        where: file or chip.
        text: what is wrong, and what to do.
    """

    grade: str
    kind: str
    where: str
    text: str


@dataclass(frozen=True)
class ChipSource:
    """A data set of chips in one of the layouts that people download.

    Attributes:
        name: key of `registry.LAYOUTS`.
        title: the data set's name for people.
        folder: where it lies.
        bands: the channels in order, as `read` gives them.
        pixel_size_m: pixel side of the stored images, metres; nan where unknown.
        size: (height, width) of a converted chip.
        chips: what the folder holds.
        stored: reads a chip as it is on disk.
        convert: image float32 (H, W, C) in raw units with NaN nodata and label uint8 (H, W) in
            {0, 1, 255}, of a stored chip.
        stored_shape: (height, width, channels) that every stored image has; None for any.
        positive: mask values that mean landslide.
        has_splits: whether the layout has train, val and test.
        official: published number of chips per split; empty where unknown.
        options: what else decides on the converted values.
        problems: what was already found wrong when listing.
        own_check: finds what can be wrong with a chip of this data set alone.
        licence: what is known of the licence.
        simulated: whether the data are simulated.
    """

    name: str
    title: str
    folder: Path
    bands: tuple[Band, ...]
    pixel_size_m: float
    size: tuple[int, int]
    chips: tuple[Chip, ...]
    stored: Callable[[Chip], Raw]
    convert: Callable[[Raw], tuple[np.ndarray, np.ndarray]]
    stored_shape: tuple[int, int, int] | None = None
    positive: tuple[int, ...] = (1,)
    has_splits: bool = False
    official: Mapping[str, int] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    own_check: Callable[[Chip, Raw], list[Problem]] | None = None
    licence: str = ""
    simulated: bool = False

    @property
    def band_names(self) -> tuple[str, ...]:
        """Names of the channels."""
        return tuple(band.name for band in self.bands)

    def counts(self) -> dict[str, int]:
        """Number of chips per split that has any."""
        found = {split: sum(chip.split == split for chip in self.chips) for split in SPLITS}
        return {split: count for split, count in found.items() if count}
