"""Images and masks from PNG, JPEG, TIFF, NumPy and HDF5 files, with one clear line on failure."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.errors import NotGeoreferencedWarning

from keras_landslide.errors import InputFileError
from keras_landslide.rasters.declared import alpha_band, declared_of, equals_nodata
from keras_landslide.rasters.gdal_errors import quiet_gdal, reading
from keras_landslide.rasters.hdf5 import refuse_other_files
from keras_landslide.rasters.opening import PICTURES, open_raster

RASTERS = (".png", ".jpg", ".jpeg", ".tif", ".tiff")
ARRAYS = (".npy",)
HDF5 = (".h5", ".hdf5")
SUFFIXES = (*RASTERS, *ARRAYS, *HDF5)
MOST_BANDS = 64
"""An array whose first axis is no longer than this, and shorter than the others, is bands first."""
MOST_VALUES = 1 << 28
"""A chip with more values than this is refused before anything is allocated."""

_ENDS = {".png": b"IEND", ".jpg": b"\xff\xd9", ".jpeg": b"\xff\xd9"}
_TAIL = 4096
"""Some programs append notes of their own after a picture's end."""


def read_image(path: Path, keys: Sequence[str] = ("img", "image"), place: int | None = None):
    """An image as (H, W, C) in its stored type; bands may come first or last in the file.

    Args:
        path: the file.
        keys: in HDF5 files, the first of these keys that is there.
        place: position along the first axis of a file of many images.

    Raises:
        InputFileError: missing, truncated, of an unknown kind, without any of the keys, or no
            image by its shape.
    """
    values = _read(path, keys, place)
    if values.ndim == 2:
        values = values[..., None]
    if values.ndim != 3:
        raise InputFileError(f"{path}: an image has 2 or 3 axes, this has shape {values.shape}")
    return np.moveaxis(values, 0, -1) if _bands_first(path, values.shape) else values


def _bands_first(path: Path, shape: tuple[int, ...]) -> bool:
    """Whether the first axis holds the bands: in rasters always, in arrays by their shape."""
    bands, height, width = shape
    if path.suffix.lower() in RASTERS:
        return True
    small = bands <= MOST_BANDS and bands < min(height, width)
    return small and (min(height, width) > MOST_BANDS or height == width)


def read_mask(path: Path, keys: Sequence[str] = ("mask", "label"), place: int | None = None):
    """A mask as (H, W); of a coloured one the largest of red, green and blue.

    Opacity is no colour: where it is 0 the mask is NaN. Of a palette whose first colour is black
    the numbers count, which are classes then; of any other one the colours.

    Raises:
        InputFileError: see `read_image`.
    """
    if path.suffix.lower() in RASTERS:
        return np.moveaxis(_raster(path, mask=True), 0, -1).max(axis=-1)
    values = read_image(path, keys, place)
    # A fourth channel is opacity.
    return values[..., : 3 if values.shape[-1] == 4 else None].max(axis=-1)


def array_length(path: Path) -> int:
    """How many items a `.npy` file of many holds.

    Raises:
        InputFileError: the file cannot be read.
    """
    values = _npy(path)
    if not values.ndim:
        raise InputFileError(f"{path}: holds a single number, not an array of chips")
    return len(values)


def _read(path: Path, keys: Sequence[str], place: int | None) -> np.ndarray:
    suffix = path.suffix.lower()
    if suffix in RASTERS:
        values = _raster(path)
    elif suffix in ARRAYS:
        values = _npy(path)
        chosen = values if place is None else values[place]
        _check_size(path, chosen.shape)
        values = np.array(chosen)
    elif suffix in HDF5:
        values = _hdf5(path, keys)
    else:
        raise InputFileError(f"{path}: files of this kind are not read; give {', '.join(SUFFIXES)}")
    number = np.issubdtype(values.dtype, np.number) or values.dtype == bool
    if not number or np.iscomplexobj(values):
        raise InputFileError(f"{path}: holds {values.dtype}, not real numbers; convert it")
    return values


