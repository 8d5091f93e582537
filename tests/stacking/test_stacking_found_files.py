"""Files as people have them: what a file says of itself is used, or refused in one line."""

import subprocess
import warnings
import zipfile

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import rasterio
import shapely
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rasterio.control import GroundControlPoint
from rasterio.enums import ColorInterp
from rasterio.transform import from_origin

from keras_landslide.errors import CrsError, InputFileError, LandslideWarning, NodataError
from keras_landslide.grid import Grid
from keras_landslide.rasters.read import read_bands, stack_info
from keras_landslide.rasters.write import write_raster
from keras_landslide.stacking.build import build_stack

SIDE, RES = 40, 10.0
PLANE = (1000 + RES * np.arange(SIDE) * np.ones((SIDE, 1))).astype("float32")  # 45 degrees
WARPED = '[grid]\ncrs = "EPSG:32618"\nresolution = 20.0\n'
ZONE_17 = '[grid]\ncrs = "EPSG:32617"\nresolution = 10.0\n'
DEM = '[dem]\npath = "dem.tif"\nderive = ["elevation", "slope"]\n'
INVENTORY = '[[raster]]\npath = "rgb.tif"\nbands = {{ red = 1 }}\n[inventory]\npath = "{}"\n'


def write(path, bands, *, crs="EPSG:32618", nodata=None, scale=None, unit=None, **more):
    bands = np.atleast_3d(bands.T).T if bands.ndim == 2 else bands
    with rasterio.open(
        path, "w", driver="GTiff", height=bands.shape[1], width=bands.shape[2],
        count=bands.shape[0], dtype=bands.dtype, crs=crs, nodata=nodata,
        transform=from_origin(500000, 700000, RES, RES), **more,
    ) as dst:  # fmt: skip
        dst.write(bands)
        if scale:
            dst.scales, dst.offsets = ((each,) * dst.count for each in scale)
        if unit:
            dst.set_band_unit(1, unit)


def stack(folder, recipe):
    (folder / "recipe.toml").write_text(recipe)
    return build_stack(folder / "recipe.toml", folder / "stack.tif")


def band(path, name):
    return read_bands(path, [name])[..., 0]


def inside(values):
    return values[~np.isnan(values)]


@pytest.mark.parametrize("grid", ["", WARPED, ZONE_17])
@pytest.mark.parametrize(
    ("crs", "unit", "metres"),
    [
        ("EPSG:32618", "US survey foot", 1200 / 3937),
        ("EPSG:32618", "ft", 0.3048),
        ("EPSG:26918+6360", None, 1200 / 3937),  # NAVD88 height in US survey feet
        ("EPSG:32618+5773", None, 1.0),  # EGM96 height: never shifted to another datum
        ("EPSG:32618", "dm", 0.1),
    ],
)
def test_heights_are_metres(crs, unit, metres, grid, tmp_path):
    write(tmp_path / "dem.tif", (PLANE / metres).astype("float32"), crs=crs, unit=unit)
    out = stack(tmp_path, grid + DEM)
    heights = inside(band(out, "elevation"))
    assert heights.min() >= 999.9 and heights.max() <= 1390.1 and np.ptp(heights) > 360
    np.testing.assert_allclose(inside(band(out, "slope")), 45, atol=0.01)


def test_a_unit_that_is_none_of_height(tmp_path):
    write(tmp_path / "dem.tif", PLANE, unit="hPa")
    with pytest.raises(InputFileError, match=r"dem.tif: band 1 is in 'hPa', which is no unit of h"):
        stack(tmp_path, DEM)


@pytest.mark.parametrize("grid", ["", WARPED])
def test_other_rasters_with_heights_in_their_crs_are_not_shifted(grid, tmp_path):
    write(tmp_path / "rgb.tif", np.full((1, SIDE, SIDE), 100, "uint8"))
    write(tmp_path / "steep.tif", np.full((SIDE, SIDE), 30, "float32"), crs="EPSG:32618+5773")
    recipe = ""
    for name in ("rgb", "steep"):
        recipe += f'[[raster]]\npath = "{name}.tif"\nbands = {{ {name} = 1 }}\n'
    assert (inside(band(stack(tmp_path, grid + recipe), "steep")) == 30).all()


