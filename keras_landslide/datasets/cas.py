"""The CAS Landslide Dataset: sixteen areas, each a folder with `img`, `mask` and `label`.

Xu, Y., Ouyang, C., Xu, Q., Wang, D., Zhao, B., Luo, Y. (2024). CAS Landslide Dataset: a
large-scale and multisensor dataset for deep learning-based landslide detection. Scientific Data
11, 12. doi:10.1038/s41597-023-02847-z

Masks hold 1 for landslide and 0 for the rest; `label` holds pictures of them, which are not read.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from keras_landslide.datasets.bijie import RGB
from keras_landslide.datasets.chips import Chip, ChipSource, Problem, Raw
from keras_landslide.datasets.folder import convert_folder
from keras_landslide.datasets.pairs import SPLIT_FOLDERS, find_pairs, subfolders
from keras_landslide.datasets.reading import RASTERS, read_image, read_mask
from keras_landslide.errors import InputFileError

OFFICIAL = {"train": 20865}
SIZE_PX = 512


def cas(folder: str | Path, *, size: int = SIZE_PX) -> ChipSource:
    """List the chips of every area below `folder`, or of one area's folder.

    There are no splits; areas are the honest thing to split by, and each chip's name starts with
    its area.

    Args:
        folder: the data set, or one area.
        size: side to letterbox the chips to, pixels.

    Raises:
        InputFileError: no area is there.
    """
    folder = Path(folder)
    areas = [path for path in subfolders(folder).values() if (path / "img").is_dir()]
    if not areas and (folder / "img").is_dir():
        areas = [folder]
    if not areas:
        raise InputFileError(f"{folder}: holds no area with the folders 'img' and 'mask'")
    chips: list[Chip] = []
    problems: list[Problem] = []
    for area in areas:
        found, wrong, _ = find_pairs(area, RASTERS)
        chips += [replace(chip, name=f"{area.name}/{chip.name}") for chip in found]
        problems += wrong
    return ChipSource(
        name="cas",
        title="CAS Landslide Dataset",
        folder=folder,
        bands=RGB,
        pixel_size_m=float("nan"),  # 0.2 to 5 m, by area
        size=(size, size),
        chips=tuple(chips),
        stored=_stored,
        convert=convert_folder((1,), size),
        official=OFFICIAL,
        options={"size": size},
        problems=tuple(problems),
        licence="see doi:10.5281/zenodo.10294997; cite Xu et al. 2024",
    )


def _stored(chip: Chip) -> Raw:
    image = read_image(chip.image)
    return Raw(image[..., :3], read_mask(chip.mask or chip.image))


def found_in(folder: Path) -> bool:
    """Whether a folder looks like this layout."""
    areas = [path for name, path in subfolders(folder).items() if name not in SPLIT_FOLDERS]
    return any(all((area / role).is_dir() for role in ("img", "mask", "label")) for area in areas)
