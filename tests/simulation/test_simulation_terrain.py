"""Drainage on hand-worked surfaces, spectrum of the fractal, threshold hillslopes."""

import numpy as np
import pytest

from keras_landslide.simulation.twin_basins import drainage, noise, relief, settings


def test_catchment_of_a_plane_and_a_pit():
    # A plane that falls west, with a pit: all water still reaches the outlet column.
    z = np.tile(np.arange(8, dtype=np.float32), (6, 1))
    z[3, 4] = -5.0
    outlet = np.zeros(z.shape, dtype=bool)
    outlet[:, 0] = True
    receiver, order, filled = drainage.route(z, outlet, 0)
    area = drainage.catchment(receiver, order, 2.0)
    assert sorted(order.tolist()) == list(range(z.size))
    assert area.reshape(z.shape)[:, 0].sum() == pytest.approx(2.0 * z.size)
    # The pit is filled to its lowest neighbour, column 3, and a little more.
    assert 3.0 < filled[3, 4] < 3.6
    position = np.empty(z.size, dtype=int)
    position[order] = np.arange(z.size)
    inner = receiver >= 0
    assert (position[receiver[inner]] < position[np.nonzero(inner)[0]]).all()


def test_side_valley_is_filled_to_the_main_floor():
    # A chain 3 -> 2 -> 1 -> 0; cells 0 to 2 are river, 3 is hillslope.
    z = np.array([0.0, 1.0, 2.0, 9.0], dtype=np.float32)
    area = np.array([40.0, 30.0, 20.0, 1.0], dtype=np.float32)
    fill = np.array([5.0, 0.0, 0.0, 0.0], dtype=np.float32)
    receiver = np.array([-1, 0, 1, 2], dtype=np.int32)
    order = np.arange(4, dtype=np.int32)
    bed, floor, catch = drainage.river_below(z, fill, area, receiver, order, 10.0)
    np.testing.assert_allclose(bed, [0, 1, 2, 2])
    np.testing.assert_allclose(floor, [5, 5.05, 5.1, 5.1], atol=1e-5)
    np.testing.assert_allclose(catch, [40, 30, 20, 20])


def test_hash_is_uniform():
    values = [drainage.hash_unit(i, j, 3) for i in range(60) for j in range(60)]
    counts, _ = np.histogram(values, bins=10, range=(0, 1))
    assert counts.sum() == 3600 and counts.min() > 280 and counts.max() < 440


@pytest.mark.parametrize("hurst", [0.3, 0.8])
def test_fractal_has_its_hurst_exponent(hurst):
    # Increments of fractional Brownian motion grow as lag ** H.
    field = noise.fractal((512, 512), hurst, np.random.default_rng(0), longest=1e5)
    lags = np.array([2, 4, 8, 16])
    spread = [np.std(field[:, lag:] - field[:, :-lag]) for lag in lags]
    fitted = np.polyfit(np.log(lags), np.log(spread), 1)[0]
    assert fitted == pytest.approx(hurst, abs=0.12)
    assert abs(field.mean()) < 1e-4 and field.std() == pytest.approx(1, abs=1e-3)


def test_upsampling_keeps_a_plane_and_strips_join():
    plane = np.add.outer(3.0 * np.arange(12), 5.0 * np.arange(12)).astype(np.float32)
    fine = noise.upsample(plane, 4, 0, 48, 48)
    # Inside, a plane stays a plane: steps of 3/4 and 5/4.
    np.testing.assert_allclose(np.diff(fine[4:-4, 20]), 0.75, atol=1e-4)
    np.testing.assert_allclose(np.diff(fine[20, 4:-4]), 1.25, atol=1e-4)
    joined = np.concatenate([noise.upsample(plane, 4, a, a + 16, 48) for a in (0, 16, 32)])
    np.testing.assert_array_equal(joined, fine)


def test_slopes_stay_near_the_threshold_and_rivers_are_gentle():
    basin = settings.get("liboriana")
    ground = relief.build(basin.relief, 320, 5, basin.name)
    slope = relief.slope_deg(ground.hillslope, settings.HILLSLOPE_M)
    steepest = np.degrees(np.arctan(basin.relief.hillslope_tan[1]))
    assert np.percentile(slope, 99) < steepest + 6
    rivers = ground.catchment > 2e6
    assert rivers.any() and np.median(slope[rivers]) < 0.4 * np.median(slope)