@pytest.mark.parametrize("grid", ["", WARPED])
def test_scales_and_offsets_of_the_files_count(grid, tmp_path):
    stored = np.array([1500, 1600, 1700, 4000], "uint16")[:, None, None]
    write(tmp_path / "s2.tif", stored * np.ones((1, SIDE, SIDE), "uint16"), scale=(0.0001, -0.1))
    write(tmp_path / "dem.tif", (PLANE * 10).astype("int16"), scale=(0.1, 0.0))
    write(tmp_path / "vv.tif", np.full((SIDE, SIDE), -1250, "int16"), scale=(0.01, 0.0))
    out = stack(
        tmp_path,
        grid + '[[raster]]\npath = "s2.tif"\nbands = { blue = 1, green = 2, red = 3, nir = 4 }\n'
        + DEM + '[[sar]]\npath = "vv.tif"\nband = "vv_post"\ninput = "db"\n'
        + "[derived]\nndvi = true\n",
    )  # fmt: skip
    for name, value in (("red", 0.07), ("nir", 0.3), ("ndvi", 0.23 / 0.37), ("vv_post", -12.5)):
        np.testing.assert_allclose(inside(band(out, name)), value, rtol=1e-5)
    np.testing.assert_allclose(inside(band(out, "slope")), 45, atol=0.01)
    assert inside(band(out, "elevation")).max() < 1391
    told = {each.name: each.derivation for each in stack_info(out).bands}
    assert "stored value * 0.0001 + -0.1, as the file says" in told["red"]


