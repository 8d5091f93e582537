"""Class bands, distances, surroundings and uphill indices in a stack."""

import json

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from stack_scenes import TARGET, centres, elevation_on, write_polygons

from keras_landslide.errors import (
    GridMismatchError,
    InputFileError,
    LandslideError,
    RecipeError,
    TerrainError,
)
from keras_landslide.grid import Grid
from keras_landslide.rasters.read import read_bands, stack_info
from keras_landslide.rasters.write import write_raster
from keras_landslide.stacking import terrain
from keras_landslide.stacking.build import build_stack
from keras_landslide.stacking.class_table import as_text, load_class_table
from keras_landslide.stacking.working_files import WorkingFiles
from keras_landslide.terrain.relief import above_mean
from keras_landslide.terrain.uphill import uphill_index

B = TARGET.bounds
BOXES = {
    "granite": (B.left, B.bottom, B.left + 500, B.top),
    "clay": (B.left + 500, B.bottom + 300, B.right - 200, B.top),
}
RIVER = [(B.left - 400, B.bottom - 300), (B.left + 600, B.top + 100)]
RECIPE = """
[grid]
like = "dem.tif"
[dem]
path = "dem.tif"
valid = [0, 9000]
derive = ["elevation", "above_mean_100", "uphill_13", "uphill_100"]
[[category]]
path = "rocks.gpkg"
band = "lithology"
attribute = "rock"
classes = "rocks.csv"
[[category]]
path = "cover.tif"
band = "land_cover"
classes = "corine_land_cover"
[[distance]]
path = "river.gpkg"
band = "river_distance"
limit_m = 500
[inventory]
path = "slides.gpkg"
surveyed_bounds = [482000, 600000, 482600, 700000]
"""


def write_features(path, features, kind):
    from osgeo import ogr, osr

    ogr.UseExceptions()
    srs = osr.SpatialReference()
    srs.ImportFromEPSG(32618)
    data = ogr.GetDriverByName("GPKG").CreateDataSource(str(path))
    out = data.CreateLayer("layer", srs, kind)
    out.CreateField(ogr.FieldDefn("rock", ogr.OFTString))
    for rock, shape in features:
        feature = ogr.Feature(out.GetLayerDefn())
        feature.SetField("rock", rock)
        feature.SetGeometry(ogr.CreateGeometryFromWkt(shape.wkt))
        out.CreateFeature(feature)
    del out, data


@pytest.fixture
def mixed(tmp_path):
    """The recipe of a small scene with two class bands and a river."""
    from osgeo import ogr

    boxes = [(rock, shapely.box(*box)) for rock, box in BOXES.items()]
    write_features(tmp_path / "rocks.gpkg", boxes, ogr.wkbPolygon)
    river = [(None, shapely.LineString(RIVER))]
    write_features(tmp_path / "river.gpkg", river, ogr.wkbLineString)
    (tmp_path / "rocks.csv").write_text("value,code,name\nclay,0,clay\ngranite,1,granite\n,2,?\n")
    z = elevation_on(TARGET)
    z[40:50, 30:35] = -9999  # no data without a nodata value
    write_raster(tmp_path / "dem.tif", z, TARGET)
    cover = np.where(np.arange(TARGET.width) < 40, 111, 523) * np.ones(TARGET.shape)
    cover[:10] = 0
    write_raster(tmp_path / "cover.tif", cover.astype("int16"), TARGET, nodata=0)
    write_polygons(
        tmp_path / "slides.gpkg", [(B.left + 100, B.top - 300, B.left + 300, B.top)], "s"
    )
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE)
    return path


def bands(path, *names):
    return np.moveaxis(read_bands(path, names), -1, 0)


