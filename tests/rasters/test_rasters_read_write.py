import subprocess
import sys

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.enums import ColorInterp

from keras_landslide.errors import BandError, CrsError, InputFileError
from keras_landslide.grid import Grid, Window
from keras_landslide.rasters.read import BandReader, read_bands, stack_info
from keras_landslide.rasters.write import RasterWriter, write_raster

GRID = Grid("EPSG:32618", Affine(12.5, 0, 400000, 0, -12.5, 700000), (70, 90))


def pixels(seed=0, shape=(70, 90, 2)):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def test_what_is_written_is_read_back(tmp_path):
    data = pixels()
    data[3, 4, 1] = np.nan
    path = write_raster(
        tmp_path / "a.tif",
        data,
        GRID,
        names=["red", "slope"],
        units=["reflectance", "deg"],
        tags={"SIMULATED": "yes"},
    )
    info = stack_info(path)
    assert info.grid == GRID
    assert info.band_names == ("red", "slope")
    assert [b.unit for b in info.bands] == ["reflectance", "deg"]
    assert info.simulated
    assert info.pixel_size == (12.5, 12.5)
    np.testing.assert_array_equal(read_bands(path, ["slope", "red"]), data[..., ::-1])


def test_window_that_sticks_out_is_nan_outside(tmp_path):
    data = pixels()
    path = write_raster(tmp_path / "a.tif", data, GRID, names=["red", "slope"])
    part = read_bands(path, ["slope"], Window(-5, 80, 20, 20))
    assert part.shape == (20, 20, 1)
    np.testing.assert_array_equal(part[5:, :10, 0], data[:15, 80:, 1])
    assert np.isnan(part[:5]).all() and np.isnan(part[:, 10:]).all()
    assert np.isnan(read_bands(path, ["red"], Window(500, 500, 3, 3))).all()


@pytest.mark.parametrize(
    ("dtype", "nodata"), [("uint16", 0), ("int32", 2147483647), ("float32", -3.4028235e38)]
)
def test_nodata_of_any_type_is_nan(tmp_path, dtype, nodata):
    data = np.arange(70 * 90).reshape(70, 90).astype(dtype) + 1
    data[2, 3] = nodata
    path = write_raster(tmp_path / "a.tif", data, GRID, nodata=nodata)
    read = read_bands(path, ["band_1"])[..., 0]
    assert np.isnan(read[2, 3]) and np.isnan(read).sum() == 1
    assert read[0, 0] == 1


def test_missing_band_is_named(tmp_path):
    path = write_raster(tmp_path / "a.tif", pixels(), GRID, names=["red", "slope"])
    with pytest.raises(BandError, match="vv_pre"):
        read_bands(path, ["red", "vv_pre"])


def test_missing_truncated_and_foreign_files(tmp_path):
    with pytest.raises(InputFileError, match="no such file"):
        read_bands(tmp_path / "none.tif", ["red"])
    path = write_raster(tmp_path / "a.tif", pixels(shape=(70, 90, 2)), GRID)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputFileError, match=r"a\.tif"):
        read_bands(path, ["band_1", "band_2"])
    path.write_bytes(b"no raster")
    with pytest.raises(InputFileError, match=r"a\.tif"):
        stack_info(path)


def test_complex_values_are_refused(tmp_path):
    path = tmp_path / "slc.tif"
    profile = {"driver": "GTiff", "height": 4, "width": 4, "count": 1, "dtype": "complex64"}
    with rasterio.open(path, "w", crs=GRID.crs, transform=GRID.transform, **profile) as dst:
        dst.write(np.ones((1, 4, 4), "complex64"))
    with BandReader(path) as reader:
        assert reader.read_indexes(()).shape == (4, 4, 0)
        with pytest.raises(InputFileError, match=r"slc\.tif: band 1 is complex .* power"):
            reader.read_indexes((1,))


def test_no_crs_is_refused_with_a_way_out(tmp_path):
    with rasterio.open(
        tmp_path / "a.tif",
        "w",
        driver="GTiff",
        height=4,
        width=4,
        count=1,
        dtype="uint8",
        transform=GRID.transform,
    ) as dst:
        dst.write(np.zeros((4, 4), "uint8"), 1)
    with pytest.raises(CrsError, match="gdal_edit"):
        stack_info(tmp_path / "a.tif")