@pytest.mark.parametrize("kind", ["alpha", "mask", "nodata"])
@pytest.mark.parametrize("bands", ["{ red = 1, green = 2, blue = 3 }", "{ green = 2 }"])
@pytest.mark.parametrize("grid", ["", WARPED, ZONE_17])
def test_half_of_an_orthophoto_is_missing(kind, bands, grid, tmp_path):
    rgb = np.full((3, SIDE, SIDE), 120, "uint8")
    rgb[:, :, : SIDE // 2] = 0
    opacity = np.where(rgb[:1] > 0, 255, 0).astype("uint8")
    path = tmp_path / "photo.tif"
    if kind == "alpha":
        write(path, np.concatenate([rgb, opacity]), photometric="RGB", alpha="YES")
        with rasterio.open(path) as src:
            assert src.colorinterp[3] == ColorInterp.alpha
    else:
        write(path, rgb, photometric="RGB", nodata=0 if kind == "nodata" else None)
        if kind == "mask":
            with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as dst:
                dst.write_mask(opacity[0])
    green = band(
        stack(tmp_path, f'{grid}[[raster]]\npath = "photo.tif"\nbands = {bands}\n'), "green"
    )
    assert (inside(green) == 120).all()
    assert np.isnan(green).mean() == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("grid", ["", WARPED])
@pytest.mark.parametrize("hole", [0.0, -np.inf])
def test_no_echo_is_missing_in_decibels(grid, hole, tmp_path):
    db = np.full((SIDE, SIDE), -12, "float32")
    db[:, :20] = hole
    write(tmp_path / "vv.tif", db)
    recipe = '[[sar]]\npath = "vv.tif"\nband = "vv_post"\ninput = "db"\n'
    found = band(stack(tmp_path, grid + recipe), "vv_post")
    np.testing.assert_allclose(inside(found), -12, rtol=1e-5)
    assert np.isnan(found).mean() == 0.5


@pytest.mark.parametrize("grid", ["", WARPED])
@pytest.mark.parametrize(("void", "dtype"), [(-32768, "int16"), (-9999, "float32"),
                                             (np.finfo("float32").min, "float32")])  # fmt: skip
def test_voids_that_the_file_does_not_name_are_missing(grid, void, dtype, tmp_path):
    heights = PLANE.astype(dtype)
    heights[20:26, 20:26] = void
    write(tmp_path / "dem.tif", heights)
    out = stack(tmp_path, grid + DEM)
    assert inside(band(out, "elevation")).min() >= 1000
    np.testing.assert_allclose(inside(band(out, "slope")), 45, atol=0.01)
    assert np.isnan(band(out, "elevation")).any()
    told = next(each for each in stack_info(out).bands if each.name == "elevation").derivation
    assert "is missing, though the file does not say so" in told


def test_heights_that_are_none(tmp_path):
    write(tmp_path / "dem.tif", PLANE * 10)
    with pytest.raises(InputFileError, match=r"dem.tif: holds heights from 10000 to 13900 m"):
        stack(tmp_path, DEM)
    out = stack(tmp_path, DEM.replace('path = "dem.tif"', 'path = "dem.tif"\nvalid = [0, 13000]'))
    assert inside(band(out, "elevation")).max() == 13000


def test_ndvi_of_negative_reflectance_is_missing(tmp_path):
    red, nir = np.full((2, SIDE, SIDE), 1200, "uint16")
    red[:10], nir[:10] = 900, 1020  # -0.01 and 0.002: their quotient is no index
    red[10:20], nir[10:20] = 900, 1099  # -0.01 and 0.0099
    nir[20:] = 1600
    write(tmp_path / "s2.tif", np.stack([red, nir]))
    recipe = '[[raster]]\npath = "s2.tif"\nbands = { red = 1, nir = 2 }\nscale = 0.0001\n'
    ndvi = band(stack(tmp_path, recipe + "offset = -0.1\n[derived]\nndvi = true\n"), "ndvi")
    assert np.isnan(ndvi[:20]).all()
    np.testing.assert_allclose(ndvi[20:], 0.5, rtol=1e-5)


def test_a_label_of_one_class_is_refused(tmp_path):
    label = np.zeros((SIDE, SIDE), "uint8")
    label[5:15, 5:15] = 1
    write(tmp_path / "rgb.tif", np.full((1, SIDE, SIDE), 100, "uint8"))
    write(tmp_path / "label.tif", label, nodata=0)
    recipe = INVENTORY.format("").replace('path = ""', 'raster = "label.tif"')
    with pytest.raises(NodataError, match=r"label.tif: holds landslides and no background.*nodata"):
        stack(tmp_path, recipe)
    found = band(stack(tmp_path, recipe + "nodata = 255\n"), "label")
    assert set(np.unique(found)) == {0, 1} and (found == 1).sum() == 100


def test_ground_control_points_are_named(tmp_path):
    corners = [(0, 0), (0, SIDE), (SIDE, 0), (SIDE, SIDE)]
    points = [GroundControlPoint(r, c, -75 + c / 1e4, 6 - r / 1e4) for r, c in corners]
    with rasterio.open(
        tmp_path / "grd.tif", "w", driver="GTiff", height=SIDE, width=SIDE, count=1, dtype="uint16"
    ) as dst:
        dst.write(np.ones((1, SIDE, SIDE), "uint16"))
        dst.gcps = (points, rasterio.crs.CRS.from_epsg(4326))
    with pytest.raises(CrsError, match=r"grd.tif: is placed by 4 ground control points.*gdalwarp"):
        stack(tmp_path, '[[sar]]\npath = "grd.tif"\nband = "vv_post"\n')


def box(left, bottom, right, top):
    return f"(({left} {bottom},{right} {bottom},{right} {top},{left} {top},{left} {bottom}))"


square = box(500050, 699850, 500150, 699950)
LINE = "LINESTRING (500010 699700, 500390 699700)"


def write_vector(path, texts, driver="GPKG", attribute=()):
    from osgeo import gdal, ogr, osr

    gdal.UseExceptions()
    srs = osr.SpatialReference()
    srs.ImportFromEPSG(32618)
    data = gdal.GetDriverByName(driver).Create(str(path), 0, 0, 0, gdal.GDT_Unknown)
    kind = ogr.wkbPolygon if driver == "ESRI Shapefile" else ogr.wkbUnknown
    layer = data.CreateLayer("slides", srs, kind, ["ENCODING=ISO-8859-1"] if attribute else [])
    if attribute:
        layer.CreateField(ogr.FieldDefn("unit", ogr.OFTString))
    for i, text in enumerate(texts):
        feature = ogr.Feature(layer.GetLayerDefn())
        feature.SetGeometry(ogr.CreateGeometryFromWkt(text))
        if attribute:
            feature["unit"] = attribute[i]
        layer.CreateFeature(feature)
    del layer, data


@pytest.mark.parametrize(
    ("texts", "pixels"),
    [
        ([f"POLYGON {square}", "POINT (500305 699605)", LINE], 100),
        ([LINE, "POINT (500305 699605)", f"POLYGON {square}"], 100),
        ([f"GEOMETRYCOLLECTION (POLYGON {square}, POINT (500305 699605), {LINE})"], 100),
        ([f"MULTISURFACE (POLYGON {square})"], 100),
        (["CURVEPOLYGON (CIRCULARSTRING (500100 699850, 500150 699900, 500100 699950, "
          "500050 699900, 500100 699850))"], 80),
    ],
)  # fmt: skip
def test_areas_alone_are_landslides(texts, pixels, tmp_path):
    write(tmp_path / "rgb.tif", np.full((1, SIDE, SIDE), 100, "uint8"))
    write_vector(tmp_path / "slides.gpkg", texts)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        label = band(stack(tmp_path, INVENTORY.format("slides.gpkg")), "label")
    assert (label == 1).sum() == pytest.approx(pixels, abs=0 if pixels == 100 else 4)
    lines = [str(each.message) for each in said if each.category is LandslideWarning]
    assert (len(lines) == 2) == (len(texts) == 3)
    assert all("left out" in line for line in lines)


def test_a_collection_of_lines_is_refused(tmp_path):
    write(tmp_path / "rgb.tif", np.full((1, SIDE, SIDE), 100, "uint8"))
    write_vector(tmp_path / "slides.gpkg", [f"GEOMETRYCOLLECTION ({LINE})"])
    with pytest.raises(NodataError, match=r"slides.gpkg: layer 'slides' holds no polygon"):
        stack(tmp_path, INVENTORY.format("slides.gpkg"))


def test_polygons_smaller_than_a_pixel_are_counted(tmp_path):
    write(tmp_path / "rgb.tif", np.full((1, SIDE, SIDE), 100, "uint8"))
    small = [f"POLYGON {box(x, 699801, x + 3, 699804)}" for x in range(500001, 500301, 10)]
    far = [f"POLYGON {box(600000, 699801, 600100, 699901)}"]
    write_vector(tmp_path / "slides.gpkg", [*small, f"POLYGON {square}", *far])
    recipe = INVENTORY.format("slides.gpkg")
    with pytest.warns(LandslideWarning) as said:
        out = stack(tmp_path, recipe)
    lines = [str(each.message) for each in said]
    assert any("30 of 32 polygons hold no pixel's centre" in line for line in lines)
    assert any("1 of 32 polygons lie outside the grid" in line for line in lines)
    assert "all_touched = true" in stack_info(out).bands[-1].derivation
    touched = band(stack(tmp_path, recipe + "all_touched = true\n"), "label")
    assert (touched == 1).sum() >= 130


@pytest.mark.parametrize("name", ["slides.zip", "/vsizip/slides.zip/slides.shp"])
def test_zipped_files_are_read(name, tmp_path):
    write(tmp_path / "rgb.tif", np.full((1, SIDE, SIDE), 100, "uint8"))
    write_vector(tmp_path / "slides.shp", [f"POLYGON {square}"], "ESRI Shapefile")
    with zipfile.ZipFile(tmp_path / "slides.zip", "w") as archive:
        for path in tmp_path.glob("slides.*"):
            if path.suffix != ".zip":
                archive.write(path, path.name)
    with zipfile.ZipFile(tmp_path / "rgb.zip", "w") as archive:
        archive.write(tmp_path / "rgb.tif", "rgb.tif")
    out = stack(tmp_path, INVENTORY.format(name).replace("rgb.tif", "rgb.zip"))
    assert (band(out, "label") == 1).sum() == 100 and (band(out, "red") == 100).all()
    first = stack_info(out).tags["FINGERPRINT"]
    with zipfile.ZipFile(tmp_path / "slides.zip", "a") as archive:
        archive.writestr("note.txt", "changed")
    assert stack_info(stack(tmp_path, (tmp_path / "recipe.toml").read_text())).tags[
        "FINGERPRINT"] != first  # fmt: skip


def test_text_of_no_named_encoding_is_told_of(tmp_path):
    write(tmp_path / "rgb.tif", np.full((1, SIDE, SIDE), 100, "uint8"))
    polygon = [f"POLYGON {box(500000, 699600, 500400, 700000)}"]
    write_vector(tmp_path / "map.shp", polygon, "ESRI Shapefile", ["Depósitos"])
    (tmp_path / "map.cpg").unlink()
    table = bytearray((tmp_path / "map.dbf").read_bytes())
    table[29] = 0  # the language byte, which many programs leave empty
    (tmp_path / "map.dbf").write_bytes(table)
    (tmp_path / "c.csv").write_text("value;code;name\nDepósitos;0;alluvium\n", encoding="utf-8")
    recipe = (
        '[[raster]]\npath = "rgb.tif"\nbands = { red = 1 }\n[[category]]\npath = "map.shp"\n'
        'band = "geology"\nattribute = "unit"\nclasses = "c.csv"\n'
    )
    with pytest.raises(InputFileError, match=r"map.shp: the text of attribute 'unit' .*map.cpg"):
        stack(tmp_path, recipe)
    (tmp_path / "map.cpg").write_text("ISO-8859-1")
    assert (band(stack(tmp_path, recipe), "geology") == 0).all()
    (tmp_path / "c.csv").write_text("value,code,name\nDepósitos,0,alluvium\n", encoding="latin-1")
    with pytest.raises(InputFileError, match=r"c.csv: is not UTF-8 text; save it as UTF-8"):
        stack(tmp_path, recipe)


LAYOUTS = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from(["int16", "int32", "float32", "float64"]),
        "hole": st.sampled_from(["nodata", "mask", "alpha"]),
        "nodata": st.sampled_from([-32768, -9999, 0]),
        "scale": st.sampled_from([None, (0.1, 0.0), (0.5, -20.0)]),
        "tiled": st.booleans(),
        "interleave": st.sampled_from(["band", "pixel"]),
        "compress": st.sampled_from(["none", "deflate", "lzw"]),
        "seed": st.integers(0, 9),
    }
)


