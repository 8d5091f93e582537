import shutil
import subprocess

import numpy as np
import pytest
import rasterio
from affine import Affine

from keras_landslide.grid import Grid
from keras_landslide.rasters.write import write_raster
from keras_landslide.terrain.slope import aspect_deg, slope_deg

needs_gdaldem = pytest.mark.skipif(not shutil.which("gdaldem"), reason="gdaldem is not installed")


def hills(shape=(150, 170), seed=0, base=1500.0):
    """Smooth random relief with a hole of nodata."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: shape[0], : shape[1]]
    z = base + sum(
        80 / k * np.sin(k * x / 23 + a) * np.cos(k * y / 31 + b)
        for k, (a, b) in enumerate(rng.uniform(0, 6, (6, 2)), start=1)
    )
    z += rng.normal(0, 2, shape)
    z[40:44, 60] = np.nan
    return z.astype(np.float32)


def gdaldem(tmp_path, mode, z, cell, *options):
    grid = Grid("EPSG:32618", Affine(cell[1], 0, 4e5, 0, -cell[0], 7e5), z.shape)
    write_raster(tmp_path / "z.tif", z, grid, nodata=-9999, dtype="float32")
    with rasterio.open(tmp_path / "z.tif", "r+") as dst:
        dst.write(np.nan_to_num(z, nan=-9999), 1)
    subprocess.run(
        ["gdaldem", mode, "-q", tmp_path / "z.tif", tmp_path / "o.tif", *options], check=True
    )
    with rasterio.open(tmp_path / "o.tif") as src:
        values = src.read(1).astype(np.float64)
        values[values == src.nodata] = np.nan
    return values


def test_plane_of_known_angle():
    y, x = np.mgrid[:9, :9].astype(np.float64)
    z = 100 + 0.3 * x * 10 - 0.4 * y * 20
    slope = slope_deg(z, (20, 10))
    np.testing.assert_allclose(slope[1:-1, 1:-1], np.degrees(np.arctan(0.5)), atol=1e-5)
    assert np.isnan(slope[[0, -1]]).all() and np.isnan(slope[:, [0, -1]]).all()


def test_hand_worked_window():
    # ESRI's worked example of Horn's method: cell size 5, slope 75.25762 degrees.
    z = np.array([[50, 45, 50], [30, 30, 30], [8, 10, 10]], np.float32)
    assert slope_deg(z, 5)[1, 1] == pytest.approx(75.25762, abs=1e-4)


@pytest.mark.parametrize(
    ("rise", "facing"),
    [((0, -1), 90), ((0, 1), 270), ((1, 0), 0), ((-1, 0), 180), ((1, -1), 45), ((-1, 1), 225)],
)
def test_aspect_points_downhill(rise, facing):
    y, x = np.mgrid[:5, :5].astype(np.float32)
    assert aspect_deg(rise[0] * y + rise[1] * x, 1.0)[2, 2] == pytest.approx(facing, abs=1e-4)


def test_flat_has_slope_0_and_no_aspect():
    z = np.full((5, 5), 7.0, np.float32)
    assert slope_deg(z, 10)[2, 2] == 0
    assert np.isnan(aspect_deg(z, 10)[2, 2])


@needs_gdaldem
@pytest.mark.parametrize("cell", [(10, 10), (30, 20)])
@pytest.mark.parametrize("base", [0, 1500])
def test_slope_agrees_with_gdaldem(tmp_path, cell, base):
    z = hills(base=base)
    theirs = gdaldem(tmp_path, "slope", z, cell)
    ours = slope_deg(z, cell)
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
    assert np.nanmax(np.abs(ours - theirs)) < 1e-3
    assert np.nanmax(ours) > 20


def test_high_mountains_lose_no_digits():
    # gdaldem is off by 3e-3 degrees here.
    z = hills(base=6000)
    d = z.astype(np.float64)
    east = (
        d[:-2, 2:] - d[:-2, :-2] + 2 * (d[1:-1, 2:] - d[1:-1, :-2]) + d[2:, 2:] - d[2:, :-2]
    ) / 80
    south = (
        d[2:, :-2] - d[:-2, :-2] + 2 * (d[2:, 1:-1] - d[:-2, 1:-1]) + d[2:, 2:] - d[:-2, 2:]
    ) / 80
    exact = np.degrees(np.arctan(np.hypot(east, south)))
    assert np.nanmax(np.abs(slope_deg(z, 10)[1:-1, 1:-1] - exact)) < 2e-5


@needs_gdaldem
def test_aspect_agrees_with_gdaldem(tmp_path):
    z = hills(base=100)
    theirs = gdaldem(tmp_path, "aspect", z, (10, 10))
    ours = aspect_deg(z, 10)
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
    apart = np.abs(ours - theirs)
    assert np.nanmax(np.minimum(apart, 360 - apart)) < 0.05


@needs_gdaldem
def test_many_chunks_equal_one(monkeypatch):
    from keras_landslide.terrain import moving_window

    z = hills()
    whole = slope_deg(z, 10)
    monkeypatch.setattr(moving_window, "CHUNK_ROWS", 7)
    np.testing.assert_array_equal(slope_deg(z, 10), whole)


def test_bad_cell_size_and_tiny_array():
    with pytest.raises(ValueError, match="positive"):
        slope_deg(np.zeros((4, 4)), 0)
    assert np.isnan(slope_deg(np.zeros((2, 5)), 1)).all()
