import numpy as np
import pytest
from uphill_reference import random_terrain, reference_index

from keras_landslide.errors import TerrainError
from keras_landslide.terrain.uphill import NONE, uphill_index, uphill_offsets
from keras_landslide.terrain.uphill_ring import reach_px, ring_offsets


def test_ring_of_the_study():
    assert [len(ring_offsets(range_m, 10)) for range_m in (30, 100, 300)] == [16, 56, 200]


def test_ring_is_at_its_distance_and_clockwise():
    ring = ring_offsets(100, (10, 20)).astype(float)
    north, east = -ring[:, 0] * 10, ring[:, 1] * 20
    assert np.abs(np.hypot(north, east) - 100).max() < 5
    bearing = np.degrees(np.arctan2(east, north)) % 360
    assert (np.diff(bearing.round(6)) >= 0).all()
    assert ring[0].tolist() == [-10, 0]


def test_ring_grows_with_the_range_not_its_square():
    counts = [len(ring_offsets(10 * radius, 10)) for radius in (20, 40, 80)]
    assert counts[2] / counts[0] == pytest.approx(4, rel=0.1)


@pytest.mark.parametrize("seed", range(20))
def test_equals_the_plain_loop(seed):
    elevation, cell, ranges = random_terrain(seed)
    for range_m in ranges:
        expected = reference_index(elevation, range_m, cell)
        np.testing.assert_array_equal(uphill_index(elevation, range_m, cell), expected)


def test_tiles_with_a_halo_equal_the_whole():
    elevation, *_ = random_terrain(3, shape=(300, 70))  # more rows than a chunk has
    reach = reach_px(ring_offsets(100, 10))
    whole = uphill_index(elevation, 100, 10)
    part = uphill_index(elevation[100 - reach : 180 + reach], 100, 10)[reach:-reach]
    np.testing.assert_array_equal(part, whole[100:180])


def test_nothing_around_is_none():
    elevation = np.full((9, 9), np.nan)
    elevation[4, 4] = 100
    index = uphill_index(elevation, 30, 10)
    assert (index == NONE).all()
    assert (uphill_offsets(index, ring_offsets(30, 10)) == 0).all()


def test_offsets_point_uphill_on_a_plane():
    elevation = np.tile(np.arange(50, dtype="float32"), (50, 1))  # rises to the east
    ring = ring_offsets(50, 10)
    offsets = uphill_offsets(uphill_index(elevation, 50, 10), ring)
    assert (offsets[10:40, 10:40, 1] == 5).all()
    assert (offsets[10:40, 49, 1] <= 0).all()  # at the edge nothing beyond is invented


@pytest.mark.parametrize("range_m", [9.9, 0, -5, float("nan"), 1e6])
def test_range_out_of_bounds(range_m):
    with pytest.raises(TerrainError, match="uphill range"):
        uphill_index(np.zeros((5, 5)), range_m, 10)
