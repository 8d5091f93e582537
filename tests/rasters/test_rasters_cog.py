"""Cloud-optimised copies: the same pixels, overviews, a full disk."""

import resource
import shutil

import numpy as np
import pytest
import rasterio
from test_rasters_read_write import GRID, pixels

from keras_landslide.errors import OutputError
from keras_landslide.grid import Grid
from keras_landslide.rasters.cog import add_overviews, to_cog
from keras_landslide.rasters.read import read_bands
from keras_landslide.rasters.write import write_raster

GRID_512 = Grid(GRID.crs, GRID.transform, (512, 512))
GRID_2048 = Grid(GRID.crs, GRID.transform, (2048, 2048))


def test_cog_is_a_cog_with_the_same_pixels(tmp_path):
    grid = Grid(GRID.crs, GRID.transform, (700, 1100))
    data = pixels(shape=(700, 1100, 1))
    write_raster(tmp_path / "a.tif", data, grid, names=["probability"], tags={"K": "v"})
    to_cog(tmp_path / "a.tif", tmp_path / "b.tif")
    with rasterio.open(tmp_path / "b.tif") as src:
        assert src.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert src.overviews(1)
        assert src.descriptions == ("probability",)
        assert src.tags()["K"] == "v"
    np.testing.assert_array_equal(read_bands(tmp_path / "b.tif", ["probability"]), data)


def test_cog_into_a_full_disk(tmp_path):
    write_raster(tmp_path / "a.tif", pixels(shape=(512, 512, 1)), GRID_512)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
        with pytest.raises(OutputError, match=r"b\.tif"):
            to_cog(tmp_path / "a.tif", tmp_path / "b.tif")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [p.name for p in tmp_path.iterdir()] == ["a.tif"]


@pytest.mark.parametrize("shape", [(700, 1100), (512, 512), (1600, 528)])
def test_overviews_made_before_are_those_of_the_copy(shape, tmp_path):
    """Against GDAL's COG driver, which makes them itself where the file has none.

    Sides are even down to the last: of an odd one the driver drops the half pixel, which ours keep.
    """
    image = pixels(shape=(*shape, 1))
    image[3:50, 7:90] = np.nan
    write_raster(tmp_path / "a.tif", image, Grid(GRID.crs, GRID.transform, shape))
    shutil.copy(tmp_path / "a.tif", tmp_path / "b.tif")
    add_overviews(tmp_path / "b.tif")
    for name in "ab":
        to_cog(tmp_path / f"{name}.tif", tmp_path / f"{name}-cog.tif")
    assert (tmp_path / "a-cog.tif").read_bytes() == (tmp_path / "b-cog.tif").read_bytes()


def test_overviews_keep_the_last_pixels_of_odd_sides(tmp_path):
    image = pixels(shape=(1025, 30, 1))
    write_raster(tmp_path / "a.tif", image, Grid(GRID.crs, GRID.transform, (1025, 30)))
    add_overviews(tmp_path / "a.tif")
    to_cog(tmp_path / "a.tif", tmp_path / "b.tif")
    with rasterio.open(tmp_path / "b.tif", overview_level=0) as src:
        assert src.shape == (513, 15)
        np.testing.assert_allclose(src.read(1)[-1, 0], image[-2:, :2].mean(), rtol=2e-3)


def test_overviews_into_a_full_disk(tmp_path):
    write_raster(tmp_path / "a.tif", pixels(shape=(2048, 2048, 1)), GRID_2048)
    full = (tmp_path / "a.tif").stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (full + 300_000, hard))
        with pytest.raises(OutputError, match=r"a\.tif"):
            add_overviews(tmp_path / "a.tif")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
