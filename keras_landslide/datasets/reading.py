"""Images and masks from PNG, JPEG, TIFF, NumPy and HDF5 files, with one clear line on failure."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning

from keras_landslide.errors import InputFileError
from keras_landslide.rasters.gdal_errors import quiet_gdal, reading

RASTERS = (".png", ".jpg", ".jpeg", ".tif", ".tiff")
ARRAYS = (".npy",)
HDF5 = (".h5", ".hdf5")
SUFFIXES = (*RASTERS, *ARRAYS, *HDF5)
MOST_BANDS = 64
"""An array whose first axis is no longer than this, and shorter than the others, is bands first."""

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
    bands, height, width = values.shape
    # Rasters are bands first always, arrays by their shape.
    first = path.suffix.lower() in RASTERS or bands <= MOST_BANDS < min(height, width)
    return np.moveaxis(values, 0, -1) if first else values


def read_mask(path: Path, keys: Sequence[str] = ("mask", "label"), place: int | None = None):
    """A mask as (H, W); of a coloured one the largest of red, green and blue.

    Raises:
        InputFileError: see `read_image`.
    """
    values = read_image(path, keys, place)
    # A fourth channel is opacity.
    return values[..., : 3 if values.shape[-1] == 4 else None].max(axis=-1)


def array_length(path: Path) -> int:
    """How many items a `.npy` file of many holds.

    Raises:
        InputFileError: the file cannot be read.
    """
    return len(_npy(path))


def _read(path: Path, keys: Sequence[str], place: int | None) -> np.ndarray:
    suffix = path.suffix.lower()
    if suffix in RASTERS:
        _check_end(path, suffix)
        with reading(path), quiet_gdal(), warnings.catch_warnings():
            # Plain pictures have no place on Earth, and need none.
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(path) as source:
                values = source.read(masked=False)
                nodata = source.nodata
        if nodata is not None and np.issubdtype(values.dtype, np.floating):
            values = np.where(values == nodata, np.nan, values)
    elif suffix in ARRAYS:
        values = _npy(path)
        values = np.array(values if place is None else values[place])
    elif suffix in HDF5:
        values = _hdf5(path, keys)
    else:
        raise InputFileError(f"{path}: files of this kind are not read; give {', '.join(SUFFIXES)}")
    if not (np.issubdtype(values.dtype, np.number) or values.dtype == bool):
        raise InputFileError(f"{path}: holds {values.dtype}, not numbers")
    return values


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
    except (OSError, ValueError, EOFError) as error:
        raise InputFileError(
            f"{path}: is missing, truncated or no NumPy array ({_first(error)})"
        ) from error


def _hdf5(path: Path, keys: Sequence[str]) -> np.ndarray:
    try:
        with h5py.File(path) as file:
            key = next((key for key in keys if key in file), None)
            if key is None:
                held = ", ".join(file) or "nothing"
                raise InputFileError(
                    f"{path}: has no key {' or '.join(map(repr, keys))}; it holds {held}"
                )
            return file[key][()]
    except InputFileError:
        raise
    except (OSError, RuntimeError, TypeError, AttributeError) as error:
        raise InputFileError(
            f"{path}: is missing, truncated or no HDF5 file ({_first(error)}); download it again"
        ) from error


def _first(error: BaseException) -> str:
    return str(error).strip().split("\n")[0]
