"""Any folder of image and mask files, and arrays of many chips in one file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from keras_landslide.bands import Band, band_of
from keras_landslide.datasets.chips import Chip, ChipSource, Problem, Raw
from keras_landslide.datasets.labels import to_label
from keras_landslide.datasets.letterbox import letterbox
from keras_landslide.datasets.pairs import SPLIT_FOLDERS, find_pairs
from keras_landslide.datasets.reading import array_length, read_image, read_mask
from keras_landslide.errors import BandError, InputFileError

USUAL = {3: ("red", "green", "blue"), 4: ("red", "green", "blue", "nir")}
"""Names of bands where none are given, by their number."""


def image_folder(
    folder: str | Path,
    *,
    bands: Sequence[str] = (),
    positive: Sequence[int] = (1,),
    size: int | None = None,
    mask_threshold: float | None = None,
    pixel_size_m: float = float("nan"),
) -> ChipSource:
    """List the pairs of image and mask files below `folder`; see `pairs.find_pairs`.

    PNG, JPEG, TIFF, NumPy (.npy) and HDF5 (keys `img` or `image`, `mask` or `label`) are read. A
    folder without such pairs may hold arrays of many chips instead: `trainX.npy` (N, H, W, C) and
    `trainY.npy` (N, H, W), and so on for `val` and `test`.

    Args:
        folder: the data set.
        bands: names of the bands in order; None calls three red, green, blue and so on.
        positive: mask values that mean landslide. 255 is unlabelled unless it is among them.
        size: side to letterbox the chips to; None takes that of the first that can be read,
            which all others have to have.
        mask_threshold: masks of greys: stored values from this one on mean landslide, the others
            background.
        pixel_size_m: pixel side, if known.

    Raises:
        BandError: another number of bands is named than the first image has.
        InputFileError: the folder holds no pair of image and mask, or no image can be read.
    """
    folder = Path(folder)
    chips, problems, splits = find_pairs(folder)
    if not chips:
        chips, problems, splits = _arrays(folder) if not problems else (chips, problems, splits)
    if not chips:
        raise InputFileError(
            f"{folder}: holds no pair of image and mask; put images in 'img' and masks of the same "
            "names in 'mask', in the folder itself or in train, val and test"
        )
    chip, first = _first_readable(chips)
    names = tuple(bands) or _default_bands(first.shape[-1])
    if len(names) != first.shape[-1]:
        raise BandError(
            f"{chip.image}: has {first.shape[-1]} bands, {len(names)} are named "
            f"({', '.join(names)})"
        )
    shape = None if size else tuple(map(int, first.shape))
    side = (size, size) if size else first.shape[:2]
    return ChipSource(
        name="folder",
        title=folder.resolve().name,
        folder=folder,
        bands=tuple(_band(name, first) for name in names),
        pixel_size_m=pixel_size_m,
        size=(int(side[0]), int(side[1])),
        chips=tuple(chips),
        stored=partial(_stored, positive=positive[0], threshold=mask_threshold),
        convert=convert_folder(tuple(positive), size),
        stored_shape=shape,  # type: ignore[arg-type]
        positive=tuple(positive),
        has_splits=splits,
        options={
            "bands": list(names),
            "positive": list(positive),
            "size": size,
            **({} if mask_threshold is None else {"mask_threshold": mask_threshold}),
        },
        problems=tuple(problems),
        licence="unknown: ask whoever gave you the files",
    )


def _first_readable(chips: Sequence[Chip]) -> tuple[Chip, np.ndarray]:
    """A chip, and its image; those before it that cannot be read are found by the check."""
    faults = []
    for chip in chips:
        try:
            return chip, read_image(chip.image, place=chip.place)
        except InputFileError as error:
            faults.append(error)
    raise faults[0]


def _default_bands(count: int) -> tuple[str, ...]:
    return USUAL.get(count) or tuple(f"band_{number + 1}" for number in range(count))


def _band(name: str, image: np.ndarray) -> Band:
    known = band_of(name)
    whole = np.issubdtype(image.dtype, np.integer)
    if not whole:  # pixels without data make whole numbers float32
        there = image[np.isfinite(image)]
        whole = there.size > 0 and float(there.max()) > 1 and bool((there == np.rint(there)).all())
    # Whole numbers are as a sensor or a picture gave them, whatever the band's name promises.
    unit = known.unit if known.description and not whole else "DN"
    return Band(name, unit, known.kind, f"{name} as stored")


def _arrays(folder: Path) -> tuple[list[Chip], list[Problem], bool]:
    """Chips of `<split>X.npy` and `<split>Y.npy`."""
    chips: list[Chip] = []
    problems: list[Problem] = []
    for image in sorted(folder.glob("*[xX].npy")):
        split = SPLIT_FOLDERS.get(image.stem[:-1].rstrip("_").lower())
        if split is None:
            continue
        mask = image.with_name(f"{image.stem[:-1]}{'Y' if image.stem[-1] == 'X' else 'y'}.npy")
        if not mask.is_file():
            problems.append(
                Problem("error", "mask missing", str(image), f"has no {mask.name} beside it")
            )
            continue
        images, masks = array_length(image), array_length(mask)
        if images != masks:
            problems.append(
                Problem(
                    "error",
                    "mask missing",
                    str(mask),
                    f"holds {masks} masks for the {images} images of {image.name}",
                )
            )
        chips += [
            Chip(f"{split}/{place}", split, image, mask, place=place)
            for place in range(min(images, masks))
        ]
    return chips, problems, bool(chips)


def _stored(chip: Chip, *, positive: int, threshold: float | None) -> Raw:
    assert chip.mask is not None
    mask = read_mask(chip.mask, place=chip.place)
    if threshold is not None:
        mask = np.where(np.isnan(mask), np.nan, np.where(mask >= threshold, positive, 0))
    return Raw(read_image(chip.image, place=chip.place), mask)


def convert_folder(
    positive: Sequence[int], size: int | None
) -> Callable[[Raw], tuple[np.ndarray, np.ndarray]]:
    """A conversion by the landslide's mask values and, if given, to a square of `size` px."""
    return partial(_convert, positive=positive, size=size)


def _convert(
    raw: Raw, *, positive: Sequence[int], size: int | None
) -> tuple[np.ndarray, np.ndarray]:
    label = to_label(raw.mask, positive)
    if size:
        return letterbox(raw.image, label, size)
    return raw.image.astype(np.float32), label
