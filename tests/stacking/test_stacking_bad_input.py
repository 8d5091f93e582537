import shutil
import subprocess
import sys

import numpy as np
import pytest
import rasterio
from osgeo import ogr, osr
from stack_scenes import TARGET

from keras_landslide.cli.main import main
from keras_landslide.grid import Grid
from keras_landslide.rasters.gdal_errors import osgeo_gdal
from keras_landslide.rasters.read import read_bands
from keras_landslide.rasters.write import write_raster
from keras_landslide.stacking.build import build_stack


def run(recipe, out, *, limit):
    """The command in a process of its own with a file size limit: (exit status, error lines)."""
    code = (
        "import resource, sys\n"
        "from keras_landslide.cli.main import main\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit},) * 2)\n"
        "main(sys.argv[1:])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "stack", str(recipe), "-o", str(out)],
        capture_output=True, text=True,
    )  # fmt: skip
    return done.returncode, clear_lines(done.stderr)


def run_here(recipe, out, capfd):
    """The same in this process."""
    with pytest.raises(SystemExit) as stop:
        main(["stack", str(recipe), "-o", str(out)])
    return stop.value.code, clear_lines(capfd.readouterr().err)


def clear_lines(text):
    """Lines without those of the progress bar."""
    return [line for line in text.splitlines() if line.strip() and "tile/s]" not in line]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def no_crs(scene):
    path = scene.parent / "sar.tif"
    with rasterio.open(path) as src:
        data, transform = src.read(1), src.transform
    with rasterio.open(
        path, "w", driver="GTiff", height=data.shape[0], width=data.shape[1], count=1,
        dtype="float32", transform=transform,
    ) as dst:  # fmt: skip
        dst.write(data, 1)


def elsewhere(scene):
    far = Grid("EPSG:32618", TARGET.transform.translation(9e5, 9e5) @ TARGET.transform, (40, 40))
    write_raster(scene.parent / "cloud.tif", np.zeros((40, 40), "uint8"), far)


def truncated(scene):
    path = scene.parent / "dem.tif"
    path.write_bytes(path.read_bytes()[:-9000])


def metres_called_degrees(scene):
    path = scene.parent / "optical.tif"
    with rasterio.open(path, "r+") as image:
        image.crs = "EPSG:4326"
    scene.write_text(scene.read_text().replace('crs = "EPSG:32618"\nresolution = 12.5\n', ""))


def no_such_crs(scene):
    scene.write_text(scene.read_text().replace("EPSG:32618", "EPSG:99999"))


def missing(scene):
    (scene.parent / "dem.tif").unlink()


def missing_polygons(scene):
    (scene.parent / "surveyed.gpkg").unlink()


def no_band_5(scene):
    scene.write_text(scene.read_text().replace("nir = 4", "nir = 5"))


def all_nodata(scene):
    write_raster(
        scene.parent / "cloud.tif", np.full(TARGET.shape, 255, "uint8"), TARGET, nodata=255
    )


def unknown_key(scene):
    scene.write_text(scene.read_text().replace("[derived]", "[derived]\nndwx = true"))


def degrees_wanted(scene):
    scene.write_text(scene.read_text().replace("EPSG:32618", "EPSG:4326"))


def same_name_twice(scene):
    scene.write_text(scene.read_text().replace('band = "vv_pre"', 'band = "red"'))


def mixed_kinds(scene):
    scene.write_text(
        scene.read_text().replace("nir = 4 }\n", "aspect = 4 }\n").replace("ndvi", "#")
    )


def decibels_called_power(scene):
    with rasterio.open(scene.parent / "sar.tif", "r+") as image:
        image.write(np.float32(10) * np.log10(np.maximum(image.read(1), 1e-3)), 1)


def power_called_decibels(scene):
    scene.write_text(scene.read_text().replace('band = "vv_pre"', 'band = "vv_pre"\ninput = "db"'))


def no_such_sar_band(scene):
    scene.write_text(scene.read_text().replace('band = "vv_pre"', 'band = "vv_pre"\nindex = 5'))


def nodata_called_cloud(scene):
    text = scene.read_text().replace("[cloud]", "[cloud]\ncloud = [255]\nnodata = 255")
    scene.write_text(text)


def put_inventory(scene, *shapes, kind="Unknown"):
    """In the place of the scene's: geometries as WKT, None for a feature without one."""
    path = scene.parent / "shapes.gpkg"
    source = osgeo_gdal().GetDriverByName("GPKG").Create(str(path), 0, 0, 0, 0)
    crs = osr.SpatialReference()
    crs.ImportFromEPSG(32618)
    layer = source.CreateLayer("slides", crs, getattr(ogr, f"wkb{kind}"))
    for shape in shapes:
        feature = ogr.Feature(layer.GetLayerDefn())
        if shape:
            feature.SetGeometry(ogr.CreateGeometryFromWkt(shape))
        layer.CreateFeature(feature)
        del feature
    del layer, source
    scene.write_text(scene.read_text().replace('"inventory.gpkg"', '"shapes.gpkg"'))


def scene_classes(scene):
    with rasterio.open(scene.parent / "cloud.tif", "r+") as image:
        image.write(np.where(image.read(1) == 1, 9, 4).astype("uint8"), 1)


