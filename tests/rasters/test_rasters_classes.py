"""Class numbers that float32 would merge."""

import numpy as np
import pytest
from affine import Affine

from keras_landslide.errors import InputFileError
from keras_landslide.grid import Grid
from keras_landslide.rasters.classes import LARGEST, refuse_merged_classes
from keras_landslide.rasters.write import write_raster

GRID = Grid("EPSG:32618", Affine(10, 0, 400000, 0, -10, 700000), (40, 40))


@pytest.mark.parametrize("dtype", ["uint32", "int32", "float64"])
def test_numbers_beyond_float32_are_refused(tmp_path, dtype):
    values = np.full((*GRID.shape, 1), LARGEST, dtype)
    path = write_raster(tmp_path / "ids.tif", values, GRID)
    refuse_merged_classes(path, 1)
    values[20:, 30] += 1
    assert np.unique(values.astype(np.float32)).size == 1, "float32 merges the two"
    write_raster(path, values, GRID)
    with pytest.raises(InputFileError, match=r"ids\.tif: holds the class number 16777217;"):
        refuse_merged_classes(path, 1)
    refuse_merged_classes(path, 1, nodata=LARGEST + 1)


def test_nodata_may_be_anything(tmp_path):
    values = np.full((*GRID.shape, 1), 3, "int32")
    values[0] = np.iinfo("int32").max
    path = write_raster(tmp_path / "a.tif", values, GRID, nodata=np.iinfo("int32").max)
    refuse_merged_classes(path, 1)
