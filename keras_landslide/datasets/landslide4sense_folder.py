"""Landslide4Sense as it is downloaded: HDF5 patches of 14 bands, three splits."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from keras_landslide.bands import BANDS, IMAGE_MODELS
from keras_landslide.datasets.chips import Chip, ChipSource, Problem, Raw
from keras_landslide.datasets.labels import to_label
from keras_landslide.datasets.landslide4sense import DIVISORS, physical_units, six_channels
from keras_landslide.datasets.pairs import find_pairs
from keras_landslide.datasets.reading import HDF5, read_image, read_mask
from keras_landslide.errors import UnknownNameError

OFFICIAL = {"train": 3799, "val": 245, "test": 800}
SIZE_PX = 128
CHANNELS = ("l4s6", "l4s14")


def landslide4sense(
    folder: str | Path, *, channels: str = "l4s6", stored_ndvi: bool = False
) -> ChipSource:
    """List the patches below `folder`.

    Understood are `{TrainData,ValidData,TestData}/{img,mask}` (any of them), one such folder
    itself, and the Hugging Face layout `{images,annotations}/{train,validation,test}`. Values come
    in physical units, see `landslide4sense.physical_units`; normalise them by the training split.

    Args:
        folder: the data set.
        channels: `l4s6`, the six of the MU-Net paper, or `l4s14`, all bands.
        stored_ndvi: see `landslide4sense.six_channels`.

    Raises:
        UnknownNameError: there are no such channels.
    """
    if channels not in CHANNELS:
        raise UnknownNameError.among("channels", channels, CHANNELS)
    folder = Path(folder)
    chips, problems, splits = find_pairs(folder, HDF5)
    return ChipSource(
        name="landslide4sense",
        title="Landslide4Sense",
        folder=folder,
        bands=tuple(BANDS[name] for name in IMAGE_MODELS[channels]),
        pixel_size_m=10.0,
        size=(SIZE_PX, SIZE_PX),
        chips=tuple(chips),
        stored=_stored,
        convert=partial(_convert, channels=channels, stored_ndvi=stored_ndvi),
        stored_shape=(SIZE_PX, SIZE_PX, 14),
        has_splits=splits,
        official=OFFICIAL,
        options={"channels": channels, "stored_ndvi": stored_ndvi},
        own_check=_scaling,
        problems=tuple(problems),
        licence="not stated with the files; cite Ghorbanzadeh et al. 2022, "
        "doi:10.1109/TGRS.2022.3215209",
    )


def _stored(chip: Chip) -> Raw:
    assert chip.mask is not None
    return Raw(read_image(chip.image, ("img",)), read_mask(chip.mask, ("mask",)))


def _convert(raw: Raw, *, channels: str, stored_ndvi: bool) -> tuple[np.ndarray, np.ndarray]:
    if channels == "l4s6":
        image = six_channels(raw.image, stored_ndvi=stored_ndvi)
    else:
        image = physical_units(raw.image)
    return image, to_label(raw.mask)


def found_in(folder: Path) -> bool:
    """Whether a folder looks like this layout; six channels or fourteen: image_12.h5."""
    return next(folder.glob("**/image_*.h5"), None) is not None


def _scaling(chip: Chip, raw: Raw) -> list[Problem]:
    """Whether stored values are whole numbers over the published set's divisors."""
    if raw.image.shape[-1] != len(DIVISORS):
        return []
    stored = raw.image.astype(np.float64)
    whole = np.where(np.isfinite(stored), stored, 0) * DIVISORS
    # Float32 copies keep about seven digits of numbers up to some ten thousand.
    if np.abs(whole - np.round(whole)).max() <= 0.02:
        return []
    return [
        Problem(
            "warning",
            "not the published scaling",
            str(chip.image),
            "its values are no whole numbers over the known divisors: it was normalised or "
            "resampled, and units and NDVI of it would be wrong",
        )
    ]
