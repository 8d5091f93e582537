import shutil
import subprocess
import sys

import numpy as np
import pytest
import shapely
from affine import Affine

from keras_landslide.errors import (
    CrsError,
    GridMismatchError,
    InputFileError,
    NodataError,
    OutputError,
)
from keras_landslide.grid import Bounds, Grid
from keras_landslide.inventory.geopackage import Layer, write_layer
from keras_landslide.rasters.align import (
    bounds_in,
    check_overlap,
    choose_resampling,
    metric_grid,
    offset_on,
    utm_crs,
)
from keras_landslide.rasters.rasterize import rasterize
from keras_landslide.rasters.read import read_bands, stack_info
from keras_landslide.rasters.warp import warp
from keras_landslide.rasters.write import write_raster

TARGET = Grid("EPSG:32618", Affine(12.5, 0, 482000, 0, -12.5, 664000), (150, 130))
DEGREES = Grid("EPSG:4326", Affine(1.2e-4, 0, -75.168, 0, -1.1e-4, 6.01), (220, 200))
BOGOTA = Grid("EPSG:3116", Affine(10, 0, 879700, 0, -10, 1156600), (230, 210))


def image(grid, count=2, dtype="uint16", seed=0):
    rng = np.random.default_rng(seed)
    data = rng.integers(1, 4000, (*grid.shape, count)).astype(dtype)
    data[rng.random(data.shape) < 0.05] = 0
    data[20:40, 30:60] = 0
    return data


def gdalwarp(src, dst, *options, grid=TARGET):
    command = ["gdalwarp", "-q", "-t_srs", grid.crs, "-te", *map(repr, map(float, grid.bounds))]
    command += ["-ts", str(grid.width), str(grid.height), "-ot", "Float32", "-dstnodata", "nan"]
    command += ["-wo", "UNIFIED_SRC_NODATA=NO", "-ovr", "NONE", *options, src, dst]
    subprocess.run(command, check=True)


@pytest.mark.skipif(not shutil.which("gdalwarp"), reason="gdalwarp is not installed")
@pytest.mark.parametrize("resampling", ["nearest", "bilinear", "cubic", "average", "mode"])
@pytest.mark.parametrize("source", [DEGREES, BOGOTA], ids=["degrees", "metres"])
def test_warp_is_gdalwarp_bit_for_bit(tmp_path, source, resampling):
    src = write_raster(tmp_path / "a.tif", image(source), source, nodata=0)
    warp(src, tmp_path / "ours.tif", TARGET, resampling=resampling)
    name = "near" if resampling == "nearest" else resampling
    gdalwarp(src, tmp_path / "theirs.tif", "-r", name)
    ours, theirs = (
        read_bands(tmp_path / f"{who}.tif", ["band_1", "band_2"]) for who in ("ours", "theirs")
    )
    assert ours.tobytes() == theirs.tobytes()
    assert 0.01 < np.isnan(ours).mean() < 0.9
    assert stack_info(tmp_path / "ours.tif").grid == TARGET


@pytest.mark.skipif(not shutil.which("gdalwarp"), reason="gdalwarp is not installed")
def test_chosen_bands_and_nodata_override(tmp_path):
    data = image(BOGOTA, count=3)
    data[100:120, 50:80, 2] = 7
    src = write_raster(tmp_path / "a.tif", data, BOGOTA, nodata=0)
    warp(src, tmp_path / "ours.tif", TARGET, resampling="bilinear", indexes=(3, 1), nodata=7)
    gdalwarp(src, tmp_path / "theirs.tif", "-r", "bilinear", "-srcnodata", "7")
    ours = read_bands(tmp_path / "ours.tif", ["band_1", "band_2"])
    theirs = read_bands(tmp_path / "theirs.tif", ["band_3", "band_1"])
    assert ours.tobytes() == theirs.tobytes()


def test_truncated_source_is_named_and_nothing_is_left(tmp_path):
    src = write_raster(tmp_path / "a.tif", image(BOGOTA), BOGOTA)
    content = src.read_bytes()
    for fraction in (0.3, 0.7, 0.98):
        src.write_bytes(content[: int(len(content) * fraction)])
        with pytest.raises(InputFileError, match=r"a\.tif"):
            warp(src, tmp_path / "o.tif", TARGET, resampling="bilinear")
        assert [p.name for p in tmp_path.iterdir()] == ["a.tif"]


