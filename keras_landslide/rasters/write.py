"""Write GeoTIFFs, whole arrays or window by window; all atomic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypedDict, Unpack

import numpy as np
import rasterio
from rasterio.windows import Window as RasterioWindow

from keras_landslide.errors import CrsError
from keras_landslide.files import replacing
from keras_landslide.grid import Grid, Window
from keras_landslide.rasters.gdal_errors import writing
from keras_landslide.rasters.recording_file import RecordingFile

BLOCK_PX = 256


def creation_options(dtype: str, *, working: bool = False) -> dict[str, Any]:
    """GTiff creation options of every raster that we write: tiled, compressed without loss.

    `working` leaves out the compression, for files that are read once and removed, and the blocks
    that nobody wrote, which read as nodata.
    """
    layout = {
        "tiled": True,
        "blockxsize": BLOCK_PX,
        "blockysize": BLOCK_PX,
        "interleave": "band",
        "bigtiff": "if_safer",
    }
    if working:
        return layout | {"sparse_ok": True}
    return layout | {
        # Not ZSTD, which reads faster: TensorFlow brings one of its own, which takes the place of
        # GDAL's where it was loaded first, and writes other bytes.
        "compress": "deflate",
        # Level 1 is about three times as quick as the default 6 and 2 % larger on float bands.
        "zlevel": 1,
        # Float bands without one: up to 13 % larger, and read 1.6 times as fast, which a network
        # that asks for a tile several times notices.
        "predictor": 1 if np.dtype(dtype).kind == "f" else 2,
        "num_threads": 2,
    }


class Description(TypedDict, total=False):
    """What a raster says of itself.

    Attributes:
        names: band descriptions.
        units: band units.
        scales: band scales: stored value x scale = value.
        tags: data set metadata.
        band_tags: metadata items per band.
    """

    names: Sequence[str] | None
    units: Sequence[str] | None
    scales: Sequence[float] | None
    tags: Mapping[str, str] | None
    band_tags: Sequence[Mapping[str, str]] | None


class RasterWriter:
    """A GeoTIFF written window by window; it appears under its name only when it is complete.

    Write windows whose edges lie on multiples of 256 pixels where speed matters: others make
    GDAL decompress and compress blocks again.

    Args:
        path: the file to write.
        grid: where its pixels lie.
        count: number of bands.
        dtype: NumPy type name of the stored values.
        nodata: nodata value; None for NaN in float rasters and none in others.
        working: whether this is a working file, uncompressed and not flushed to the disk.
        **description: what the raster says of itself, see `Description`.

    Raises:
        OutputError: on entering, writing or leaving: the folder cannot be written, full disk.
        CrsError: the grid's CRS cannot be understood.
    """

    def __init__(
        self,
        path: str | Path,
        grid: Grid,
        count: int = 1,
        dtype: str = "float32",
        nodata: float | None = None,
        *,
        working: bool = False,
        **description: Unpack[Description],
    ):
        if unknown := description.keys() - Description.__annotations__.keys():
            raise TypeError(f"a raster has no {', '.join(sorted(unknown))}")
        self.path = Path(path)
        self.grid = grid
        self._sync = not working
        if nodata is None and np.dtype(dtype).kind == "f":
            nodata = float("nan")
        self._profile = {
            "driver": "GTiff",
            "height": grid.height,
            "width": grid.width,
            "count": count,
            "dtype": dtype,
            "nodata": nodata,
            "transform": grid.transform,
            **creation_options(dtype, working=working),
        }
        self._description = description
        self._stack = ExitStack()
        self._failures: list[OSError] = []
        self._dst: rasterio.io.DatasetWriter

    def __enter__(self) -> RasterWriter:
        crs = _parse_crs(self.grid.crs, self.path)
        with ExitStack() as stack:
            part = stack.enter_context(replacing(self.path, sync=self._sync))
            # `writing` sits inside `replacing`: a failing close is translated, then cleaned up.
            stack.enter_context(writing(self.path))
            stack.callback(self._raise_failure)
            self._dst = stack.enter_context(
                rasterio.open(part, "w", crs=crs, opener=self._opener, **self._profile)
            )
            self._describe()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc_info: Any) -> bool | None:
        return self._stack.__exit__(*exc_info)

    def write(
        self, array: np.ndarray, window: Window | None = None, *, band: int | None = None
    ) -> None:
        """Write pixels.

        Args:
            array: (height, width) or (height, width, bands).
            window: where they go; None is the whole raster.
            band: 1-based band for a (height, width) array; None writes all bands.

        Raises:
            OutputError: the disk is full.
        """
        w = window or self.grid.window
        box = RasterioWindow(w.col_off, w.row_off, w.width, w.height)
        with writing(self.path):
            if array.ndim == 3:
                self._dst.write(np.moveaxis(array, -1, 0), window=box)
            else:
                self._dst.write(array, band or 1, window=box)
            self._raise_failure()

    def _opener(self, path: str, mode: str = "rb", **_: Any) -> RecordingFile:
        return RecordingFile(path, mode, self._failures)

    def _raise_failure(self) -> None:
        if self._failures:
            raise self._failures[0]

    def _describe(self) -> None:
        told = self._description
        self._dst.update_tags(**(told.get("tags") or {}))
        if scales := told.get("scales"):
            self._dst.scales = tuple(scales)
        for index in range(1, self._dst.count + 1):
            if names := told.get("names"):
                self._dst.set_band_description(index, names[index - 1])
            if units := told.get("units"):
                self._dst.set_band_unit(index, units[index - 1])
            if band_tags := told.get("band_tags"):
                self._dst.update_tags(index, **band_tags[index - 1])


def write_raster(
    path: str | Path,
    array: np.ndarray,
    grid: Grid,
    *,
    names: Sequence[str] | None = None,
    units: Sequence[str] | None = None,
    nodata: float | None = None,
    dtype: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> Path:
    """Write a whole array, (height, width) or (height, width, bands), to a GeoTIFF.

    Raises:
        OutputError: the file cannot be written.
    """
    count = 1 if array.ndim == 2 else array.shape[-1]
    dtype = dtype or str(array.dtype)
    with RasterWriter(
        path, grid, count, dtype, nodata, names=names, units=units, tags=tags
    ) as writer:
        writer.write(array.astype(dtype, copy=False))
    return Path(path)


def _parse_crs(text: str, path: Path) -> rasterio.crs.CRS:
    try:
        return rasterio.crs.CRS.from_user_input(text)
    except rasterio.errors.CRSError as error:
        raise CrsError(f"{path}: '{text[:60]}' is no coordinate reference system") from error
