"""Polygons are where they are, and are called what they are called."""

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from affine import Affine

from keras_landslide.errors import InputFileError
from keras_landslide.grid import Grid
from keras_landslide.inventory.polygonize import polygonize
from keras_landslide.inventory.read import read_grouped, read_polygons
from keras_landslide.rasters.write import write_raster

SUFFIXES = [".gpkg", ".geojson", ".fgb"]


@pytest.fixture
def names_of(tmp_path):
    def read(names, suffix, change=None):
        path = tmp_path / f"a{suffix}"
        boxes = [shapely.box(i, 0, i + 1, 1) for i in range(len(names))]
        gpd.GeoDataFrame({"event": names}, geometry=boxes, crs=32618).to_file(path)
        if change:
            change(path)
        polygons, groups = read_grouped(path, "event")
        by_place = sorted((p.bounds[0], group) for p, group in zip(polygons, groups, strict=True))
        return [group for _, group in by_place]

    return read


@pytest.mark.parametrize("suffix", [".shp", *SUFFIXES])
def test_groups_are_exact(names_of, suffix):
    assert names_of(["Ost", "ost", "Öst"], suffix) == ["Ost", "ost", "Öst"]
    numbers = [2**24, 2**24 + 1, 2**53 + 1]
    assert names_of(numbers, suffix) == [str(number) for number in numbers]
    assert names_of([2.0**24, 2.0**24 + 1, 0.1], suffix) == ["16777216", "16777217", "0.1"]


def test_groups_in_an_encoding_that_nothing_names_are_refused(names_of):
    def forget(path):
        table = bytearray(path.with_suffix(".dbf").read_bytes().replace("ü".encode(), b"\xfc "))
        table[29] = 0
        path.with_suffix(".dbf").write_bytes(table)
        path.with_suffix(".cpg").unlink()

    with pytest.raises(InputFileError, match=r"a\.shp: the text of attribute 'event' .*a\.cpg"):
        names_of(["Zug", "Züge"], ".shp", forget)

    def name(path):
        forget(path)
        path.with_suffix(".cpg").write_text("ISO-8859-1")

    assert [text.replace(" ", "") for text in names_of(["Zug", "Züge"], ".shp", name)] == [
        "Zug",
        "Züge",
    ]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_map_across_the_180th_meridian(tmp_path, suffix):
    """The landslides of such a map, in whatever coordinates they are written, come back."""
    to_utm = pyproj.Transformer.from_crs(4326, 32660, always_xy=True)
    x, y = (round(value, -3) for value in to_utm.transform(180, 65))
    grid = Grid("EPSG:32660", Affine(500, 0, x - 15000, 0, -500, y + 15000), (60, 60))
    values = np.zeros(grid.shape, np.float32)
    values[20:40, 20:40] = 0.9
    probability = write_raster(tmp_path / "p.tif", values, grid)
    path = tmp_path / f"slides{suffix}"
    assert polygonize(probability, 0.5, path) == 1
    (back,) = read_polygons(path, crs=grid.crs)
    truth = shapely.box(x - 5000, y - 5000, x + 5000, y + 5000)
    assert shapely.area(shapely.symmetric_difference(back, truth)) < 1e-4 * truth.area
    if suffix == ".geojson":  # RFC 7946: cut there, and within 180 degrees
        parts = gpd.read_file(path).geometry[0].geoms
        assert sorted(np.sign(part.centroid.x) for part in parts) == [-1, 1]
        assert all(part.bounds[2] - part.bounds[0] < 1 for part in parts)
