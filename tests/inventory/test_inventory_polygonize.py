import sqlite3

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from scipy import ndimage

from keras_landslide.errors import GridMismatchError, InputFileError, LandslideError
from keras_landslide.grid import Grid
from keras_landslide.inventory.polygonize import Outlines, polygonize
from keras_landslide.inventory.read import read_polygons
from keras_landslide.rasters.write import write_raster

UTM = Grid("EPSG:32618", Affine(12.5, 0, 400000, 0, -12.5, 700000), (60, 80))


def rows_of(path, layer="landslides"):
    """The attribute table, read by SQLite: a GeoPackage is one."""
    with sqlite3.connect(path) as db:
        db.row_factory = sqlite3.Row
        return [dict(r) for r in db.execute(f'select * from "{layer}"')]


def write_probability(path, values, grid=UTM, **tags):
    return write_raster(path, values.astype(np.float32), grid, names=["probability"], tags=tags)


@pytest.fixture
def blobs(tmp_path):
    """Random blobs that touch at corners and have holes, with a stack below them."""
    rng = np.random.default_rng(5)
    probability = rng.random(UTM.shape)
    probability[:10, :20] = np.nan
    stack = rng.normal(30, 5, (*UTM.shape, 2)).astype(np.float32)
    write_raster(
        tmp_path / "stack.tif", stack, UTM, names=["slope", "elevation"], tags={"SIMULATED": "yes"}
    )
    write_probability(tmp_path / "p.tif", probability)
    return tmp_path, probability.astype(np.float32), stack


@pytest.mark.parametrize("connectedness", [4, 8])
def test_polygons_are_the_connected_parts(blobs, connectedness):
    folder, probability, stack = blobs
    count = polygonize(
        folder / "p.tif",
        0.6,
        folder / "i.gpkg",
        stack=folder / "stack.tif",
        outlines=Outlines(connectedness),
    )
    structure = np.ones((3, 3)) if connectedness == 8 else None
    labels, expected = ndimage.label(probability >= np.float32(0.6), structure)
    rows = rows_of(folder / "i.gpkg")
    assert count == expected == len(rows)
    index = np.arange(1, expected + 1)
    slope, elevation = stack[..., 0], stack[..., 1]
    theirs = np.column_stack(
        [
            ndimage.sum(np.ones(UTM.shape), labels, index) * 12.5**2,
            ndimage.mean(probability, labels, index),
            ndimage.maximum(probability, labels, index),
            ndimage.mean(slope, labels, index),
            ndimage.maximum(elevation, labels, index) - ndimage.minimum(elevation, labels, index),
        ]
    )
    names = ["area_m2", "mean_probability", "max_probability", "mean_slope_deg"]
    ours = np.array([[r[n] for n in (*names, "elevation_range_m")] for r in rows])

    def sort(table):
        return table[np.lexsort(table.round(4).T)]

    np.testing.assert_allclose(sort(ours), sort(theirs), rtol=1e-5)
    assert all(r["simulated"] == 1 for r in rows)
    polygons = read_polygons(folder / "i.gpkg")
    assert shapely.is_valid(polygons).all()
    np.testing.assert_allclose(shapely.area(polygons), [r["area_m2"] for r in rows])
    np.testing.assert_allclose(shapely.length(polygons), [r["perimeter_m"] for r in rows])
    assert shapely.union_all(polygons).area == pytest.approx(shapely.area(polygons).sum())


def test_hand_worked_polygon(tmp_path):
    values = np.zeros(UTM.shape)
    values[10:13, 20:22] = 0.9  # 3 rows, 2 columns
    values[40, 40] = 0.7
    write_probability(tmp_path / "p.tif", values)
    assert polygonize(tmp_path / "p.tif", 0.7, tmp_path / "i.gpkg", minimum_area_m2=200) == 1
    (row,) = rows_of(tmp_path / "i.gpkg")
    assert row["area_m2"] == 6 * 156.25
    assert row["perimeter_m"] == 10 * 12.5
    assert row["mean_slope_deg"] is None
    assert row["elevation_range_m"] is None
    assert row["simulated"] == 0
    (polygon,) = read_polygons(tmp_path / "i.gpkg")
    assert polygon.bounds == (400250.0, 699837.5, 400275.0, 699875.0)
    # One polygon of exactly the minimum area stays.
    assert polygonize(tmp_path / "p.tif", 0.7, tmp_path / "i.gpkg", minimum_area_m2=156.25) == 2


def test_same_input_same_bytes_and_styled(blobs):
    folder = blobs[0]
    for name in ("a.gpkg", "b.gpkg"):
        polygonize(folder / "p.tif", 0.9, folder / name, stack=folder / "stack.tif")
    assert (folder / "a.gpkg").read_bytes() == (folder / "b.gpkg").read_bytes()
    (style,) = rows_of(folder / "a.gpkg", "layer_styles")
    assert (style["f_table_name"], style["f_geometry_column"]) == ("landslides", "geom")
    assert style["useAsDefault"] == 1
    assert "mean_probability" in style["styleQML"]
    assert not [p for p in folder.iterdir() if p.name.startswith(".")]


def test_nothing_found_gives_an_empty_layer(tmp_path):
    write_probability(tmp_path / "p.tif", np.full(UTM.shape, np.nan))
    outlines = Outlines(fill_holes_m2=1e4, simplify_m=20.0)
    assert polygonize(tmp_path / "p.tif", 0.5, tmp_path / "i.gpkg", outlines=outlines) == 0
    assert rows_of(tmp_path / "i.gpkg") == []
    assert read_polygons(tmp_path / "i.gpkg").size == 0


