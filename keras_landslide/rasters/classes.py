"""Class numbers that float32, in which stacks hold them, would merge."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from keras_landslide.errors import InputFileError
from keras_landslide.rasters.declared import equals_nodata
from keras_landslide.rasters.gdal_errors import reading
from keras_landslide.rasters.opening import open_raster

LARGEST = 2**24
"""From here on float32 has no place for every whole number."""
_WIDE = ("int32", "uint32", "int64", "uint64", "float64")


def refuse_merged_classes(path: str | Path, index: int, nodata: float | None = None) -> None:
    """Refuse a raster of classes whose numbers are too large to be told apart.

    Only files of wide types are read; those of 16 bits and less, and float32 itself, cannot hold
    such numbers.

    Args:
        path: of the raster.
        index: of its band, from 1.
        nodata: instead of the file's own.

    Raises:
        InputFileError: a number is beyond 2^24 in size, and is not nodata.
    """
    with reading(path), open_raster(path) as source:
        if source.dtypes[index - 1] not in _WIDE:
            return
        hole = source.nodatavals[index - 1] if nodata is None else nodata
        for _, window in source.block_windows(index):
            values = source.read(index, window=window)
            wrong = (np.abs(values.astype(np.float64)) > LARGEST) & np.isfinite(values)
            if hole is not None and not np.isnan(hole):
                wrong &= ~equals_nodata(values, hole)
            if wrong.any():
                raise InputFileError(
                    f"{path}: holds the class number {values[wrong][0]:.0f}; numbers above "
                    f"{LARGEST:,} are not told apart here, so give the classes smaller ones, or "
                    "name this one as `nodata` if it stands for nothing"
                )
