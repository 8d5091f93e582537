"""Chips decoded once into memory-mapped files, named by the content of what they came from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from keras_landslide.bands import UNLABELLED, Band
from keras_landslide.datasets.chips import Chip, ChipSource
from keras_landslide.datasets.digests import content_digests
from keras_landslide.datasets.faults import read_chip
from keras_landslide.errors import InputFileError, SplitError
from keras_landslide.files import fingerprint, replacing, write_json
from keras_landslide.patches.cache import NpyWriter, PatchCache, kept_arrays
from keras_landslide.patches.table import Patch
from keras_landslide.runtime.progress import progress

FORMAT = 1


@dataclass(frozen=True)
class ChipCache(PatchCache):
    """Chips as a `PatchCache`: what training takes, whatever the chips came from.

    Each chip is a patch of its own (`row_off` and `col_off` are 0, `block` is its number).

    Attributes:
        names: name of each chip.
        bands: the channels with their units.
        pixel_size_m: pixel side, metres; nan where unknown.
        key: digest of what the chips were made from.
        title: the data set's name.
        simulated: whether the data are simulated.
    """

    names: tuple[str, ...]
    bands: tuple[Band, ...]
    pixel_size_m: float
    key: str
    title: str
    simulated: bool

    def with_splits(self, splits: np.ndarray) -> ChipCache:
        """The same chips with other splits, an array of names such as `train` (N,)."""
        patches = tuple(
            replace(patch, split=str(split))
            for patch, split in zip(self.patches, splits, strict=True)
        )
        return replace(self, patches=patches)

    def landslide_fraction(self) -> np.ndarray:
        """Share of landslide among the labelled pixels of each chip, float (N,)."""
        return np.array([patch.landslide_fraction for patch in self.patches])


class _Counted(NamedTuple):
    landslide: int
    labelled: int


def open_chips(source: ChipSource, folder: str | Path) -> ChipCache:
    """Open the decoded chips of a data set below `folder`; decode them first where need be.

    The cache's name is a digest of the contents of all files and of the source's options: files
    that are touched or moved change nothing, and a changed file makes a new cache.

    Args:
        source: the data set.
        folder: where caches are kept.

    Raises:
        InputFileError: a file is missing or damaged, a mask is missing, a chip has another size,
            or a mask holds values that nobody explained: `data check` lists them all.
        SplitError: no chip holds a landslide pixel.
        OutputError: the cache cannot be written.
    """
    folder = Path(folder)
    key = chips_key(source, folder)
    cache = folder / f"chips-{key}"
    if kept_arrays(cache, "images", "labels", "counts") is None:
        _decode(source, cache)
    images = np.load(cache / "images.npy", mmap_mode="r")
    labels = np.load(cache / "labels.npy", mmap_mode="r")
    counts = [_Counted(*map(int, row)) for row in np.load(cache / "counts.npy")]
    if not any(count.landslide for count in counts):
        raise SplitError(
            f"{source.folder}: no mask has a landslide pixel; if another value than "
            f"{' or '.join(map(str, source.positive))} means landslide, say so (`positive`)"
        )
    if all(count.landslide == count.labelled for count in counts):
        raise SplitError(
            f"{source.folder}: every labelled pixel is landslide; there is no background to learn "
            "from, check what the masks' values mean (`positive`)"
        )
    return ChipCache(
        images,
        labels,
        tuple(_patch(i, chip, counts[i], source.size) for i, chip in enumerate(source.chips)),
        source.band_names,
        tuple(band.kind for band in source.bands),
        names=tuple(chip.name for chip in source.chips),
        bands=source.bands,
        pixel_size_m=source.pixel_size_m,
        key=key,
        title=source.title,
        simulated=source.simulated,
    )


def chips_key(source: ChipSource, folder: str | Path) -> str:
    """A digest of the contents of all files of a data set and of its options.

    Args:
        source: the data set.
        folder: where caches are kept, and with them the digest of each file.

    Raises:
        InputFileError: a file is missing, or the folder's names alone show that something is wrong.
    """
    errors = [f"{p.where}: {p.text}" for p in source.problems if p.grade == "error"]
    if errors:
        _refuse(source, errors)
    digests = content_digests(
        (path for chip in source.chips for path in chip.files), Path(folder) / "digests.json"
    )
    return fingerprint(
        {
            "format": FORMAT,
            "source": source.name,
            "options": dict(source.options),
            "chips": [
                [chip.name, chip.place, *(digests[path] for path in chip.files)]
                for chip in source.chips
            ],
        }
    )


def _decode(source: ChipSource, cache: Path) -> None:
    shape = (len(source.chips), *source.size)
    counts = np.zeros((len(source.chips), 2), np.int64)
    with replacing(cache) as part:
        part.mkdir()
        with (
            NpyWriter(part / "images.npy", (*shape, len(source.bands)), np.float32) as images,
            NpyWriter(part / "labels.npy", shape, np.uint8) as labels,
        ):
            chips = progress(source.chips, "decoding chips", unit="chip")
            for index, chip in enumerate(chips):
                image, label = load(source, chip)
                images.write(index, image)
                labels.write(index, label)
                counts[index] = (label == 1).sum(), (label != UNLABELLED).sum()
        np.save(part / "counts.npy", counts)
        write_json(
            part / "cache.json",
            {
                "format": FORMAT,
                "source": source.name,
                "bands": list(source.band_names),
                "chips": [chip.name for chip in source.chips],
            },
        )


def load(source: ChipSource, chip: Chip) -> tuple[np.ndarray, np.ndarray]:
    """Image float32 (H, W, C), NaN nodata, and label uint8 (H, W), 255 wherever a band is NaN.

    Raises:
        InputFileError: something is wrong with the chip.
    """
    raw, problems = read_chip(source, chip)
    errors = [f"{p.where}: {p.text}" for p in problems if p.grade == "error"]
    if errors or raw is None:
        _refuse(source, errors)
        raise AssertionError("unreachable")
    image, label = source.convert(raw)
    finite = np.isfinite(image)
    # An infinity would spread through the network to pixels that count.
    image = np.where(finite, image, np.float32(np.nan))
    return image, np.where(finite.all(axis=-1), label, UNLABELLED).astype(np.uint8)


def _refuse(source: ChipSource, errors: list[str]) -> None:
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    raise InputFileError(
        f"{errors[0]}{more}; `keras-landslide data check {source.folder}` lists all that is wrong"
    )


def _patch(index: int, chip: Chip, count: _Counted, size: tuple[int, int]) -> Patch:
    height, width = size
    return Patch(
        patch_id=index,
        row_off=0,
        col_off=0,
        height=height,
        width=width,
        split=chip.split,
        fold=-1,
        block=index,
        landslide_fraction=count.landslide / max(count.labelled, 1),
        valid_fraction=count.labelled / (height * width),
    )
