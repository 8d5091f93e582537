"""The shelf of data set layouts."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from keras_landslide.datasets.bijie import bijie
from keras_landslide.datasets.cas import cas
from keras_landslide.datasets.chips import ChipSource
from keras_landslide.datasets.folder import image_folder
from keras_landslide.datasets.landslide4sense_folder import landslide4sense
from keras_landslide.datasets.pairs import SPLIT_FOLDERS, subfolders
from keras_landslide.datasets.sen12landslides import sen12landslides
from keras_landslide.errors import InputFileError, UnknownNameError

SOURCES: dict[str, Callable[..., ChipSource]] = {
    "landslide4sense": landslide4sense,
    "bijie": bijie,
    "cas": cas,
    "sen12landslides": sen12landslides,
    "folder": image_folder,
}


def open_source(folder: str | Path, name: str | None = None, **options: Any) -> ChipSource:
    """List a data set.

    Args:
        folder: where it lies.
        name: key of `SOURCES`; None looks at the folder.
        **options: of the layout's function.

    Raises:
        UnknownNameError: there is no such layout, or it has no such option.
        InputFileError: the folder is missing, or holds nothing of this layout.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputFileError(f"{folder}: is no folder; name the data set's folder")
    name = name or detect(folder)
    if name not in SOURCES:
        raise UnknownNameError.among("data set layout", name, SOURCES)
    known = list(inspect.signature(SOURCES[name]).parameters)[1:]
    for option in options:
        if option not in known:
            raise UnknownNameError.among(f"option of '{name}'", option, known)
    source = SOURCES[name](folder, **options)
    if not source.chips and not source.problems:
        raise InputFileError(
            f"{folder}: holds no chip in the layout '{name}'; see docs/data_sets.md for the layouts"
        )
    return source


def detect(folder: Path) -> str:
    """The layout that a folder looks like; `folder` where it looks like none of the others."""
    if (folder / "landslide" / "image").is_dir():
        return "bijie"
    if any(next(folder.glob(f"{place}*_s2_*.nc"), None) for place in ("", "s2/", "data/s2/")):
        return "sen12landslides"
    areas = [path for name, path in subfolders(folder).items() if name not in SPLIT_FOLDERS]
    if any(all((area / role).is_dir() for role in ("img", "mask", "label")) for area in areas):
        return "cas"
    # Six channels or fourteen, the files' names tell: image_12.h5.
    if next(folder.glob("**/image_*.h5"), None) is not None:
        return "landslide4sense"
    return "folder"