def cloud_and_shadow_alike(scene):
    scene.write_text(scene.read_text().replace("[cloud]", "[cloud]\ncloud = [8, 3]\nshadow = [3]"))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (no_crs, ["sar.tif", "no coordinate reference system"]),
        (elsewhere, ["cloud.tif", "does not overlap"]),
        (truncated, ["dem.tif", "truncated"]),
        (metres_called_degrees, ["optical.tif", "check the file's CRS"]),
        (no_such_crs, ["recipe.toml", "EPSG:99999", "no coordinate reference system"]),
        (missing, ["dem.tif", "no such file"]),
        (missing_polygons, ["surveyed.gpkg", "no such file"]),
        (no_band_5, ["optical.tif", "no band 5", "it has 4"]),
        (all_nodata, ["cloud.tif", "'cloud' has no valid pixel"]),
        (unknown_key, ["recipe.toml", "ndwx", "choose from: ndvi", "mean 'NDWI'"]),
        (degrees_wanted, ["recipe.toml", "not projected in metres"]),
        (mixed_kinds, ["optical.tif", "mixes continuous and azimuth"]),
        (decibels_called_power, ["sar.tif", "power is not below 0", 'input = "db"']),
        (power_called_decibels, ["sar.tif", "as decibels are", 'input = "power"']),
        (no_such_sar_band, ["sar.tif", "no band 5", "it has 1"]),
        (nodata_called_cloud, ["recipe.toml", "255 is named as nodata and as cloud"]),
        (scene_classes, ["cloud.tif", "holds", "cloud = [8, 9, 10]"]),
        (cloud_and_shadow_alike, ["recipe.toml", "3 is named as cloud and as shadow"]),
        (same_name_twice, ["recipe.toml", "two bands have the name 'red'"]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_one_clear_line_and_nothing_half_written(scene, spoil, words, capfd):
    spoil(scene)
    before = names(scene.parent)
    status, lines = run_here(scene, scene.parent / "stack.tif", capfd)
    assert status == 2 and len(lines) == 1, lines
    assert lines[0].startswith("error: ") and all(word in lines[0] for word in words), lines
    assert names(scene.parent) == before


X, Y = TARGET.transform.c + 500, TARGET.transform.f - 500
POINT = f"POINT ({X} {Y})"
LINE = f"LINESTRING ({X} {Y}, {X + 100} {Y - 100})"
SQUARE = f"POLYGON (({X} {Y}, {X + 100} {Y}, {X + 100} {Y - 100}, {X} {Y - 100}, {X} {Y}))"
ROUND = f"CURVEPOLYGON (CIRCULARSTRING ({X} {Y}, {X + 100} {Y}, {X} {Y}))"


@pytest.mark.parametrize(
    ("shapes", "kind", "words"),
    [
        ([POINT], "Point", "holds no polygon but Point"),
        ([LINE, POINT], "Unknown", "holds no polygon but Line String and Point"),
        ([None, POINT], "Unknown", "holds no polygon but Point"),
        ([None], "Polygon", "shapes.gpkg"),
    ],
)
def test_what_is_no_area(scene, shapes, kind, words, capfd):
    put_inventory(scene, *shapes, kind=kind)
    status, lines = run_here(scene, scene.parent / "stack.tif", capfd)
    assert status == 2 and len(lines) == 1 and words in lines[0], lines
    assert not (scene.parent / "stack.tif").exists()


@pytest.mark.parametrize("shapes", [[SQUARE], [None, SQUARE], [POINT, SQUARE]])
def test_a_layer_of_any_type_that_holds_polygons(scene, shapes):
    put_inventory(scene, *shapes)
    label = read_bands(build_stack(scene, scene.parent / "stack.tif"), ["label"])
    assert (label == 1).sum() >= 64


def test_a_layer_of_curves(scene):
    """A circle of 100 m across, in pixels of 12.5 m."""
    put_inventory(scene, ROUND, kind="CurvePolygon")
    label = read_bands(build_stack(scene, scene.parent / "stack.tif"), ["label"])
    assert (label == 1).sum() == pytest.approx(np.pi * 50**2 / 12.5**2, abs=4)


@pytest.mark.parametrize("name", ["dem.tif", "recipe.toml", "inventory.gpkg", "../{}/cloud.tif"])
def test_an_input_is_no_output(scene, name, capfd):
    out = scene.parent / name.format(scene.parent.name)
    before = out.read_bytes()
    status, lines = run_here(scene, out, capfd)
    assert status == 2 and len(lines) == 1 and "is an input" in lines[0]
    assert out.read_bytes() == before


@pytest.mark.parametrize("folder", ["/proc/nowhere", "/dev/null/folder"])
def test_folder_that_cannot_be_written(scene, folder, capfd):
    status, lines = run_here(scene, f"{folder}/stack.tif", capfd)
    assert status == 2 and len(lines) == 1 and folder in lines[0]
    assert "choose another output folder" in lines[0]


@pytest.mark.parametrize("limit", [4_000, 60_000, 200_000, 290_000])
def test_file_size_limit_at_any_moment(scene, limit):
    before = names(scene.parent)
    status, lines = run(scene, scene.parent / "stack.tif", limit=limit)
    assert status == 2 and lines[-1].startswith("error: "), lines
    assert "space" in lines[-1] or "cannot be written" in lines[-1]
    assert names(scene.parent) == before


@pytest.mark.parametrize("size_kb", [64, 300])
def test_full_disk(scene, tmp_path, size_kb, capfd):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size_kb}k", "tmpfs", str(disk)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this user cannot mount a small disk; the file size limit is tested instead")
    try:
        status, lines = run_here(scene, disk / "stack.tif", capfd)
        assert status == 2 and "no space left" in lines[-1], lines
        assert names(disk) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)