def test_degrees_are_measured_on_the_ellipsoid(tmp_path):
    # A box of 0.01 degrees at latitude 42: area from the ellipsoid's closed form.
    grid = Grid("EPSG:4326", Affine(0.0005, 0, 141.9, 0, -0.0005, 42.01), (40, 40))
    values = np.zeros(grid.shape)
    values[10:30, 10:30] = 1
    write_probability(tmp_path / "p.tif", values, grid)
    polygonize(tmp_path / "p.tif", 0.5, tmp_path / "i.gpkg")
    (row,) = rows_of(tmp_path / "i.gpkg")
    a, e2 = 6378137.0, 0.0066943799901413165
    lat = np.deg2rad(42.0)
    north = a * (1 - e2) / (1 - e2 * np.sin(lat) ** 2) ** 1.5 * np.deg2rad(0.01)
    east = a * np.cos(lat) / np.sqrt(1 - e2 * np.sin(lat) ** 2) * np.deg2rad(0.01)
    assert row["area_m2"] == pytest.approx(north * east, rel=1e-5)
    assert row["perimeter_m"] == pytest.approx(2 * (north + east), rel=1e-5)


def test_web_mercator_does_not_inflate_areas(tmp_path):
    grid = Grid("EPSG:3857", Affine(10, 0, 15800000, 0, -10, 5200000), (20, 20))
    values = np.zeros(grid.shape)
    values[5:15, 5:15] = 1
    write_probability(tmp_path / "p.tif", values, grid)
    polygonize(tmp_path / "p.tif", 0.5, tmp_path / "i.gpkg")
    lat = 2 * np.arctan(np.exp(5199900 / 6378137.0)) - np.pi / 2
    (row,) = rows_of(tmp_path / "i.gpkg")
    # The plain sphere's factor; the ellipsoid differs by less than 1 %.
    assert row["area_m2"] == pytest.approx(1e4 * np.cos(lat) ** 2, rel=0.01)


def test_holes_and_what_lies_in_them(tmp_path):
    values = np.zeros(UTM.shape)
    values[5:16, 5:16] = 0.9
    values[7:14, 7:14] = 0  # a hole of 49 px, 7656 m2
    values[10, 10] = 0.8  # an island in it
    write_probability(tmp_path / "p.tif", values)
    assert polygonize(tmp_path / "p.tif", 0.5, tmp_path / "i.gpkg", outlines=Outlines(8, 7000)) == 2
    assert polygonize(tmp_path / "p.tif", 0.5, tmp_path / "i.gpkg", outlines=Outlines(8, 8000)) == 1
    (row,) = rows_of(tmp_path / "i.gpkg")
    assert row["area_m2"] == 121 * 156.25
    assert row["mean_probability"] == pytest.approx((72 * 0.9 + 0.8) / 121, rel=1e-5)


def test_simplified_outlines_stay_valid_and_apart(blobs):
    folder = blobs[0]
    whole = polygonize(folder / "p.tif", 0.7, folder / "i.gpkg", outlines=Outlines(4))
    before = read_polygons(folder / "i.gpkg")
    polygonize(folder / "p.tif", 0.7, folder / "i.gpkg", outlines=Outlines(4, 0, 15))
    after = read_polygons(folder / "i.gpkg")
    assert len(after) == whole
    assert shapely.get_num_coordinates(after).sum() < shapely.get_num_coordinates(before).sum()
    assert shapely.is_valid(after).all()
    assert shapely.union_all(after).area == pytest.approx(shapely.area(after).sum())


def test_large_tiles_join(tmp_path, monkeypatch):
    monkeypatch.setattr("keras_landslide.inventory.attributes.TILE_PX", 16)
    monkeypatch.setattr("keras_landslide.inventory.polygonize.TILE_PX", 16)
    values = np.zeros(UTM.shape)
    values[8:40, 8:40] = np.random.default_rng(0).uniform(0.5, 1, (32, 32))
    write_probability(tmp_path / "p.tif", values)
    assert polygonize(tmp_path / "p.tif", 0.5, tmp_path / "i.gpkg") == 1
    (row,) = rows_of(tmp_path / "i.gpkg")
    assert row["mean_probability"] == pytest.approx(values[8:40, 8:40].mean(), rel=1e-6)


def test_bad_input_is_one_clear_line(blobs):
    folder = blobs[0]
    out = folder / "i.gpkg"
    other = Grid(UTM.crs, UTM.transform, (30, 80))
    write_raster(folder / "other.tif", np.zeros((30, 80), np.float32), other, names=["slope"])
    with pytest.raises(GridMismatchError, match=r"other\.tif do not share .* differ in size"):
        polygonize(folder / "p.tif", 0.5, out, stack=folder / "other.tif")
    with pytest.raises(LandslideError, match=r"threshold 1\.5"):
        polygonize(folder / "p.tif", 1.5, out)
    with pytest.raises(InputFileError, match="no such file"):
        polygonize(folder / "absent.tif", 0.5, out)
    with pytest.raises(InputFileError, match="its layers: landslides"):
        polygonize(folder / "p.tif", 0.9, out)
        read_polygons(out, layer="scars")
    assert sorted(p.name for p in folder.iterdir() if p.name.startswith(".")) == []


def test_reads_back_in_another_crs(blobs):
    folder = blobs[0]
    polygonize(folder / "p.tif", 0.99, folder / "i.gpkg")
    own = read_polygons(folder / "i.gpkg")
    lonlat = read_polygons(folder / "i.gpkg", crs="EPSG:4326")
    x, y = rasterio.warp.transform(
        "EPSG:32618", "EPSG:4326", *[[c] for c in own[0].centroid.coords[0]]
    )
    assert lonlat[0].centroid.coords[0] == pytest.approx((x[0], y[0]), abs=1e-8)
