import subprocess

import numpy as np
import pytest
import rasterio
import rasterio.warp
from affine import Affine
from stack_scenes import TARGET, centres, elevation_on

from keras_landslide.bands import BANDS
from keras_landslide.errors import CrsError, InputFileError
from keras_landslide.grid import Grid
from keras_landslide.rasters.read import read_bands, stack_info
from keras_landslide.rasters.write import write_raster
from keras_landslide.sar.backscatter import from_power, to_power
from keras_landslide.sar.speckle import lee
from keras_landslide.stacking.build import build_stack, ensure_stack
from keras_landslide.terrain.curvature import curvature
from keras_landslide.terrain.slope import slope_deg

NAMES = (
    "red", "green", "blue", "nir", "ndvi", "elevation", "slope", "curvature", "vv_pre", "cloud",
    "label",
)  # fmt: skip


def edit(recipe, old, new):
    text = recipe.read_text()
    assert old in text
    recipe.write_text(text.replace(old, new))


def band(path, name):
    return read_bands(path, [name])[..., 0]


@pytest.fixture
def stack(scene):
    return build_stack(scene, scene.parent / "stack.tif")


def test_bands_units_and_metadata(stack, scene):
    info = stack_info(stack)
    assert info.grid == TARGET
    assert info.band_names == NAMES
    assert all(b.unit == BANDS[b.name].unit and b.kind == BANDS[b.name].kind for b in info.bands)
    assert all(b.source and b.derivation for b in info.bands)
    assert info.simulated and info.tags["RECIPE"].strip() == scene.read_text().strip()
    assert len(info.tags["FINGERPRINT"]) == 16
    with rasterio.open(stack) as src:
        assert set(src.dtypes) == {"float32"} and np.isnan(src.nodata)
        assert src.block_shapes[0] == (256, 256)
    assert [p.name for p in scene.parent.glob(".*")] == []


def test_gdalinfo_shows_names_units_and_derivation(stack):
    text = subprocess.run(["gdalinfo", stack], capture_output=True, text=True, check=True).stdout
    for wanted in ("Description = slope", "Unit Type: deg", "Horn 1981", "SIMULATED=yes"):
        assert wanted in text


def test_optical_on_the_grid_is_only_scaled(stack, scene):
    with rasterio.open(scene.parent / "optical.tif") as src:
        stored = src.read().astype(np.float32)
    red, nir = band(stack, "red"), band(stack, "nir")
    np.testing.assert_allclose(red[5:], stored[0, 5:] * 1e-4, rtol=1e-6)
    assert np.isnan(red[:5]).all()
    np.testing.assert_allclose(band(stack, "ndvi")[5:], ((nir - red) / (nir + red))[5:], rtol=1e-6)


def test_terrain_of_a_dem_in_degrees_is_close_to_the_truth(stack):
    truth = elevation_on(TARGET)
    inner = (slice(3, -3), slice(3, -3))
    assert np.nanmax(np.abs(band(stack, "elevation") - truth)[inner]) < 0.5
    assert np.nanmax(np.abs(band(stack, "slope") - slope_deg(truth, 12.5))[inner]) < 1.0
    error = np.abs(band(stack, "curvature") - curvature(truth, 12.5))[inner]
    assert np.nanmedian(error) < 2e-4 and np.nanstd(curvature(truth, 12.5)) > 1e-3


def test_sar_is_resampled_in_power(stack, scene):
    out = scene.parent / "w.tif"
    command = ["gdalwarp", "-q", "-t_srs", TARGET.crs, "-te", *map(str, TARGET.bounds)]
    command += ["-ts", "112", "96", "-r", "bilinear", "-dstnodata", "nan"]
    subprocess.run([*command, scene.parent / "sar.tif", out], check=True)
    power = read_bands(out, ["band_1"])[..., 0]
    np.testing.assert_array_equal(band(stack, "vv_pre"), from_power(power, "db"))
    assert np.isnan(power).any()


