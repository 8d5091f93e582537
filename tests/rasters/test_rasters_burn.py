"""Attributes of polygons to pixels: each value is itself, and no other one."""

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine

from keras_landslide.grid import Grid
from keras_landslide.rasters.burn import attribute_values, burn_classes

SIDE = 8
GRID = Grid("EPSG:32618", Affine(10, 0, 400000, 0, -10, 700000), (1, SIDE))
DRIVERS = {".shp": "ESRI Shapefile", ".gpkg": "GPKG", ".geojson": "GeoJSON", ".fgb": "FlatGeobuf"}
VALUES = {
    "case": ["Qa", "qa", "QA", "qA"],
    "accents": ["Löß", "LÖß", "Ł", "ł"],
    "signs": ["a%", "A%", "a_b", "aXb", "a!", "!a", "b'C", "b'c"],
    "numbers": [2**24, 2**24 + 1, 2**24 + 2, 2**53 + 1],
    "fractions": [float(2**24), float(2**24 + 1), 0.1, 0.25],
}


def write(path, values):
    """A polygon for each value, which is one pixel of `GRID`, in order."""
    boxes = [
        shapely.box(400000 + 10 * i, 699990, 400010 + 10 * i, 700000) for i in range(len(values))
    ]
    gpd.GeoDataFrame({"rock": values}, geometry=boxes, crs=32618).to_file(
        path, driver=DRIVERS[path.suffix]
    )
    return path


@pytest.mark.parametrize("suffix", DRIVERS)
@pytest.mark.parametrize("kind", VALUES)
def test_each_value_is_itself(tmp_path, suffix, kind):
    values = VALUES[kind]
    path = write(tmp_path / f"rock{suffix}", values)
    assert attribute_values(path, "rock") == dict.fromkeys(values, 1)
    codes = {value: code for code, value in enumerate(values)}
    with rasterio.open(burn_classes(path, tmp_path / "out.tif", GRID, "rock", codes)) as out:
        expected = [*range(len(values)), *[-1] * (SIDE - len(values))]
        np.testing.assert_array_equal(out.read(1)[0], expected)


def test_a_class_of_many_values(tmp_path):
    values = [f"unit {i}" for i in range(1500)]
    boxes = [shapely.box(400000, 699990, 400010, 700000)] * 1499
    boxes.append(shapely.box(400010, 699990, 400020, 700000))
    path = tmp_path / "rock.gpkg"
    gpd.GeoDataFrame({"rock": values}, geometry=boxes, crs=32618).to_file(path, driver="GPKG")
    codes = dict.fromkeys(values, 3)
    with rasterio.open(burn_classes(path, tmp_path / "out.tif", GRID, "rock", codes)) as out:
        np.testing.assert_array_equal(out.read(1)[0], [3, 3, *[-1] * (SIDE - 2)])
