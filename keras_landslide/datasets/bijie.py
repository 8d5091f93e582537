"""The Bijie landslide data set, and others of its form: RGB chips of many sizes, yellow masks.

Ji, S., Yu, D., Shen, C., Li, W., Xu, Q. (2020). Landslide detection from an open satellite imagery
and digital elevation model dataset using attention boosted convolutional neural networks.
Landslides 17, 1337-1352. doi:10.1007/s10346-020-01353-2

The Chongqing (Wulong) and Tianshui sets of Zhou et al. 2024 are read in the same form.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from keras_landslide.bands import Band
from keras_landslide.datasets.chips import Chip, ChipSource, Problem, Raw
from keras_landslide.datasets.labels import to_label
from keras_landslide.datasets.letterbox import letterbox
from keras_landslide.datasets.pairs import listing, subfolders
from keras_landslide.datasets.reading import RASTERS, read_image, read_mask
from keras_landslide.errors import BandError

OFFICIAL = {"landslide": 770, "non-landslide": 2003}
RGB = tuple(
    Band(name, "DN", "continuous", f"8-bit digital number, {name}")
    for name in ("red", "green", "blue")
)
DEM = Band("elevation", "DN", "continuous", "elevation as stored in the picture")
YELLOW = (1, 255)
"""Stored values of a landslide pixel: (255, 255, 0) in the published masks, 1 in some copies."""


def bijie(
    folder: str | Path, *, size: int = 512, dem: bool = False, non_landslide: bool = False
) -> ChipSource:
    """List the chips of `landslide/{image,mask,dem}` and `non-landslide/{image,dem}`.

    Chips are letterboxed, see `letterbox.letterbox`.

    Args:
        folder: the data set.
        size: side of a chip, pixels; 512 in the MsASNet paper.
        dem: add the elevation picture as a fourth band.
        non_landslide: also take the chips without landslides; the two papers on this set speak of
            the 770 with landslides alone.
    """
    folder = Path(folder)
    chips: list[Chip] = []
    problems: list[Problem] = []
    for name, found in _kinds(folder, non_landslide):
        masks = listing(found["mask"], RASTERS) if "mask" in found else {}
        heights = listing(found["dem"], RASTERS) if "dem" in found else {}
        background = name == "non-landslide"
        pictures = listing(found["image"], RASTERS)
        for key, path in pictures.items():
            mask, height = masks.get(key), heights.get(key)
            if mask is None and not background:
                problems.append(
                    Problem("error", "mask missing", str(path), "has no mask of the same name")
                )
            elif dem and height is None:
                problems.append(
                    Problem("error", "dem missing", str(path), "has no dem of the same name")
                )
            else:
                extra = {"dem": height} if dem and height else {}
                chips.append(
                    Chip(f"{name}/{key}", "train", path, mask, background=background, extra=extra)
                )
        for key, path in masks.items():
            if key not in pictures:
                problems.append(
                    Problem("error", "image missing", str(path), "has no image of the same name")
                )
    return ChipSource(
        name="bijie",
        title="Bijie landslides",
        folder=folder,
        bands=(*RGB, DEM) if dem else RGB,
        pixel_size_m=0.8,
        size=(size, size),
        chips=tuple(chips),
        stored=_stored,
        convert=partial(_convert, size=size),
        positive=YELLOW,
        official={"train": OFFICIAL["landslide"] + non_landslide * OFFICIAL["non-landslide"]},
        options={"size": size, "dem": dem, "non_landslide": non_landslide},
        problems=tuple(problems),
        licence="not stated; cite Ji et al. 2020, doi:10.1007/s10346-020-01353-2",
    )


def _kinds(folder: Path, non_landslide: bool):
    """Name and folders by role of the two halves of the data set that are there."""
    below = subfolders(folder)
    for name in ("landslide", *(["non-landslide"] if non_landslide else [])):
        found = subfolders(below[name]) if name in below else {}
        if "image" in found:
            yield name, found


def _stored(chip: Chip) -> Raw:
    image = read_image(chip.image)
    if image.shape[-1] == 4:  # opacity
        image = image[..., :3]
    mask = np.zeros(image.shape[:2], np.uint8) if chip.mask is None else read_mask(chip.mask)
    if "dem" in chip.extra:
        height = read_image(chip.extra["dem"])[..., :1]
        if height.shape[:2] != image.shape[:2]:
            raise BandError(
                f"{chip.extra['dem']}: is {height.shape[0]} x {height.shape[1]} px, its image "
                f"{image.shape[0]} x {image.shape[1]} px; leave the dem out"
            )
        image = np.concatenate([image.astype(np.float32), height.astype(np.float32)], axis=-1)
    return Raw(image, mask)


def _convert(raw: Raw, *, size: int) -> tuple[np.ndarray, np.ndarray]:
    return letterbox(raw.image, to_label(raw.mask, YELLOW), size)


def found_in(folder: Path) -> bool:
    """Whether a folder looks like this layout."""
    return (folder / "landslide" / "image").is_dir()