def test_classes_from_polygons_and_rasters(mixed):
    out = build_stack(mixed, mixed.with_name("stack.tif"))
    x, y = centres(TARGET)
    expected = np.full(TARGET.shape, 2.0)
    for code, rock in enumerate(("clay", "granite")):
        left, bottom, right, top = BOXES[rock]
        expected[(x > left) & (x < right) & (y > bottom) & (y < top)] = code
    lithology, cover, label = bands(out, "lithology", "land_cover", "label")
    np.testing.assert_array_equal(lithology, expected)
    assert set(np.unique(expected)) == {0, 1, 2}
    assert (cover[:10] == 5).all() and (cover[10:, :40] == 1).all() and (cover[10:, 40:] == 3).all()
    assert ((label == 255) == (x >= 482600)).all() and (label == 1).any()
    info = {band.name: band for band in stack_info(out).bands}
    assert info["lithology"].classes == ("clay", "granite", "?")
    assert info["land_cover"].classes[5] == "unknown"
    assert info["lithology"].kind == "categorical"
    with rasterio.open(out) as src:
        assert json.loads(src.tags(1)["classes"]) == ["clay", "granite", "?"]


def test_distance_counts_features_beyond_the_edge(mixed):
    out = build_stack(mixed, mixed.with_name("stack.tif"))
    (found,) = bands(out, "river_distance")
    x, y = centres(TARGET)
    exact = shapely.distance(shapely.points(x, y), shapely.LineString(RIVER))
    assert np.abs(found - np.minimum(exact, 500)).max() < 1.5 * 12.5
    assert exact.min() < 1 < found.max() == 500


def test_surroundings_uphill_and_values_out_of_range(mixed):
    out = build_stack(mixed, mixed.with_name("stack.tif"))
    z = elevation_on(TARGET)
    z[40:50, 30:35] = np.nan
    elevation, mean, near, far = bands(
        out, "elevation", "above_mean_100", "uphill_13", "uphill_100"
    )
    np.testing.assert_array_equal(elevation, z)
    np.testing.assert_allclose(mean, above_mean(z, 12.5, 100), atol=1e-2)
    for found, range_m in ((near, 13), (far, 100)):
        expected = uphill_index(z, range_m, 12.5).astype(float)
        expected[np.isnan(z)] = np.nan
        np.testing.assert_array_equal(found, expected)


def test_the_same_again(mixed):
    first = build_stack(mixed, mixed.with_name("a.tif")).read_bytes()
    assert build_stack(mixed, mixed.with_name("b.tif")).read_bytes() == first


def change(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("file", "old", "new", "error", "message"),
    [
        ("rocks.csv", "clay,0,clay\n", "mud,0,mud\n", RecipeError, "'clay' .1 polygons., which"),
        ("recipe.toml", '"corine_land_cover"', '"rocks.csv"', RecipeError, "the value 111"),
        ("recipe.toml", '"rocks.csv"', '"no.csv"', InputFileError, "corine_land_cover"),
        ("recipe.toml", '"rock"', '"stone"', InputFileError, "no attribute 'stone'; it has"),
        ("recipe.toml", "uphill_13", "uphill_12", TerrainError, "less than one pixel of 12.5 m"),
        ("recipe.toml", "uphill_100", "uphill_99999", TerrainError, "more than 1024 pixels"),
        ("recipe.toml", "above_mean_100", "above_mean_12", TerrainError, "less than one pixel"),
        ("recipe.toml", "uphill_100", "uphil_100", RecipeError, "uphill_<m>"),
        ("recipe.toml", "limit_m = 500", "limit_m = 0", RecipeError, "limit_m"),
        ("recipe.toml", "valid = [0, 9000]", "valid = [5, 1]", RecipeError, "least, most"),
        ("recipe.toml", "[482000, 6", "[482000, 8", RecipeError, "bottom < top"),
        ("recipe.toml", "[[distance]]", 'others = "x"\n[[distance]]', RecipeError, "others"),
        ("rocks.csv", "granite,1", "granite,3", RecipeError, "without gaps"),
        ("rocks.csv", "granite,1", "clay,1", RecipeError, "second time"),
        ("rocks.csv", "granite,1,granite", "granite,0,granite", RecipeError, "second name"),
        ("rocks.csv", "value,", "key,", RecipeError, "no column 'value'"),
        ("rocks.csv", "granite,1", "granite,one", RecipeError, "line 3 needs a code"),
    ],
)
def test_mistakes_are_one_clear_line(mixed, file, old, new, error, message):
    change(mixed.with_name(file), old, new)
    with pytest.raises(error, match=message) as caught:
        build_stack(mixed, mixed.with_name("stack.tif"))
    assert isinstance(caught.value, LandslideError) and "\n" not in str(caught.value)
    assert not mixed.with_name("stack.tif").exists()


