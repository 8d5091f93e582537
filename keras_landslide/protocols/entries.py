"""The parts of a protocol: its models, and its tables with their columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Entry:
    """A model of a protocol.

    Attributes:
        label: its name in the paper's tables.
        name: key of `models.MODELS`.
        options: of the model's function.
        training: what differs from the protocol's training.
        data: what differs from the protocol's data (`augment`, `heavy`, `shift`, `oversample`).
        bands: which bands, where the models of a protocol differ in them.
        quick: options of the quick form.
        scale: average the image over so many pixels first, and bring the result back.
        ensemble: labels of the models whose mean this one is; it is not trained itself.
        base: label of the model whose weights this one takes; it is not trained itself.
        symmetries: ask the network four times, mirrored, and take the mean.
        centre: tell the network how far each pixel is from the middle of the chip, see
            `layers.centre_distance`: for chips that were cut around a landslide.
    """

    label: str
    name: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    bands: str = ""
    quick: Mapping[str, Any] = field(default_factory=dict)
    scale: int = 1
    ensemble: tuple[str, ...] = ()
    symmetries: bool = False
    base: str = ""
    centre: bool = False


@dataclass(frozen=True)
class Column:
    """A column of a table: our metric, its title, and the paper's column if it has one."""

    key: str
    title: str
    reported: str = ""


@dataclass(frozen=True)
class Table:
    """A table of a paper and what of ours goes beside it.

    Attributes:
        title: what is scored.
        source: the paper's number of it.
        part: which of our pixels: `test`, `train` or `transfer`.
        columns: its columns.
        file: reported numbers in the folder `reported`; empty where the paper has none.
        scale: reported numbers are multiplied by this.
    """

    title: str
    source: str
    part: str
    columns: tuple[Column, ...]
    file: str = ""
    scale: float = 1.0
