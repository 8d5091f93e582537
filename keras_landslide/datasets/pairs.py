"""Which mask belongs to which image: folders of splits, images and masks by their usual names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from keras_landslide.datasets.chips import SPLITS, Chip, Problem
from keras_landslide.datasets.reading import SUFFIXES

IMAGE_FOLDERS = ("img", "image", "images", "imgs")
MASK_FOLDERS = ("mask", "masks", "label", "labels", "annotations", "gt")
SPLIT_FOLDERS = {
    "train": "train",
    "traindata": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "validdata": "val",
    "test": "test",
    "testdata": "test",
}
"""Names of folders (in small letters) and the split that they hold."""

_ROLE = re.compile(r"(?:^|(?<=[_\- ]))(?:image|img|mask|label|gt)s?(?:$|(?=[_\- ]))", re.IGNORECASE)


def stem(path: Path) -> str:
    """What an image and its mask have in common: the name without words such as `mask`."""
    rest = re.sub(r"[_\- ]+", "_", _ROLE.sub("", path.stem)).strip("_")
    return rest or path.stem


def find_pairs(
    folder: Path, suffixes: Sequence[str] = SUFFIXES
) -> tuple[list[Chip], list[Problem], bool]:
    """The chips of a folder, what is missing, and whether the layout has splits.

    Understood are `img` and `mask` folders (or other usual names) in the folder itself, in a
    folder per split, or with a folder per split in each of them.

    Args:
        folder: the data set.
        suffixes: which files count.
    """
    chips: list[Chip] = []
    problems: list[Problem] = []
    splits = set()
    for split, images, masks in _folders(folder):
        if split:
            splits.add(split)
        prefix = f"{split}/" if split else ""
        for place in filter(None, (images, masks)):
            problems += _doubles(place, suffixes)
        pictures, truths = listing(images, suffixes), listing(masks, suffixes) if masks else {}
        for key, path in pictures.items():
            mask = truths.get(key)
            if mask is None:
                problems.append(
                    Problem("error", "mask missing", str(path), "has no mask of the same name")
                )
                continue
            chips.append(Chip(f"{prefix}{key}", split or "train", path, mask))
        for key, path in truths.items():
            if key not in pictures:
                problems.append(
                    Problem("error", "image missing", str(path), "has no image of the same name")
                )
    chips.sort(key=lambda chip: SPLITS.index(chip.split))
    return chips, problems, bool(splits)


def listing(folder: Path, suffixes: Sequence[str] = SUFFIXES) -> dict[str, Path]:
    """Files of a folder by their stem, in natural order (2 before 10)."""
    found = _files(folder, suffixes)
    return {stem(path): path for path in sorted(found, key=lambda p: natural(p.stem))}


def _files(folder: Path, suffixes: Sequence[str]) -> list[Path]:
    """Files of some kinds; hidden ones, such as a Mac's `._chip.png`, are passed over."""
    return [
        path
        for path in folder.iterdir()
        if path.suffix.lower() in suffixes and path.is_file() and not path.name.startswith(".")
    ]


def _doubles(folder: Path, suffixes: Sequence[str]) -> list[Problem]:
    """Files of one folder that would be taken for the same chip."""
    seen: dict[str, Path] = {}
    found = []
    for path in sorted(_files(folder, suffixes)):
        first = seen.setdefault(stem(path), path)
        if first is not path:
            text = f"and {first.name} stand for the same chip; keep one of them, or rename it"
            found.append(Problem("error", "two files for a chip", str(path), text))
    return found


def natural(text: str) -> list[tuple[int, int | str]]:
    """A sorting key that counts: 2 comes before 10."""
    return [(0, int(part)) if part.isdigit() else (1, part) for part in re.split(r"(\d+)", text)]


def subfolders(folder: Path) -> Mapping[str, Path]:
    """Folders in `folder` by their name in small letters."""
    if not folder.is_dir():
        return {}
    return {path.name.lower(): path for path in sorted(folder.iterdir()) if path.is_dir()}


def _folders(folder: Path) -> Iterator[tuple[str, Path, Path | None]]:
    """Split (or an empty string), folder of images, folder of masks."""
    own_split = SPLIT_FOLDERS.get(folder.name.lower(), "")
    below = subfolders(folder)
    images, masks = _first(below, IMAGE_FOLDERS), _first(below, MASK_FOLDERS)
    if images is not None:
        split_images = {
            SPLIT_FOLDERS[name]: path
            for name, path in subfolders(images).items()
            if name in SPLIT_FOLDERS
        }
        split_masks = {
            SPLIT_FOLDERS[name]: path
            for name, path in (subfolders(masks) if masks else {}).items()
            if name in SPLIT_FOLDERS
        }
        if not split_images:
            yield own_split, images, masks
        for split, path in split_images.items():
            yield split, path, split_masks.get(split)
        return
    for name, path in below.items():
        if name in SPLIT_FOLDERS:
            inner = subfolders(path)
            images = _first(inner, IMAGE_FOLDERS)
            if images is not None:
                yield SPLIT_FOLDERS[name], images, _first(inner, MASK_FOLDERS)


def _first(folders: Mapping[str, Path], names: Sequence[str]) -> Path | None:
    return next((folders[name] for name in names if name in folders), None)
