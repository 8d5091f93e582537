import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from keras_landslide.datasets.landslide4sense import DIVISORS, physical_units, six_channels
from keras_landslide.errors import BandError
from keras_landslide.rasters.read import read_bands
from keras_landslide.stacking.build import build_stack
from keras_landslide.stacking.indices import ndvi

PROJECT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("KERAS_LANDSLIDE_DATA", PROJECT.parent / "shared" / "data"))


def script(name, *arguments):
    command = [sys.executable, PROJECT / "data_prep" / name, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_stack_basin_is_the_command(scene, tmp_path):
    done = script("stack_basin.py", scene, "-o", tmp_path / "a.tif")
    assert done.returncode == 0 and "SIMULATED" in done.stdout, done.stderr
    build_stack(scene, tmp_path / "b.tif")
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()


def test_rasterized_inventory_is_the_label_of_the_stack(scene, tmp_path):
    stack = build_stack(scene, tmp_path / "stack.tif")
    done = script(
        "rasterize_inventory.py", scene.parent / "inventory.gpkg", "--like", stack,
        "--surveyed", scene.parent / "surveyed.gpkg", "-o", tmp_path / "label.tif",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    np.testing.assert_array_equal(
        read_bands(tmp_path / "label.tif", ["label"]), read_bands(stack, ["label"])
    )
    done = script("rasterize_inventory.py", tmp_path / "none.gpkg", "--like", stack)
    assert done.returncode == 2 and done.stderr.count("\n") == 1


def test_ndvi():
    np.testing.assert_allclose(ndvi([0.1, 0.3], [0.3, 0.1]), [0.5, -0.5], rtol=1e-6)
    assert np.isnan(ndvi([0, np.nan], [0, 0.2])).all()


def test_six_channels_rescale_before_ndvi():
    numbers = np.arange(1, 15, dtype=np.float64) * 100
    image = six_channels(numbers / DIVISORS)
    np.testing.assert_allclose(
        image, [0.04, 0.03, 0.02, (800 - 400) / (800 + 400), 1300, 1400], rtol=1e-6
    )
    with pytest.raises(BandError, match="14 bands"):
        six_channels(np.zeros((2, 2, 13)))


@pytest.mark.real_data
@pytest.mark.skipif(not (DATA / "landslide4sense").is_dir(), reason=f"no patches at {DATA}")
def test_real_patches(tmp_path):
    import h5py

    folder = DATA / "landslide4sense" / "TrainData"
    done = script("l4s_six_channels.py", folder, "-o", tmp_path)
    assert done.returncode == 0 and "14 patches" in done.stdout, done.stderr
    with h5py.File(folder / "img" / "image_1.h5") as source:
        stored = source["img"][()]
    numbers = stored * DIVISORS
    assert np.abs(numbers - np.round(numbers)).max() < 0.02  # divisors are given to 4 decimals
    np.testing.assert_allclose(physical_units(stored)[..., 3], np.round(numbers[..., 3]) / 1e4)
    with h5py.File(tmp_path / "image_1.h5") as target:
        image = target["img"][()]
        assert list(target["img"].attrs["bands"])[3] == "ndvi"
    assert image.shape == (128, 128, 6) and image.dtype == np.float32
    assert np.abs(image[..., 3]).max() <= 1 and image[..., 4].max() < 90
