"""Stability, wetness and slide laws against values worked out by hand."""

import numpy as np
import pytest

from keras_landslide.simulation.twin_basins import settings, slides, stability


def test_safety_factor_by_hand():
    # h = 2 m, c = 5 kPa: C = 5000 / (2 * 1800 * 9.81) = 0.141579.
    # theta = 30 deg, phi = 35 deg, w = 0.5: 1 - 0.5 / 1.8 = 0.722222.
    # FS = (0.141579 + 0.866025 * 0.722222 * 0.700208) / 0.5 = 1.159065
    value = stability.safety_factor(np.radians(30.0), 5000.0, 35.0, 2.0, 0.5)
    assert value == pytest.approx(1.159065, abs=2e-6)


def test_dry_cohesionless_slope_fails_at_its_friction_angle():
    assert stability.safety_factor(np.radians(33.0), 0.0, 33.0, 1.0, 0.0) == pytest.approx(1.0)


def test_water_lowers_and_roots_raise_safety():
    slope = np.radians(32.0)
    dry, wet = (stability.safety_factor(slope, 3000.0, 33.0, 1.5, w) for w in (0.0, 1.0))
    rooted = stability.safety_factor(slope, 9000.0, 33.0, 1.5, 1.0)
    assert wet < dry and rooted > wet
    # By hand: the whole loss is cos(theta) tan(phi) / 1.8 / sin(theta).
    assert dry - wet == pytest.approx(np.tan(np.radians(33)) / 1.8 / np.tan(slope))


def test_wetness_by_hand_and_saturated():
    # R a / (T sin) = 0.1 * 100 / (45 * 0.5) = 0.444...
    assert stability.wetness(100.0, np.radians(30), 0.1, 45.0) == pytest.approx(0.444444, abs=1e-6)
    assert stability.wetness(1e4, np.radians(30), 0.1, 45.0) == 1.0


def test_areas_follow_the_inverse_gamma_law():
    areas = slides.sample_areas(20_000, np.random.default_rng(1))
    assert areas.min() >= 1200 and areas.max() <= 1.5e5
    # Independent: survival by numerical integration of Malamud et al. 2004, equation 3.
    grid = np.geomspace(1200, 1.5e5, 20_000) / 1e6
    rho, a, s = 1.40, 1.28e-3, -1.32e-4
    density = (a / (grid - s)) ** (rho + 1) * np.exp(-a / (grid - s))
    total = np.trapezoid(density, grid)
    above = grid > 1e-2
    expected = np.trapezoid(density[above], grid[above]) / total
    assert np.mean(areas > 1e4) == pytest.approx(expected, rel=0.08)


def test_reach_by_hand():
    # A = 1e4 m2: V = 0.074 * 10**5.8 = 46690 m3; log10(H/L) = -0.085 * 4.66923 - 0.047 = -0.44388
    assert slides.reach_tangent(np.array([1e4]))[0] == pytest.approx(0.35984, abs=5e-5)


def test_unknown_basin_lists_the_choices():
    with pytest.raises(ValueError, match="argelia, liboriana"):
        settings.get("arenosa")
