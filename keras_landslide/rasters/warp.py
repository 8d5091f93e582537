"""Warp bands of a raster onto a grid, as gdalwarp does."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from keras_landslide.errors import InputFileError
from keras_landslide.files import replacing
from keras_landslide.grid import Grid
from keras_landslide.rasters.declared import alpha_band, horizontal
from keras_landslide.rasters.gdal_errors import (
    GDAL_ERRORS,
    osgeo_gdal,
    quiet_gdal,
    reading,
    writing,
)
from keras_landslide.rasters.opening import open_gdal_raster, open_raster


def warp(
    src: str | Path,
    dst: str | Path,
    grid: Grid,
    *,
    resampling: str,
    indexes: Sequence[int] | None = None,
    nodata: float | None = None,
    memory_mb: int = 64,
) -> Path:
    """Warp bands of a raster onto `grid`, as float32 with NaN for nodata; atomic.

    The same code as the gdalwarp command, with the same result bit for bit:
    `gdalwarp -t_srs CRS -te BOUNDS -ts WIDTH HEIGHT -r RESAMPLING -ot Float32 -dstnodata nan
    -ovr NONE -wo UNIFIED_SRC_NODATA=NO`. Nodata is a matter of each band by itself, and overviews
    are not used, since their making is unknown. An opacity band masks the others. Of a CRS with
    heights the horizontal part counts: heights are never shifted. The result is not compressed: it
    is for working.

    Args:
        src: source raster.
        dst: GeoTIFF to write.
        grid: target grid, north-up.
        resampling: one of `recipe.RESAMPLINGS`.
        indexes: 1-based source bands in the order wanted; None takes all.
        nodata: takes the place of the source's nodata value.
        memory_mb: memory for the warp's working chunks.

    Raises:
        InputFileError: the source cannot be read to its end.
        OutputError: `dst` cannot be written.
    """
    gdal = osgeo_gdal()
    options = [
        *("-of", "GTiff", "-ot", "Float32", "-dstnodata", "nan", "-r", resampling),
        *("-t_srs", grid.crs, "-te", *(repr(float(v)) for v in grid.bounds)),
        *("-ts", str(grid.width), str(grid.height), "-ovr", "NONE"),
        *("-wm", str(memory_mb), "-multi", "-wo", "NUM_THREADS=ALL_CPUS"),
        *("-wo", "UNIFIED_SRC_NODATA=NO", "-co", "TILED=YES", "-co", "BIGTIFF=IF_SAFER"),
    ]
    if nodata is not None:
        options += ["-srcnodata", repr(nodata)]
    with replacing(dst, sync=False) as part, quiet_gdal():
        with reading(src):
            source = open_gdal_raster(src)
            wanted = [*range(1, source.RasterCount + 1)] if indexes is None else list(indexes)
            with open_raster(src) as bands:
                alpha, crs = alpha_band(bands), bands.crs
            flat = horizontal(crs)
            if flat != crs:
                options += ["-s_srs", flat.to_wkt(version="WKT2_2019")]
            if wanted != [*range(1, source.RasterCount + 1)]:
                mask = {"maskBand": alpha} if alpha and alpha not in wanted else {}
                source = gdal.Translate("", source, format="VRT", bandList=wanted, **mask)
        try:
            result = gdal.Warp(str(part), source, options=options)
            if result is None:  # a worker thread failed: its error does not become an exception
                raise RuntimeError(gdal.GetLastErrorMsg() or "the warp failed")
            result.FlushCache()
            count = result.RasterCount
        except GDAL_ERRORS as error:
            raise _read_or_write(error, src, dst) from error
        del result
        _check_size(part, dst, grid, count)
    return Path(dst)


def _read_or_write(error: BaseException, src: str | Path, dst: str | Path) -> Exception:
    """A failing warp may be the source's fault or the disk's: read the source to find out."""
    try:
        with reading(src), open_raster(src) as source:
            for _, window in source.block_windows(1):
                source.read(window=window)
    except InputFileError as reason:
        return reason
    try:
        with writing(dst):
            raise error
    except Exception as reason:
        return reason


def _check_size(part: Path, dst: str | Path, grid: Grid, count: int) -> None:
    """An uncompressed file is as large as its blocks: a shorter one met a full disk."""
    blocks = math.ceil(grid.height / 256) * math.ceil(grid.width / 256)
    if part.stat().st_size < blocks * 256 * 256 * 4 * count:
        with writing(dst):
            raise RuntimeError("No space left on device: the file was cut short")