def test_label_and_cloud(stack):
    label = band(stack, "label")
    assert (label[20:40, 20:40] == 1).all() and (label == 1).sum() == 400
    assert (label[:, 80:] == 255).all() and (label[:, :80] != 255).all()
    assert set(np.unique(band(stack, "cloud"))) == {0, 1, 2}


def test_classes_of_a_mask_as_cloud_and_shadow(scene):
    """Sentinel-2's scene classification: 8, 9 cloud, 3 shadow, 4 vegetation, 0 no data."""
    classes = np.full(TARGET.shape, 4, "uint8")
    classes[:10], classes[10:20], classes[20:30], classes[30:40] = 8, 9, 3, 0
    write_raster(scene.parent / "cloud.tif", classes, TARGET)
    edit(scene, "[cloud]", "[cloud]\ncloud = [8, 9]\nshadow = [3]\nnodata = 0")
    mask = band(build_stack(scene, scene.parent / "stack.tif"), "cloud")
    assert (mask[:20] == 1).all() and (mask[20:30] == 2).all() and (mask[40:] == 0).all()
    assert np.isnan(mask[30:40]).all()


def test_kinds_of_cloud_are_merged_before_the_majority_is_asked(scene):
    """Of 16 fine pixels in a coarse one, ten are cloud, of three kinds, and six are vegetation."""
    fine = Grid(TARGET.crs, TARGET.transform @ Affine.scale(0.25), (4 * 120, 4 * 100))
    classes = np.full(fine.shape, 4, "uint8")
    block = np.array([8] * 4 + [9] * 4 + [10] * 2 + [4] * 6, "uint8").reshape(4, 4)
    classes[:80, :80] = np.tile(block, (20, 20))
    write_raster(scene.parent / "cloud.tif", classes, fine)
    edit(scene, "[cloud]", "[cloud]\ncloud = [8, 9, 10]\nshadow = [3]")
    mask = band(build_stack(scene, scene.parent / "stack.tif"), "cloud")
    assert (mask[:20, :20] == 1).all() and (mask == 1).sum() == 400


def test_power_a_little_below_0_is_power(scene):
    """Where the noise was taken away, as over calm water."""
    with rasterio.open(scene.parent / "sar.tif", "r+") as image:
        noise = np.random.default_rng(0).normal(-5e-4, 1e-3, image.shape)
        image.write(noise.astype("float32"), 1)
    vv = band(build_stack(scene, scene.parent / "stack.tif"), "vv_pre")
    assert np.isfinite(vv).any()


def test_same_bytes_twice(stack, scene):
    again = build_stack(scene, scene.parent / "again.tif", root=scene.parent)
    assert again.read_bytes() == stack.read_bytes()


def test_tiles_do_not_show(stack, scene, monkeypatch):
    from keras_landslide.stacking import build, convert, terrain

    for module in (build, convert, terrain):
        monkeypatch.setattr(module, "TILE_PX", 32)
    again = build_stack(scene, scene.parent / "again.tif")
    np.testing.assert_array_equal(read_bands(again, NAMES), read_bands(stack, NAMES))


def test_projected_dem_on_the_grid_gives_its_own_slope_exactly(scene):
    dem = elevation_on(TARGET)
    write_raster(scene.parent / "dem.tif", dem, TARGET)
    edit(scene, 'path = "dem.tif"', 'path = "dem.tif"\nderive = ["slope", "aspect", "elevation"]')
    out = build_stack(scene, scene.parent / "stack.tif")
    np.testing.assert_array_equal(band(out, "slope"), slope_deg(dem, 12.5))
    np.testing.assert_array_equal(band(out, "elevation"), dem)


