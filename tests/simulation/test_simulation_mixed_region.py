import numpy as np

from keras_landslide.grid import Window
from keras_landslide.rasters.read import read_bands, stack_info
from keras_landslide.simulation.mixed_region import CLASSES, region_window, simulate_region
from keras_landslide.terrain.slope import slope_deg


def test_a_window_is_the_same_in_every_region():
    large = region_window(Window(0, 0, 90, 120), 3, 0.02)
    small = region_window(Window(30, 50, 40, 60), 3, 0.02)
    for name, values in small.items():
        np.testing.assert_array_equal(values, large[name][30:70, 50:110], err_msg=name)


def test_terrain_classes_and_share_are_as_said():
    parts = [region_window(Window(3000 * k, 0, 400, 400), 0, 0.01) for k in range(4)]
    slope = np.nanmean([np.nanmean(slope_deg(part["dem"], 10)) for part in parts])
    assert 10 < slope < 25
    share = np.mean([part["landslides"].mean() for part in parts])
    assert 0.003 < share < 0.03
    for name, count in CLASSES.items():
        found = np.unique([part[name] for part in parts])
        assert found.max() < count and found.size > 0.6 * count


def test_files_by_strips_equal_the_window(tmp_path):
    recipe = simulate_region(tmp_path / "r", (530, 40), seed=1)
    expected = region_window(Window(0, 0, 530, 40), 1, 0.01)
    for name, values in expected.items():
        found = read_bands(tmp_path / "r" / f"{name}.tif", [name])[..., 0]
        np.testing.assert_array_equal(found, values, err_msg=name)
    assert "simulated = true" in recipe.read_text()
    assert stack_info(tmp_path / "r" / "dem.tif").pixel_size == (10, 10)