def same_meaning(layout, folder):
    """A file of that layout gives what a plain float32 file of the same values gives."""
    rng = np.random.default_rng(layout["seed"])
    scale, offset = layout["scale"] or (1.0, 0.0)
    stored = rng.integers(1, 900, (3, 32, 48)).astype(layout["dtype"])
    holes = rng.random((32, 48)) < 0.2
    values = (stored * np.float64(scale) + offset).astype("float32")
    values[:, holes] = np.nan
    more = {key: layout[key] for key in ("interleave", "compress")}
    if layout["tiled"]:
        more |= {"tiled": True, "blockxsize": 16, "blockysize": 16}
    write(folder / "plain.tif", values, nodata=np.nan)
    path = folder / "other.tif"
    if layout["hole"] == "alpha":
        opacity = np.where(holes, 0, 255).astype(layout["dtype"])[None]
        write(path, np.concatenate([stored, opacity]), scale=layout["scale"], **more)
        with rasterio.open(path, "r+") as dst:
            dst.colorinterp = [*dst.colorinterp[:3], ColorInterp.alpha]
    elif layout["hole"] == "mask":
        write(path, stored, scale=layout["scale"], **more)
        with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as dst:
            dst.write_mask(~holes)
    else:
        stored[:, holes] = layout["nodata"]
        write(path, stored, scale=layout["scale"], nodata=layout["nodata"], **more)
    for grid in ("", WARPED):
        found = []
        for name in ("plain", "other"):
            recipe = f'{grid}[[raster]]\npath = "{name}.tif"\nbands = {{ a = 1, b = 3 }}\n'
            found.append(read_bands(stack(folder, recipe), ["a", "b"]))
        np.testing.assert_allclose(found[1], found[0], rtol=2e-5, atol=2e-4)