def test_windows_give_the_same_bytes_as_one_write(tmp_path):
    grid = Grid(GRID.crs, GRID.transform, (600, 520))
    data = pixels(shape=(600, 520, 2))
    write_raster(tmp_path / "whole.tif", data, grid)
    with RasterWriter(tmp_path / "parts.tif", grid, 2) as writer:
        for window in grid.strips(256):
            writer.write(data[window.slices], window)
        assert not (tmp_path / "parts.tif").exists()
    np.testing.assert_array_equal(read_bands(tmp_path / "parts.tif", ["band_1", "band_2"]), data)


def test_failure_leaves_the_old_file(tmp_path):
    path = write_raster(tmp_path / "a.tif", pixels(), GRID)
    before = path.read_bytes()
    with pytest.raises(ZeroDivisionError), RasterWriter(path, GRID, 1) as writer:
        writer.write(pixels()[..., 0])
        raise ZeroDivisionError
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.tif"]


def test_bad_crs_is_our_error(tmp_path):
    with pytest.raises(CrsError, match="nonsense"):
        write_raster(tmp_path / "a.tif", pixels(), Grid("nonsense", GRID.transform, (70, 90)))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("limit_kb", [0, 20, 260, 800, 1024])
def test_full_disk_is_one_clear_line(tmp_path, limit_kb):
    # A file size limit fails the write like a full disk does, without needing a disk to fill.
    code = (
        "import resource, numpy as np\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit_kb * 1024},) * 2)\n"
        "from keras_landslide.errors import OutputError\n"
        "from keras_landslide.grid import Grid\n"
        "from keras_landslide.rasters.write import write_raster\n"
        "from affine import Affine\n"
        "a = np.random.default_rng(0).integers(0, 2**32, (512, 512), dtype='uint32')\n"
        "try:\n"
        f"    write_raster({str(tmp_path / 'a.tif')!r}, a, "
        "Grid('EPSG:32618', Affine(1,0,5,0,-1,5), (512, 512)))\n"
        "except OutputError as error:\n"
        "    print('OK', error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.startswith("OK"), done.stdout + done.stderr
    assert "no space left" in done.stdout and done.stdout.count("\n") == 1
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("order", ["osgeo.gdal rasterio", "rasterio osgeo.gdal"])
def test_both_gdals_work_in_either_import_order(tmp_path, order):
    code = (
        "import importlib, sys\n"
        f"for name in {order.split()!r}: importlib.import_module(name)\n"
        "import numpy as np\n"
        "from affine import Affine\n"
        "from keras_landslide.grid import Grid\n"
        "from keras_landslide.rasters.read import read_bands\n"
        "from keras_landslide.rasters.cog import to_cog\n"
        "from keras_landslide.rasters.write import write_raster\n"
        "g = Grid('EPSG:32618', Affine(1,0,5,0,-1,5), (9, 9))\n"
        f"p = {str(tmp_path)!r}\n"
        "write_raster(p + '/a.tif', np.eye(9, dtype='f4'), g)\n"
        "to_cog(p + '/a.tif', p + '/b.tif')\n"
        "assert (read_bands(p + '/b.tif', ['band_1'])[..., 0] == np.eye(9)).all()\n"
        "print('OK')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "OK", done.stderr


@pytest.mark.parametrize("alpha", [False, True])
def test_a_mask_or_an_alpha_band_is_nodata_as_in_gdalwarp(tmp_path, alpha):
    path, warped = tmp_path / "m.tif", tmp_path / "w.tif"
    hole = np.full((20, 30), 255, np.uint8)
    hole[3:9, 4:11] = 0
    profile = {"driver": "GTiff", "width": 30, "height": 20, "dtype": "uint8", "count": 1 + alpha}
    where = {"crs": "EPSG:32618", "transform": Affine(10, 0, 5e5, 0, -10, 7e5)}
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(path, "w", **profile, **where) as dst,
    ):
        dst.write(np.arange(600, dtype=np.uint8).reshape(20, 30), 1)
        if alpha:
            dst.colorinterp = [ColorInterp.gray, ColorInterp.alpha]
            dst.write(hole, 2)
        else:
            dst.write_mask(hole)
    ours = read_bands(path, ["band_1"])[..., 0]
    np.testing.assert_array_equal(np.isnan(ours), hole == 0)
    command = ["gdalwarp", "-q", "-ot", "Float32", "-dstnodata", "nan", "-r", "near"]
    subprocess.run([*command, path, warped], check=True)
    np.testing.assert_array_equal(read_bands(warped, ["band_1"])[..., 0], ours)