def _raster(path: Path, *, mask: bool = False) -> np.ndarray:
    """The bands of a picture or GeoTIFF, (C, H, W): what the file says of them is applied.

    An opacity band, an internal mask and a nodata value make pixels NaN, and a scale makes values
    of stored ones; the type is float32 then, and the stored one otherwise. Palettes become colours.

    Args:
        path: the file.
        mask: classes are read: a nodata value of 0 is background, see also `read_mask`.
    """
    _check_end(path, path.suffix.lower())
    with reading(path), quiet_gdal(), warnings.catch_warnings():
        # Plain pictures have no place on Earth, and need none.
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with open_raster(path, PICTURES) as source:
            _check_size(path, (source.count, source.height, source.width))
            alpha = alpha_band(source)
            indexes = [index for index in source.indexes if index != alpha]
            values = source.read(indexes)
            hidden = np.zeros(values.shape, bool)
            if alpha is not None:
                hidden |= source.read(alpha) == 0
            elif any(MaskFlags.per_dataset in flags for flags in source.mask_flag_enums):
                hidden |= source.dataset_mask() == 0
            for place, index in enumerate(indexes):
                nodata = source.nodatavals[index - 1]
                if nodata is not None and not (mask and nodata == 0):
                    hidden[place] |= equals_nodata(values[place], nodata)
            told = declared_of(source)
            colours = None
            if source.count == 1 and source.colorinterp[0] == ColorInterp.palette:
                colours = source.colormap(1)
            orientation = source.tags().get("EXIF_Orientation", "1").strip()
    if colours is not None and not (mask and max(colours[0][:3]) == 0):
        table = np.zeros((4, 256), np.uint8)
        for number, colour in colours.items():
            table[:, number] = colour
        hidden = np.repeat(hidden | (table[3][values] == 0), 3, axis=0)
        values = table[:3][:, values[0]]
    elif any(told.scaled(index) for index in indexes):
        values = np.stack(
            [told.values(values[i].astype(np.float32), k) for i, k in enumerate(indexes)]
        )
    if hidden.any():
        values = np.where(hidden, np.float32(np.nan), values.astype(np.float32))
    return _upright(values, orientation)


def _upright(values: np.ndarray, orientation: str) -> np.ndarray:
    """A picture (C, H, W) as a camera's note of its orientation (EXIF, 1 to 8) turns it."""
    if orientation in ("5", "6", "7", "8"):
        values = np.swapaxes(values, 1, 2)
    if orientation in ("2", "3", "6", "7"):
        values = values[:, :, ::-1]
    if orientation in ("3", "4", "7", "8"):
        values = values[:, ::-1]
    return values


def _check_size(path: Path, shape: tuple[int, ...]) -> None:
    """Refuse what is no chip by its size, before it is allocated.

    Raises:
        InputFileError: a side is below 1, or there are too many values.
    """
    if any(side < 1 for side in shape) or math.prod(shape) > MOST_VALUES:
        raise InputFileError(
            f"{path}: declares a shape of {' x '.join(map(str, shape))}; a chip holds from 1 to "
            f"{MOST_VALUES:,} values, cut it into smaller ones or leave it out"
        )


def _check_end(path: Path, suffix: str) -> None:
    """Refuse a picture that was cut off: GDAL fills the missing rows without a word."""
    end = _ENDS.get(suffix)
    if end is None or not path.is_file():
        return
    with path.open("rb") as stream:
        stream.seek(0, 2)
        stream.seek(max(stream.tell() - _TAIL, 0))
        if end not in stream.read():
            raise InputFileError(f"{path}: is truncated, its end is missing; download it again")


def _npy(path: Path) -> np.ndarray:
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError, OverflowError, MemoryError) as error:
        raise InputFileError(
            f"{path}: is missing, truncated or no NumPy array ({_first(error)})"
        ) from error


def _hdf5(path: Path, keys: Sequence[str]) -> np.ndarray:
    try:
        with h5py.File(path) as file:
            refuse_other_files(file, path)
            key = next((key for key in keys if key in file), None)
            if key is None:
                held = ", ".join(file) or "nothing"
                raise InputFileError(
                    f"{path}: has no key {' or '.join(map(repr, keys))}; it holds {held}"
                )
            _check_size(path, file[key].shape)
            return file[key][()]
    except InputFileError:
        raise
    except (OSError, RuntimeError, TypeError, AttributeError, KeyError) as error:
        raise InputFileError(
            f"{path}: is missing, truncated or no HDF5 file ({_first(error)}); download it again"
        ) from error


def _first(error: BaseException) -> str:
    return str(error).strip().split("\n")[0]