@settings(max_examples=15, deadline=None, derandomize=True,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(layout=LAYOUTS)
def test_files_that_mean_the_same_give_the_same_stack(layout, tmp_path):
    same_meaning(layout, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(0)
@settings(max_examples=10_000, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(layout=LAYOUTS)
def test_ten_thousand_files_that_mean_the_same_give_the_same_stack(layout, tmp_path):
    same_meaning(layout, tmp_path)


def test_translated_files_give_the_same_stack(tmp_path):
    write(tmp_path / "dem.tif", (PLANE * 10).astype("int16"), scale=(0.1, 0.0), nodata=-1)
    first = read_bands(stack(tmp_path, DEM), ["elevation", "slope"])
    command = ["gdal_translate", "-q", "-unscale", "-ot", "Float64", "-co", "TILED=YES"]
    subprocess.run([*command, tmp_path / "dem.tif", tmp_path / "b.tif"], check=True)
    (tmp_path / "b.tif").rename(tmp_path / "dem.tif")
    np.testing.assert_allclose(
        read_bands(stack(tmp_path, DEM), ["elevation", "slope"]), first, rtol=1e-6
    )


@pytest.mark.parametrize(
    ("raster", "landslide"), [("inventory", "landslide = [16777217]"), ("category", "")]
)
def test_class_numbers_that_stacks_would_merge(raster, landslide, tmp_path):
    square = Grid("EPSG:32618", Affine(10, 0, 400000, 0, -10, 700000), (16, 16))
    ids = np.full((*square.shape, 1), 16777216, "uint32")
    ids[4:9, 4:9] = 16777217
    write_raster(tmp_path / "ids.tif", ids, square)
    write_raster(tmp_path / "red.tif", np.full((*square.shape, 1), 0.2, "float32"), square)
    (tmp_path / "c.csv").write_text("value,code,name\n16777216,0,a\n16777217,1,b\n")
    section = (
        f'[inventory]\nraster = "ids.tif"\n{landslide}\n'
        if raster == "inventory"
        else '[[category]]\npath = "ids.tif"\nband = "rock"\nclasses = "c.csv"\n'
    )
    recipe = tmp_path / "r.toml"
    recipe.write_text(f'[[raster]]\npath = "red.tif"\nbands = {{ red = 1 }}\n{section}')
    with pytest.raises(InputFileError, match=r"ids\.tif: holds the class number 16777217"):
        build_stack(recipe, tmp_path / "s.tif")


@pytest.mark.parametrize("first", [-180, 178])
def test_rasters_and_polygons_across_the_180th_meridian(first, tmp_path):
    """A raster of the whole circle, or one that goes on beyond 180; polygons of both kinds."""
    step, count = 0.05, round((360 if first == -180 else 4) / 0.05)
    lon = first + step * (np.arange(count) + 0.5)
    lat = 65.5 - step * (np.arange(20) + 0.5)

    def truth(lon, lat):
        return 0.5 + 0.3 * np.cos(np.deg2rad(lon)) + 0.1 * (lat - 65)

    globe = Grid("EPSG:4326", Affine(step, 0, first, 0, -step, 65.5), (20, count))
    values = truth(lon[None], lat[:, None]).astype("float32")[..., None]
    write_raster(tmp_path / "a.tif", values, globe)
    boxes = [shapely.box(179.9, 64.95, 180.1, 65.05)]
    if first == -180:  # as RFC 7946 wants them
        boxes = [shapely.box(179.9, 64.95, 180, 65.05), shapely.box(-180, 64.95, -179.9, 65.05)]
    gpd.GeoSeries(boxes, crs=4326).to_file(tmp_path / "slides.gpkg")
    to_utm = pyproj.Transformer.from_crs(4326, 32660, always_xy=True)
    x, y = (round(v, -3) for v in to_utm.transform(180, 65))
    (tmp_path / "r.toml").write_text(
        f'[grid]\ncrs = "EPSG:32660"\nresolution = 500\n'
        f"bounds = [{x - 15000}, {y - 15000}, {x + 15000}, {y + 15000}]\n"
        '[[raster]]\npath = "a.tif"\nbands = { red = 1 }\n[inventory]\npath = "slides.gpkg"\n'
    )
    red, label = np.moveaxis(
        read_bands(build_stack(tmp_path / "r.toml", tmp_path / "s.tif"), ["red", "label"]), -1, 0
    )
    columns, rows = np.meshgrid(np.arange(60) + 0.5, np.arange(60) + 0.5)
    place = to_utm.transform(x - 15000 + 500 * columns, y + 15000 - 500 * rows, direction="INVERSE")
    assert place[0].min() < -179.6 and place[0].max() > 179.6
    np.testing.assert_allclose(red, truth(*place), atol=1e-4)
    # 0.2 by 0.1 degrees are 9.42 by 11.15 km there.
    assert (label == 1).sum() * 0.25 == pytest.approx(9.42 * 11.15, rel=0.02)