@pytest.mark.parametrize("limit", [100, 5_000, 300_000, 524_000])
def test_full_disk_during_a_warp(tmp_path, limit):
    write_raster(tmp_path / "a.tif", image(BOGOTA), BOGOTA)
    code = (
        "import resource\n"
        "from affine import Affine\n"
        "from keras_landslide.errors import OutputError\n"
        "from keras_landslide.grid import Grid\n"
        "from keras_landslide.rasters.warp import warp\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit},) * 2)\n"
        f"grid = Grid('EPSG:32618', Affine(12.5, 0, 482000, 0, -12.5, 664000), {TARGET.shape})\n"
        "try:\n"
        f"    warp({str(tmp_path / 'a.tif')!r}, {str(tmp_path / 'o.tif')!r}, grid, "
        "resampling='bilinear')\n"
        "except OutputError as error:\n"
        "    print('OK', error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.startswith("OK"), done.stdout + done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["a.tif"]


def test_resampling_fits_kind_and_ratio():
    fine = Grid(TARGET.crs, Affine(5, 0, 482000, 0, -5, 664000), (300, 300))
    assert choose_resampling("continuous", BOGOTA, TARGET) == "bilinear"
    assert choose_resampling("continuous", fine, TARGET) == "average"
    assert choose_resampling("categorical", BOGOTA, TARGET) == "nearest"
    assert choose_resampling("categorical", fine, TARGET) == "mode"
    assert choose_resampling("azimuth", fine, TARGET) == "nearest"


def test_offset_only_where_pixels_coincide():
    inner = TARGET.crop(TARGET.window._replace(row_off=7, col_off=-3))
    assert offset_on(TARGET, inner) == (7, -3)
    shifted = Grid(TARGET.crs, TARGET.transform @ Affine.translation(0.5, 0), TARGET.shape)
    assert offset_on(TARGET, shifted) is None
    coarse = Grid(TARGET.crs, Affine(25, 0, 482000, 0, -25, 664000), (10, 10))
    assert offset_on(TARGET, coarse) is None
    assert offset_on(TARGET, Grid("EPSG:32619", TARGET.transform, TARGET.shape)) is None


def test_utm_and_metric_grid():
    assert utm_crs(DEGREES) == "EPSG:32618"
    south = Grid("EPSG:4326", Affine(1e-3, 0, 142, 0, -1e-3, -5), (10, 10))
    assert utm_crs(south) == "EPSG:32754"
    for crs in ("EPSG:4326", "EPSG:4269"):
        for left, zone in ((177, 60), (179, 1), (-181.5, 60), (-179, 1)):
            across = Grid(crs, Affine(0.05, 0, left, 0, -0.05, 65), (20, 50))
            assert utm_crs(across) == f"EPSG:326{zone:02d}", (crs, left)
    grid = metric_grid(DEGREES, "EPSG:32618")
    assert grid.resolution[0] == pytest.approx(12.8, abs=0.2)
    box = bounds_in(DEGREES, "EPSG:32618")
    assert grid.bounds.left <= box.left and grid.bounds.top >= box.top
    assert metric_grid(BOGOTA, BOGOTA.crs).resolution == (10, 10)


def test_no_overlap_names_the_file():
    far = Grid("EPSG:32618", Affine(12.5, 0, 9e5, 0, -12.5, 9e5), (10, 10))
    check_overlap(BOGOTA, TARGET, "a.tif")
    with pytest.raises(GridMismatchError, match=r"far\.tif.*does not overlap"):
        check_overlap(far, TARGET, "far.tif")
    with pytest.raises(GridMismatchError, match="does not overlap"):
        check_overlap(Grid("EPSG:4326", Affine(1, 0, 200, 0, -1, 500), (9, 9)), TARGET, "x.tif")


def write_polygons(path, rings, epsg=None, layer="landslides"):
    from osgeo import ogr, osr

    ogr.UseExceptions()
    srs = None
    if epsg:
        srs = osr.SpatialReference()
        srs.ImportFromEPSG(epsg)
        srs.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    data = ogr.GetDriverByName("GPKG").CreateDataSource(str(path))
    out = data.CreateLayer(layer, srs, ogr.wkbPolygon)
    for ring in rings:
        feature = ogr.Feature(out.GetLayerDefn())
        points = ", ".join(f"{x!r} {y!r}" for x, y in ring)
        feature.SetGeometry(ogr.CreateGeometryFromWkt(f"POLYGON (({points}))"))
        out.CreateFeature(feature)
    del out, data
    return path


SQUARE = [(482100, 663900), (482400, 663900), (482400, 663500), (482100, 663500), (482100, 663900)]


def in_degrees(ring):
    import rasterio.warp

    return list(
        zip(
            *rasterio.warp.transform("EPSG:32618", "EPSG:4326", *zip(*ring, strict=True)),
            strict=True,
        )
    )


@pytest.mark.parametrize("epsg", [32618, 4326])
def test_polygons_burn_where_they_lie(tmp_path, epsg):
    ring = SQUARE if epsg == 32618 else in_degrees(SQUARE)
    src = write_polygons(tmp_path / "p.gpkg", [ring], epsg)
    rasterize(src, tmp_path / "o.tif", TARGET)
    burnt = read_bands(tmp_path / "o.tif", ["band_1"])[..., 0]
    wanted = np.zeros(TARGET.shape)
    wanted[8:40, 8:32] = 1  # 300 x 400 m from (100, 100) m off the corner
    np.testing.assert_array_equal(burnt, wanted)


def test_all_touched_burns_more(tmp_path):
    ring = [(x + 3, y - 3) for x, y in SQUARE]
    src = write_polygons(tmp_path / "p.gpkg", [ring], 32618)
    counts = []
    for touched in (False, True):
        rasterize(src, tmp_path / "o.tif", TARGET, all_touched=touched)
        counts.append(read_bands(tmp_path / "o.tif", ["band_1"]).sum())
    assert counts == [32 * 24, 33 * 25]


def test_bad_vectors(tmp_path):
    out = tmp_path / "o.tif"
    with pytest.raises(InputFileError, match="no such file"):
        rasterize(tmp_path / "none.gpkg", out, TARGET)
    (tmp_path / "text.gpkg").write_text("no vector")
    with pytest.raises(InputFileError, match=r"text\.gpkg"):
        rasterize(tmp_path / "text.gpkg", out, TARGET)
    with pytest.raises(CrsError, match="a_srs"):
        rasterize(write_polygons(tmp_path / "a.gpkg", [SQUARE]), out, TARGET)
    with pytest.raises(NodataError, match="empty"):
        rasterize(write_polygons(tmp_path / "b.gpkg", [], 32618), out, TARGET)
    good = write_polygons(tmp_path / "c.gpkg", [SQUARE], 32618)
    with pytest.raises(InputFileError, match="no layer 'slides'; its layers: landslides"):
        rasterize(good, out, TARGET, layer="slides")
    with pytest.raises(GridMismatchError, match="no polygon"):
        rasterize(write_polygons(tmp_path / "d.gpkg", [SQUARE], 32619), out, TARGET)
    assert not out.exists()
    with pytest.raises(OutputError):
        rasterize(good, "/proc/nowhere/o.tif", TARGET)


def test_a_table_of_styles_is_no_layer_to_choose_from(tmp_path):
    layer = Layer("slides", "Polygon", {}, style=("keras_landslide.inventory", "landslides.qml"))
    polygon = shapely.to_wkb(shapely.Polygon(SQUARE))
    write_layer(tmp_path / "p.gpkg", layer, TARGET.crs, [(polygon, [])])
    rasterize(tmp_path / "p.gpkg", tmp_path / "o.tif", TARGET)
    assert read_bands(tmp_path / "o.tif", ["band_1"]).sum() == 32 * 24


def test_bounds_type():
    assert isinstance(bounds_in(TARGET, "EPSG:4326"), Bounds)
