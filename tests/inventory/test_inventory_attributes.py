"""Attributes and object rules of polygons, worked by hand."""

import numpy as np
import pytest
import shapely
from affine import Affine
from osgeo import ogr

from keras_landslide.errors import BandError
from keras_landslide.grid import Grid
from keras_landslide.inventory.measure import long_axes
from keras_landslide.inventory.object_rules import ObjectRules
from keras_landslide.inventory.polygonize import polygonize
from keras_landslide.rasters.read import stack_info
from keras_landslide.rasters.write import write_raster

GRID = Grid("EPSG:32618", Affine(10, 0, 4e5, 0, -10, 7e5), (40, 50))


def rows_of(path):
    layer = (source := ogr.Open(str(path))).GetLayer("landslides")
    rows = [feature.items() for feature in layer]
    del source
    return rows


@pytest.mark.parametrize("azimuth", [0, 30, 90, 135, 179])
def test_long_axis_of_a_turned_rectangle(azimuth):
    box = shapely.affinity.rotate(shapely.box(-5, -20, 5, 20), -azimuth, origin=(0, 0))
    length, width, found = long_axes(np.array([box]))
    assert (length[0], width[0]) == (pytest.approx(40), pytest.approx(10))
    assert found[0] == pytest.approx(azimuth, abs=1e-5)


def write_map(folder):
    probability = np.zeros(GRID.shape, np.float32)
    probability[5:9, 10:12] = 0.8  # 4 rows, 2 columns, inside
    probability[0, 30:33] = 0.9  # at the edge
    probability[20:22, 20:25] = 0.6  # beside missing pixels, corner to corner
    probability[22:25, 25:28] = np.nan
    probability[35, 5] = 0.7
    uncertainty = np.where(np.isnan(probability), np.nan, probability / 10).astype(np.float32)
    write_raster(
        folder / "p.tif", np.stack([probability, uncertainty], -1), GRID,
        names=("probability", "uncertainty"),
    )  # fmt: skip
    rows, cols = np.mgrid[: GRID.height, : GRID.width].astype(np.float32)
    red, nir = np.full_like(rows, 0.2), np.full_like(rows, 0.3)
    nir[:10, :15] = 0.6  # the first landslide is green
    bands = [cols, 1000 + rows, red, nir]
    names = ("slope", "elevation", "red", "nir")
    write_raster(folder / "s.tif", np.stack(bands, -1), GRID, names=names)
    return folder / "p.tif", folder / "s.tif"


def test_attributes_by_hand(tmp_path):
    probability, stack = write_map(tmp_path)
    assert polygonize(probability, 0.5, tmp_path / "i.gpkg", stack=stack) == 4
    rows = {row["area_m2"]: row for row in rows_of(tmp_path / "i.gpkg")}
    inside, edge, beside = rows[800.0], rows[300.0], rows[1000.0]
    expected = {
        "length_m": 40, "width_m": 20, "orientation_deg": 0, "mean_slope_deg": 10.5,
        "max_slope_deg": 11, "mean_elevation_m": 1006.5, "min_elevation_m": 1005,
        "max_elevation_m": 1008, "elevation_range_m": 3, "mean_uncertainty": 0.08,
        "touches_nodata": 0, "touches_edge": 0,
    }  # fmt: skip
    assert {name: inside[name] for name in expected} == pytest.approx(expected, abs=1e-5)
    assert (edge["touches_edge"], edge["touches_nodata"], edge["orientation_deg"]) == (1, 0, 90)
    assert (beside["touches_edge"], beside["touches_nodata"]) == (0, 1)


@pytest.mark.parametrize(
    ("rules", "areas"),
    [
        (ObjectRules(), [100, 300, 800, 1000]),
        (ObjectRules(probability=0.65), [100, 300, 800]),
        (ObjectRules(ndvi=0.4), [100, 300, 1000]),  # NDVI 0.5 of the green one, 0.2 of the rest
        (ObjectRules(slope_deg=8), [300, 800, 1000]),
        (ObjectRules(0.65, 0.4, 8), [300]),
    ],
)
def test_object_rules(tmp_path, rules, areas):
    probability, stack = write_map(tmp_path)
    polygonize(probability, 0.5, tmp_path / "i.gpkg", stack=stack, rules=rules)
    assert sorted(row["area_m2"] for row in rows_of(tmp_path / "i.gpkg")) == areas


def test_rules_without_their_bands(tmp_path):
    probability, _ = write_map(tmp_path)
    with pytest.raises(BandError, match="neither a band ndvi nor red and nir"):
        ObjectRules(ndvi=0.3).check(stack_info(probability))
    with pytest.raises(BandError, match="no band slope"):
        ObjectRules(slope_deg=5).check(stack_info(probability))
