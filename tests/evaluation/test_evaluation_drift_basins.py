"""Simulated basins in another season, at another pixel size, with radar in other units."""

import json
from dataclasses import replace

import numpy as np
import pytest

from keras_landslide.bands import BANDS, IMAGE_MODELS
from keras_landslide.rasters.read import read_bands
from keras_landslide.simulation.twin_basins import settings, simulate
from keras_landslide.stacking.build import build_stack
from keras_landslide.workflows.check import check

NAMES = IMAGE_MODELS["rgb_terrain_sar"]
BASIN, SIZE = "argelia", 128


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A basin, and the contract of a network that was trained on it."""
    home = tmp_path_factory.mktemp("basin")
    simulate(home, SIZE, 0, [BASIN])
    build_stack(home / BASIN / "recipe.toml", home / "stack.tif")
    values = read_bands(home / "stack.tif", NAMES).reshape(-1, len(NAMES))
    low, high = np.nanpercentile(values, [1, 99], axis=0)
    least, most = np.nanmin(values, 0), np.nanmax(values, 0)
    rows = zip(least, most, np.nanmean(values, 0), np.nanstd(values, 0), low, high, strict=True)
    keys = ("min", "max", "mean", "std", "p01", "p99")
    ranges = {n: dict(zip(keys, map(float, r), strict=True))
              for n, r in zip(NAMES, rows, strict=True)}  # fmt: skip
    contract = {
        "format": 1, "name": "toy", "simulated": True, "pixel_size_m": 12.5, "patch_size_px": 64,
        "bands": [{"name": n, "unit": BANDS[n].unit, "kind": "continuous"} for n in NAMES],
        "stride_px": 4, "halo_px": 16, "bounded": True, "threshold": 0.5, "band_ranges": ranges,
    }  # fmt: skip
    (home / "bundle" / "saved_model").mkdir(parents=True)
    (home / "bundle" / "saved_model" / "saved_model.pb").write_bytes(b"")
    (home / "bundle" / "bundle.json").write_text(json.dumps(contract))
    return home


def asked(trained, tmp_path, basin=None, changes=()):
    """What `check` says of the basin stacked by a changed recipe."""
    recipe = (basin or trained / BASIN) / "recipe.toml"
    text = recipe.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    changed = recipe.with_name("changed.toml")
    changed.write_text(text)
    build_stack(changed, tmp_path / "new.tif")
    return check(trained / "bundle", tmp_path / "new.tif", tmp_path / "out")


def strong(found):
    return {band["name"] for band in found["bands"] if band["level"] == 2}


def test_the_basin_itself_is_fine(trained, tmp_path):
    found = asked(trained, tmp_path)
    assert found["answer"] == "yes", found["why"]


def test_another_season(trained, tmp_path, monkeypatch):
    """The same ground at the end of the dry season: low sun, smoke, withered pasture, dry soil."""
    basin = settings.BASINS[BASIN]
    dry = replace(
        basin,
        light=replace(basin.light, sun_elevation_deg=30.0, haze_blue=0.08, diffuse_blue=0.5),
        cover=replace(basin.cover, pasture_dryness=0.9),
    )
    monkeypatch.setitem(settings.BASINS, BASIN, dry)
    simulate(tmp_path, SIZE, 0, [BASIN])
    found = asked(trained, tmp_path, tmp_path / BASIN)
    assert found["answer"] == "no" and strong(found) & {"red", "green", "blue"}
    # The ground has not changed.
    assert not strong(found) & {"slope", "curvature"}


def test_another_pixel_size(trained, tmp_path):
    found = asked(trained, tmp_path, changes=[("resolution = 12.5", "resolution = 25.0")])
    assert found["answer"] == "no" and "pixels of 25 m" in found["why"]


def test_radar_in_another_unit(trained, tmp_path):
    found = asked(trained, tmp_path, changes=[('output = "db"', 'output = "amplitude"')])
    assert found["answer"] == "no" and "trained on 'dB'" in found["why"]


def test_radar_whose_unit_is_misnamed(trained, tmp_path):
    """Power given out as amplitude keeps the contract, but its decibels are twice as many."""
    found = asked(trained, tmp_path, changes=[('input = "power"', 'input = "amplitude"')])
    assert found["answer"] == "no" and strong(found) == {"vv_pre", "vv_post"}
