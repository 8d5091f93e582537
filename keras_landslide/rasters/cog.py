"""Cloud-optimised copies of rasters, with overviews."""

from __future__ import annotations

import math
from pathlib import Path

import rasterio
import rasterio.shutil
from rasterio.enums import Resampling
from rasterio.windows import Window as RasterioWindow

from keras_landslide.files import replacing
from keras_landslide.rasters.gdal_errors import reading, writing
from keras_landslide.rasters.write import BLOCK_PX


def add_overviews(path: str | Path) -> None:
    """Add overviews to a working file, down to one tile of a cloud-optimised copy.

    The copy takes them over; those that GDAL else makes for it are compressed and decompressed once
    more.

    Raises:
        OutputError: the disk is full.
    """
    with writing(path), rasterio.open(path, "r+") as dst:
        levels = math.ceil(math.log2(max(dst.shape) / (2 * BLOCK_PX)))
        if levels > 0:
            factors = [2**level for level in range(1, levels + 1)]
            dst.build_overviews(factors, Resampling.average)


def to_cog(src: str | Path, dst: str | Path) -> Path:
    """Copy a raster to a cloud-optimised GeoTIFF with overviews; windowed inside GDAL.

    Raises:
        InputFileError: `src` is missing or no raster.
        OutputError: `dst` cannot be written.
    """
    with reading(src):
        rasterio.open(src).close()
    with replacing(dst) as part, writing(dst):
        rasterio.shutil.copy(
            src,
            part,
            driver="COG",
            compress="deflate",
            predictor="yes",
            level=1,
            blocksize=2 * BLOCK_PX,
            overview_resampling="average",
            bigtiff="if_safer",
            num_threads=2,
        )
        _check_blocks(part)
    return Path(dst)


def _check_blocks(path: Path) -> None:
    """Decode a file once, since GDAL can close a file cut short by a full disk without an error.

    Windowed; about a third of the time that compressing took.
    """
    with rasterio.open(path, num_threads=2) as src:
        for row in range(0, src.height, 2 * BLOCK_PX):
            rows = min(2 * BLOCK_PX, src.height - row)
            src.read(window=RasterioWindow(0, row, src.width, rows))
