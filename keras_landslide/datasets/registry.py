"""The table of data set layouts: one row each."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from keras_landslide.bands import IMAGE_MODELS
from keras_landslide.datasets import bijie, cas, landslide4sense_folder, sen12landslides
from keras_landslide.datasets.chips import ChipSource
from keras_landslide.datasets.folder import image_folder
from keras_landslide.errors import InputFileError, UnknownNameError


class Layout(NamedTuple):
    """How a data set lies in its folder.

    Attributes:
        open: lists the data set in a folder; its other parameters are the layout's options.
        found_in: whether a folder looks like it.
        channels: the image models that its option `channels` offers, where it has that option.
    """

    open: Callable[..., ChipSource]
    found_in: Callable[[Path], bool]
    channels: tuple[str, ...] = ()

    @property
    def options(self) -> list[str]:
        """Names of its options."""
        return list(inspect.signature(self.open).parameters)[1:]


LAYOUTS: dict[str, Layout] = {
    "bijie": Layout(bijie.bijie, bijie.found_in),
    "sen12landslides": Layout(
        sen12landslides.sen12landslides, sen12landslides.found_in, sen12landslides.CHANNELS
    ),
    "cas": Layout(cas.cas, cas.found_in),
    "landslide4sense": Layout(
        landslide4sense_folder.landslide4sense,
        landslide4sense_folder.found_in,
        landslide4sense_folder.CHANNELS,
    ),
    "folder": Layout(image_folder, lambda folder: True),
}
"""By name; a folder is of the first layout that it looks like. One more is a row above `folder`."""


def open_source(folder: str | Path, name: str | None = None, **options: Any) -> ChipSource:
    """List a data set.

    Args:
        folder: where it lies.
        name: key of `LAYOUTS`; None looks at the folder.
        **options: of the layout's function.

    Raises:
        UnknownNameError: there is no such layout, or it has no such option.
        InputFileError: the folder is missing, or holds nothing of this layout.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputFileError(f"{folder}: is no folder; name the data set's folder")
    name = name or detect(folder)
    if name not in LAYOUTS:
        raise UnknownNameError.among("data set layout", name, LAYOUTS)
    known = LAYOUTS[name].options
    for option in options:
        if option not in known:
            raise UnknownNameError.among(f"option of '{name}'", option, known)
    source = LAYOUTS[name].open(folder, **options)
    if not source.chips and not source.problems:
        raise InputFileError(
            f"{folder}: holds no chip in the layout '{name}'; see docs/data_sets.md for the layouts"
        )
    return source


def detect(folder: Path) -> str:
    """The layout that a folder looks like; `folder` where it looks like none of the others."""
    return next(name for name, layout in LAYOUTS.items() if layout.found_in(folder))


def fitting_channels(name: str, bands: Sequence[str]) -> dict[str, str]:
    """The option `channels` with which a layout gives `bands`; nothing where it has none such."""
    offered = LAYOUTS[name].channels if name in LAYOUTS else ()
    fitting = [channels for channels in offered if IMAGE_MODELS[channels] == tuple(bands)]
    return {"channels": fitting[0]} if fitting else {}