def test_a_river_far_away(mixed):
    from osgeo import ogr

    mixed.with_name("river.gpkg").unlink()
    line = shapely.LineString([(9e5, 9e5), (9.1e5, 9e5)])
    write_features(mixed.with_name("river.gpkg"), [(None, line)], ogr.wkbLineString)
    with pytest.raises(GridMismatchError, match="nothing lies within 500 m"):
        build_stack(mixed, mixed.with_name("stack.tif"))


@pytest.mark.parametrize(("others", "code"), [("unknown", 2.0), ("nodata", np.nan)])
def test_values_that_the_table_lacks(mixed, others, code):
    change(mixed.with_name("rocks.csv"), "clay,0,clay\n", "mud,0,mud\n")
    change(mixed, 'classes = "rocks.csv"', f'classes = "rocks.csv"\nothers = "{others}"')
    out = build_stack(mixed, mixed.with_name("stack.tif"))
    (lithology,) = bands(out, "lithology")
    np.testing.assert_array_equal(lithology[10, 80], code)
    assert lithology[10, 10] == 1 and lithology[-1, -1] == 2


def test_tables_of_the_package(tmp_path):
    corine = load_class_table("corine_land_cover", tmp_path)
    assert len(corine.codes) == 45 and len(corine.names) == 6 and corine.unknown == 5
    assert corine.names[corine.codes["512"]] == "water bodies"
    assert len(load_class_table("inspire_lithology", tmp_path).names) == 45
    assert load_class_table("rock_family", tmp_path).unknown == 4


def test_values_as_text():
    assert [as_text(v) for v in (6, 6.0, "6", " a ", None)] == ["6", "6", "6", "a", ""]


def test_valid_range_reads_the_dem_near_the_target_alone(tmp_path, monkeypatch):
    """A DEM of a whole country costs the basin's part of it, and gives what a clean one gives."""
    grid = Grid("EPSG:4326", Affine(1.3e-4, 0, -75.2, 0, -1.3e-4, 6.05), (700, 800))
    z = elevation_on(grid)
    clean = z.copy()
    z[300:340, 350:380], clean[300:340, 350:380] = -9999, np.nan
    write_raster(tmp_path / "dirty.tif", z, grid)
    write_raster(tmp_path / "clean.tif", clean, grid)
    bounds = ", ".join(map(str, B))
    recipe = (
        f'[grid]\ncrs = "EPSG:32618"\nresolution = 12.5\nbounds = [{bounds}]\n'
        '[dem]\npath = "{}.tif"\nderive = ["elevation", "slope", "above_mean_300"]\n'
    )
    monkeypatch.setattr(terrain, "TILE_PX", 16)
    sizes = []

    def weigh(self):
        sizes.extend(p.stat().st_blocks * 512 for p in self.folder.glob("dem-valid*"))

    monkeypatch.setattr(WorkingFiles, "clean", weigh)
    stacks = []
    for name, more in (("dirty", "valid = [0, 9000]\n"), ("clean", "")):
        path = tmp_path / f"{name}.toml"
        path.write_text(recipe.format(name) + more)
        stacks.append(build_stack(path, tmp_path / f"{name}_stack.tif"))
    dirty, expected = (bands(path, "elevation", "slope", "above_mean_300") for path in stacks)
    assert np.isnan(expected).any() and np.isfinite(expected).mean() > 0.5
    np.testing.assert_array_equal(dirty, expected)
    assert len(sizes) == 1 and sizes[0] < z.nbytes / 2