def test_finer_dem_is_derived_first_and_averaged(scene):
    fine = Grid(TARGET.crs, TARGET.transform @ Affine.scale(0.2), (480, 560))
    dem = elevation_on(fine)
    write_raster(scene.parent / "dem.tif", dem, fine)
    out = build_stack(scene, scene.parent / "stack.tif")
    mean = slope_deg(dem, 2.5).reshape(96, 5, 112, 5).mean(axis=(1, 3))
    np.testing.assert_allclose(band(out, "slope")[1:-1, 1:-1], mean[1:-1, 1:-1], rtol=1e-4)
    assert "at 2.5 m; warped, average" in next(
        b.derivation for b in stack_info(out).bands if b.name == "slope"
    )


def test_metres_of_web_maps_are_not_metres(tmp_path):
    """A plane of one in two at 45 degrees north, stored in Mercator, whose metres are 1.4 times."""
    web = Grid("EPSG:3857", Affine(30, 0, -8349000, 0, -30, 5621000), (60, 60))
    xs, _ = rasterio.warp.transform(web.crs, "EPSG:32618", *(v.ravel() for v in centres(web)))
    heights = np.reshape(xs, web.shape) / 2 - 249_000  # of this planet
    write_raster(tmp_path / "dem.tif", heights.astype(np.float32), web)
    recipe = tmp_path / "recipe.toml"
    recipe.write_text('[dem]\npath = "dem.tif"\nderive = ["slope"]\n')
    out = build_stack(recipe, tmp_path / "stack.tif")
    assert stack_info(out).grid.crs == "EPSG:32618"
    assert np.nanmedian(band(out, "slope")) == pytest.approx(np.rad2deg(np.arctan(0.5)), abs=0.2)
    edit(recipe, "[dem]", '[grid]\ncrs = "EPSG:3857"\n[dem]')
    with pytest.raises(CrsError, match="is not projected in metres"):
        build_stack(recipe, out)


def test_fingerprint_covers_the_tables_beside_a_shapefile(scene):
    """Its attributes lie in another file than its outlines."""
    folder = scene.parent
    subprocess.run(["ogr2ogr", folder / "i.shp", folder / "inventory.gpkg"], check=True)
    edit(scene, 'path = "inventory.gpkg"', 'path = "i.shp"')
    first = stack_info(build_stack(scene, folder / "stack.tif")).tags["FINGERPRINT"]
    subprocess.run(["ogrinfo", folder / "i.shp"], check=True, stdout=subprocess.DEVNULL)
    assert stack_info(build_stack(scene, folder / "stack.tif")).tags["FINGERPRINT"] == first
    table = folder / "i.dbf"
    table.write_bytes(table.read_bytes().replace(b" ", b"9", 1))
    assert stack_info(build_stack(scene, folder / "stack.tif")).tags["FINGERPRINT"] != first


def test_a_stack_is_kept_while_its_inputs_stay(scene):
    out = ensure_stack(scene, scene.parent / "stack.tif")
    made = out.stat().st_mtime_ns
    assert ensure_stack(scene, out).stat().st_mtime_ns == made
    with rasterio.open(scene.parent / "dem.tif", "r+") as src:
        src.write(src.read(1) + 1, 1)
    old = band(out, "elevation")
    np.testing.assert_allclose(band(ensure_stack(scene, out), "elevation"), old + 1, atol=1e-3)


def test_derive_on_grid_and_curvature_factor(scene):
    edit(scene, 'path = "dem.tif"', 'path = "dem.tif"\nderive_on = "grid"\ncurvature_factor = 100')
    out = build_stack(scene, scene.parent / "stack.tif")
    elevation = band(out, "elevation")
    inner = (slice(1, -1), slice(1, -1))
    # Elevation on the grid and on the grid with a margin differ by the warper's 1/8 pixel.
    difference = np.abs(band(out, "curvature") - curvature(elevation, 12.5, factor=100))[inner]
    assert np.nanmedian(difference) < 1e-2
    assert np.isfinite(band(out, "slope")).all()
    assert next(b.unit for b in stack_info(out).bands if b.name == "curvature") == "0.01/m"


