import os
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.warp

from keras_landslide.rasters.read import read_bands, stack_info
from keras_landslide.sar.backscatter import from_power
from keras_landslide.stacking.build import build_stack

PROJECT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("KERAS_LANDSLIDE_DATA", PROJECT.parent / "shared" / "data"))
RECIPES = PROJECT / "data_prep" / "recipes"

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not DATA.is_dir(), reason=f"no real rasters at {DATA}"),
]


def build(name, folder, tmp_path):
    root = DATA / folder
    if not root.is_dir():
        pytest.skip(f"no {root}")
    return build_stack(RECIPES / f"{name}.toml", tmp_path / "stack.tif", root=root)


def test_hokkaido_five_bands_from_degrees(tmp_path):
    stack = build("hokkaido", "hokkaido_atsuma", tmp_path)
    info = stack_info(stack)
    assert info.grid.crs == "EPSG:32654" and info.pixel_size == (12.5, 12.5)
    assert info.band_names == ("red", "green", "blue", "slope", "curvature", "elevation")
    bands = read_bands(stack, info.band_names)
    red, slope, curvature, elevation = (bands[..., i] for i in (0, 3, 4, 5))
    assert 0.02 < np.nanmedian(red) < 0.15 and 5 < np.nanmedian(slope) < 25
    assert abs(np.nanmean(curvature)) < 1e-3 and 0 < np.nanmedian(elevation) < 300
    # Georeferencing: pixel centres looked up in the source rasters, by an independent transform.
    rng = np.random.default_rng(0)
    rows, cols = rng.integers(60, 700, 400), rng.integers(60, 850, 400)
    xs, ys = rasterio.transform.xy(info.grid.transform, rows, cols)
    lon, lat = rasterio.warp.transform(info.grid.crs, "EPSG:4326", xs, ys)
    for path, band, scale, tolerance in (
        ("post/B4.tif", red, 1e-4, 0.02),
        ("dsm.tif", elevation, 1, 8),
    ):
        with rasterio.open(DATA / "hokkaido_atsuma" / path) as src:
            there = np.array([v[0] for v in src.sample(zip(lon, lat, strict=True))]) * scale
        assert np.nanmedian(np.abs(band[rows, cols] - there)) < tolerance / 4
        assert np.corrcoef(band[rows, cols], there)[0, 1] > 0.9


def test_la_arenosa_slope_is_the_given_one_inside(tmp_path):
    """The given slope is Horn's too: equal to 1e-4 degrees where all nine cells are known.

    It goes on to the rim of the basin, where ours is nodata: there missing neighbours were taken
    to be as high as the centre, which flattens the slope.
    """
    stack = build("la_arenosa", "la_arenosa", tmp_path)
    ours, given, z, label = np.moveaxis(
        read_bands(stack, ["slope", "slope_given", "elevation", "label"]), -1, 0
    )
    both = np.isfinite(ours) & np.isfinite(given)
    assert both.sum() == 97210
    assert np.abs(ours - given)[both].max() < 1e-4
    rim = np.isfinite(given) & ~np.isfinite(ours)
    assert rim.sum() == 1850
    np.testing.assert_allclose(filled_horn(z)[rim], given[rim], atol=1e-3)
    assert {value: int((label == value).sum()) for value in (0, 1)} == {1: 2882, 0: 96179}
    assert (label[np.isnan(z)] == 255).mean() > 0.9999


def filled_horn(z):
    """Horn's slope with the centre's elevation in the place of missing neighbours."""
    padded = np.pad(z.astype(np.float64), 1, constant_values=np.nan)
    height, width = z.shape

    def cell(dy, dx):
        part = padded[1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width]
        return np.where(np.isnan(part), z, part)

    east = sum(w * (cell(dy, 1) - cell(dy, -1)) for dy, w in ((-1, 1), (0, 2), (1, 1))) / 80
    south = sum(w * (cell(1, dx) - cell(-1, dx)) for dx, w in ((-1, 1), (0, 2), (1, 1))) / 80
    return np.degrees(np.arctan(np.hypot(east, south)))


def test_enga_two_dates_in_decibels(tmp_path):
    stack = build("enga", "sentinel1/enga_rtc", tmp_path)
    info = stack_info(stack)
    assert info.band_names == ("vv_pre", "vv_post") and info.pixel_size == (30, 30)
    assert [band.unit for band in info.bands] == ["dB", "dB"]
    stored = read_bands(stack, ["vv_pre", "vv_post"])
    for channel, date in enumerate(("20240123T084748Z", "20240522T084748Z")):
        (path,) = (DATA / "sentinel1" / "enga_rtc").glob(f"*IW2_{date}*.tif")
        with rasterio.open(path) as src:
            power = src.read(1)
        np.testing.assert_array_equal(stored[..., channel], from_power(power, "db"))
        np.testing.assert_allclose(stored[..., channel], 10 * np.log10(power), atol=1e-5)
    assert -12 < np.median(stored) < -5
