"""GDAL's failures, from rasterio or osgeo, as one clear line of our own."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rasterio.errors import RasterioError

from keras_landslide.errors import InputFileError, LandslideError, OutputError
from keras_landslide.files import on_disk, output_errors

try:  # private in rasterio, but it is what a failing close raises
    from rasterio._err import CPLE_BaseError
except ImportError:  # pragma: no cover - other rasterio versions
    CPLE_BaseError = RasterioError

# osgeo raises plain RuntimeError once gdal.UseExceptions() is set; rasterio raises SystemError
# where GDAL failed without a message.
GDAL_ERRORS = (RasterioError, CPLE_BaseError, RuntimeError, SystemError)

LOW_SPACE_BYTES = 1 << 20
MOST_LETTERS = 300
"""Of what GDAL says; it may repeat a whole query."""


def osgeo_gdal():
    """The `osgeo.gdal` module with exceptions on (for gdal, ogr and osr alike)."""
    # TensorFlow exports an SQLite of its own, without R-trees, to every library loaded after it,
    # and GeoPackages would lose their spatial index: let GDAL look at its own libraries first.
    flags = sys.getdlopenflags()
    sys.setdlopenflags(os.RTLD_NOW | getattr(os, "RTLD_DEEPBIND", 0))
    try:
        from osgeo import gdal, ogr, osr
    finally:
        sys.setdlopenflags(flags)

    gdal.UseExceptions()
    ogr.UseExceptions()
    osr.UseExceptions()
    return gdal


@contextmanager
def quiet_gdal() -> Iterator[None]:
    """Keep GDAL's own lines off standard error; failures still raise."""
    gdal = osgeo_gdal()
    gdal.PushErrorHandler("CPLQuietErrorHandler")
    try:
        yield
    finally:
        gdal.PopErrorHandler()


@contextmanager
def reading(path: str | Path) -> Iterator[None]:
    """Turn a failing read of `path` inside the block into `InputFileError`.

    Raises:
        InputFileError: the file is missing, truncated, or no raster that GDAL knows.
    """
    try:
        yield
    except LandslideError:
        raise
    except GDAL_ERRORS as error:
        if not on_disk(path).exists():
            raise InputFileError(f"{path}: no such file; check the path") from error
        raise InputFileError(
            f"{path}: cannot be read, is it truncated or no raster? ({first_line(error)})"
        ) from error


@contextmanager
def writing(path: str | Path) -> Iterator[None]:
    """Turn a failing write of `path` inside the block into `OutputError`.

    Raises:
        OutputError: the disk is full, or the file cannot be written.
    """
    try:
        with output_errors(path):
            yield
    except LandslideError:
        raise
    except GDAL_ERRORS as error:
        text = first_line(error)
        if no_space(path) or "no space" in text.lower():
            raise OutputError(
                f"{path}: no space left on the disk; free some and run again"
            ) from error
        raise OutputError(
            f"{path}: cannot be written, is the disk full or a file size limit set? ({text})"
        ) from error


def no_space(path: str | Path) -> bool:
    """Whether the disk that holds `path` has less than a megabyte left."""
    folder = Path(path).parent
    return folder.exists() and shutil.disk_usage(folder).free < LOW_SPACE_BYTES


def first_line(error: BaseException) -> str:
    """The first line of an error's root cause, which is where GDAL says what happened."""
    root = error.__cause__ or error
    return str(root).strip().split("\n")[0][:MOST_LETTERS]