def test_db_amplitude_and_lee(scene):
    with rasterio.open(scene.parent / "sar.tif") as src:
        power = to_power(src.read(1), "power")
    grid = stack_info(scene.parent / "sar.tif").grid
    write_raster(scene.parent / "sar.tif", from_power(power, "db"), grid)
    edit(scene, 'band = "vv_pre"', 'band = "vv_pre"\ninput = "db"\noutput = "amplitude"\n'
         'speckle = "lee"\nwindow = 7')  # fmt: skip
    edit(scene, 'crs = "EPSG:32618"\nresolution = 12.5', 'like = "sar.tif"')
    out = build_stack(scene, scene.parent / "stack.tif")
    filtered = lee(power, window=7)
    np.testing.assert_allclose(band(out, "vv_pre"), np.sqrt(filtered), rtol=1e-4)
    assert next(b.unit for b in stack_info(out).bands if b.name == "vv_pre") == "1"


def test_inventory_raster(scene):
    classes = np.full(TARGET.shape, 9, "int16")
    classes[10:20, 10:30] = 3
    classes[:, :5] = -1
    write_raster(scene.parent / "classes.tif", classes, TARGET, nodata=-1)
    edit(scene, 'path = "inventory.gpkg"\nsurveyed = "surveyed.gpkg"',
         'raster = "classes.tif"\nlandslide = [3, 4]')  # fmt: skip
    label = band(build_stack(scene, scene.parent / "stack.tif"), "label")
    assert (label == 1).sum() == 200 and (label[:, :5] == 255).all() and (label[:, 5:] < 2).all()


def test_grid_defaults(scene):
    edit(scene, '[grid]\ncrs = "EPSG:32618"\nresolution = 12.5', "")
    assert stack_info(build_stack(scene, scene.parent / "a.tif")).grid == TARGET
    text = scene.read_text()
    scene.write_text(text[text.index("[dem]") : text.index("[inventory]")])
    grid = stack_info(build_stack(scene, scene.parent / "b.tif")).grid
    assert grid.crs == "EPSG:32618" and 14 < grid.resolution[0] < 15


def test_rasters_whose_rows_run_from_south_to_north(scene):
    """The same pixels stored upside down, in the first raster and in the DEM, change nothing."""
    dem = elevation_on(TARGET)
    write_raster(scene.parent / "dem.tif", dem, TARGET)
    edit(scene, '[grid]\ncrs = "EPSG:32618"\nresolution = 12.5', "")
    out = build_stack(scene, scene.parent / "a.tif")
    with rasterio.open(scene.parent / "optical.tif") as src:
        optical = np.moveaxis(src.read(), 0, -1)
    flip = TARGET.transform @ Affine(1, 0, 0, 0, -1, TARGET.height)
    upside_down = Grid(TARGET.crs, flip, TARGET.shape)
    write_raster(scene.parent / "optical.tif", optical[::-1], upside_down, nodata=0)
    write_raster(scene.parent / "dem.tif", dem[::-1], upside_down)
    again = build_stack(scene, scene.parent / "b.tif")
    assert stack_info(again).grid == TARGET
    for name in ("red", "elevation", "slope"):
        inner = (slice(2, -2), slice(2, -2))
        np.testing.assert_allclose(band(again, name)[inner], band(out, name)[inner], rtol=1e-3)


