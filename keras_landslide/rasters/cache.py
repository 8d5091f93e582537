"""A bound on the blocks that GDAL keeps in memory, which else is 5 % of the machine's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import rasterio

from keras_landslide.rasters.gdal_errors import osgeo_gdal

CACHE_BYTES = 64 << 20


@contextmanager
def limited_cache(size_bytes: int = CACHE_BYTES) -> Iterator[None]:
    """Bound the block caches of both GDALs, rasterio's and osgeo's, inside the block."""
    gdal = osgeo_gdal()
    before = gdal.GetCacheMax()
    gdal.SetCacheMax(size_bytes)
    try:
        # rasterio hands an integer to GDALSetCacheMax64: bytes, unlike the variable of that name.
        with rasterio.Env(GDAL_CACHEMAX=size_bytes):
            yield
    finally:
        gdal.SetCacheMax(before)
