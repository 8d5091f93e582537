import numpy as np
import pytest

from keras_landslide.errors import ModelError
from keras_landslide.inference import windows
from keras_landslide.inference.windows import blended_plan, exact_plan, reflected


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
def test_reflection_is_numpys_reflect(size):
    axis = np.arange(size)
    padded = np.pad(axis, 40, mode="reflect") if size > 1 else np.zeros(81, int)
    np.testing.assert_array_equal(axis[reflected(-40, size + 80, size)], padded)


@pytest.mark.parametrize(("strip_px", "batch_size"), [(1, 1), (1, 3), (3 * 32**2, 2), (10**9, 1)])
@pytest.mark.parametrize("sides", [64, (52, 64)])
@pytest.mark.parametrize("shape", [(1, 1), (37, 91), (128, 128), (5, 300)])
def test_cores_cover_every_pixel_once_on_the_stride(
    shape, sides, strip_px, batch_size, monkeypatch
):
    monkeypatch.setattr(windows, "STRIP_PX", strip_px)
    plan = exact_plan(shape, window_px=sides, halo_px=16, stride_px=4, batch_size=batch_size)
    count = np.zeros(shape, int)
    for index in range(plan.strip_count):
        strip = np.zeros(shape, int)
        for core in plan.cores(index):
            window = core.expand(plan.margin_px)
            assert window[2:] == plan.window_shape
            assert all(value % 4 == 0 for value in window)
            strip[core.clip(shape).slices] += 1
        where = plan.strip(index)
        assert (strip[where.slices] == 1).all() and strip.sum() == where.height * where.width
        assert strip.sum() <= max(strip_px, batch_size * plan.core[0] * plan.core[1])
        # Batches are full but for the last of a row.
        assert len(plan.cores(index)) % batch_size == 0 or where.col_end == shape[1]
        count += strip
    assert (count == 1).all()
    assert plan.window_shape[0] <= (64 if sides == 64 else 52) and plan.window_shape[1] <= 64


def test_strips_of_one_window_go_down_and_then_to_the_right(monkeypatch):
    """So that the tiles that two windows share are read one after the other."""
    monkeypatch.setattr(windows, "STRIP_PX", 1)
    plan = exact_plan((60, 90), window_px=64, halo_px=16, stride_px=4)
    corners = [plan.strip(index)[:2] for index in range(plan.strip_count)]
    assert corners == [(row, col) for col in (0, 32, 64) for row in (0, 32)]


def test_small_scene_gets_a_small_window():
    assert exact_plan((5, 9), window_px=512, halo_px=16, stride_px=4).window_shape == (40, 44)


@pytest.mark.parametrize(("window", "halo"), [(32, 16), (64, 15)])
def test_impossible_windows_are_refused(window, halo):
    with pytest.raises(ModelError, match=r"px"):
        exact_plan((100, 100), window_px=window, halo_px=halo, stride_px=4)


def test_blended_window_is_two_cores_on_the_stride():
    plan = blended_plan((100, 70), window_px=67, stride_px=4)
    assert plan.core == (32, 32)
    with pytest.raises(ModelError):
        blended_plan((100, 70), window_px=7, stride_px=4)


def test_windows_share_the_scene_evenly():
    """A scene a little larger than a core does not double the work."""
    plan = exact_plan((1024, 300), window_px=800 + 2 * 96, halo_px=96, stride_px=16)
    assert plan.core == (512, 304)
    assert (plan.strip_count, plan.column_count) == (2, 1)