def test_derived_bands(tmp_path):
    """An index by name, a difference of two dates and of radar, each one line of the recipe."""
    rng = np.random.default_rng(5)
    for date in ("pre", "post"):
        image = rng.integers(200, 4000, (*TARGET.shape, 3)).astype("uint16")
        write_raster(tmp_path / f"{date}.tif", image, TARGET, nodata=0)
        db = rng.uniform(-20, -5, TARGET.shape).astype("float32")
        write_raster(tmp_path / f"vv_{date}.tif", db, TARGET)
    recipe = tmp_path / "r.toml"
    recipe.write_text(
        "".join(
            f'[[raster]]\npath = "{d}.tif"\nscale = 0.0001\n'
            f"bands = {{ nir_{d} = 1, red_{d} = 2, green_{d} = 3 }}\n"
            f'[[sar]]\npath = "vv_{d}.tif"\nband = "vv_{d}"\ninput = "db"\n'
            for d in ("pre", "post")
        )
        + '[derived]\nwetness = "NDWI_post"\nndvi_change = "ndvi_post - ndvi_pre"\n'
        'vv_change = "vv_post - vv_pre"\ntwice = "2 * ndvi_change"\n'
    )
    stack = build_stack(recipe, tmp_path / "stack.tif")
    info = stack_info(stack)
    assert info.band_names[6:10] == ("wetness", "ndvi_change", "vv_change", "twice")
    nir, red, green = (band(stack, f"{name}_post") for name in ("nir", "red", "green"))
    before = [band(stack, f"{name}_pre") for name in ("nir", "red")]
    np.testing.assert_allclose(band(stack, "wetness"), (green - nir) / (green + nir), rtol=1e-5)
    change = (nir - red) / (nir + red) - (before[0] - before[1]) / (before[0] + before[1])
    np.testing.assert_allclose(band(stack, "ndvi_change"), change, atol=1e-6)
    np.testing.assert_allclose(band(stack, "twice"), 2 * change, atol=1e-6)
    difference = band(stack, "vv_post") - band(stack, "vv_pre")
    np.testing.assert_allclose(band(stack, "vv_change"), difference, atol=1e-5)
    units = {each.name: each.unit for each in info.bands}
    assert units["vv_change"] == "dB" and units["wetness"] == "1"
    assert units["red_pre"] == "reflectance"


@pytest.mark.parametrize(
    ("bands", "value", "message"),
    [
        (
            "slope = 1",
            130,
            "'slope' holds values from 130 to 130, but slope in deg lies between 0 and",
        ),
        ("ndvi = 1", 4000, "but ndvi lies between -1 and 1; correct its scale"),
        ("elevation = 1", -9999, r"say there which are valid, such as valid = \[-500, 9000\]"),
    ],
)
def test_values_that_cannot_be(bands, value, message, tmp_path):
    path = tmp_path / "r.toml"
    write_raster(tmp_path / "a.tif", np.full(TARGET.shape, value, "float32"), TARGET)
    path.write_text(f'[[raster]]\npath = "a.tif"\nbands = {{ {bands} }}\n')
    with pytest.raises(InputFileError, match=message):
        build_stack(path, tmp_path / "stack.tif")
    path.write_text(path.read_text() + 'unit = "of my own"\n')
    assert (band(build_stack(path, tmp_path / "stack.tif"), bands[:-4]) == value).all()


def test_reflectance_whose_scale_was_forgotten(tmp_path):
    """Numbers of a picture stay as they are; those of a sensor want a scale, or another unit."""
    path = tmp_path / "r.toml"
    recipe = '[[raster]]\npath = "a.tif"\nbands = { red = 1 }\n'
    for value, lines, kept in (
        (200, "", 200),
        (1200, "", None),
        (1200, "scale = 0.01\n", None),
        (200, 'unit = "reflectance"\n', None),
        (1200, "scale = 0.0001\n", 0.12),
        (1200, 'unit = "DN"\n', 1200),
        (1200, "valid = [0, 2000]\n", 1200),
    ):
        write_raster(tmp_path / "a.tif", np.full(TARGET.shape, value, "uint16"), TARGET)
        path.write_text(recipe + lines)
        if kept is None:
            with pytest.raises(InputFileError, match=r"red in reflectance lies .* and 6\.6; set"):
                build_stack(path, tmp_path / "stack.tif")
        else:
            values = band(build_stack(path, tmp_path / "stack.tif"), "red")
            np.testing.assert_allclose(values, kept, rtol=1e-6)
