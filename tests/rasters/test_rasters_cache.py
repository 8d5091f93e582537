import numpy as np
import rasterio
from affine import Affine
from rasterio._env import get_gdal_config

from keras_landslide.grid import Grid
from keras_landslide.rasters.cache import limited_cache
from keras_landslide.rasters.gdal_errors import osgeo_gdal
from keras_landslide.rasters.write import write_raster


def test_both_caches_are_bounded_and_put_back(tmp_path):
    grid = Grid("EPSG:32618", Affine(10, 0, 0, 0, -10, 0), (64, 64))
    path = write_raster(tmp_path / "a.tif", np.zeros((64, 64), np.float32), grid)
    with rasterio.open(path) as src:
        src.read()  # GDAL has chosen its cache's size by now

    def sizes():
        return osgeo_gdal().GetCacheMax(), int(get_gdal_config("GDAL_CACHEMAX"))

    before = sizes()
    with limited_cache(32 << 20):
        assert sizes() == (32 << 20, 32 << 20)
    assert sizes() == before
