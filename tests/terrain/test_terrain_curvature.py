import numpy as np
import pytest

from keras_landslide.terrain.curvature import curvature, plan_curvature, profile_curvature


def test_hand_worked_window():
    # Cell size 10. D = ((11 + 17)/2 - 15)/100 = -0.01, E = ((18 + 8)/2 - 15)/100 = -0.02,
    # F = (-12 + 19 + 6 - 9)/400 = 0.01, G = (17 - 11)/20 = 0.3, H = (18 - 8)/20 = 0.5.
    z = np.array([[12, 18, 19], [11, 15, 17], [6, 8, 9]], np.float32)
    d, e, f, g, h = -0.01, -0.02, 0.01, 0.3, 0.5
    assert curvature(z, 10)[1, 1] == pytest.approx(0.06, rel=1e-5)
    profile = -2 * (d * g**2 + e * h**2 + f * g * h) / (g**2 + h**2)
    plan = -2 * (d * h**2 + e * g**2 - f * g * h) / (g**2 + h**2)
    assert profile == pytest.approx(0.00880 / 0.34) and plan == pytest.approx(0.0116 / 0.34)
    assert profile_curvature(z, 10)[1, 1] == pytest.approx(0.00880 / 0.34, rel=1e-5)
    assert plan_curvature(z, 10)[1, 1] == pytest.approx(0.0116 / 0.34, rel=1e-5)
    assert curvature(z, 10, factor=100)[1, 1] == pytest.approx(6.0, rel=1e-5)
    assert profile_curvature(z, 10, factor=-100)[1, 1] == pytest.approx(-0.880 / 0.34, rel=1e-5)


def test_quadratic_surface_is_exact_on_oblong_cells():
    # z = a x^2 + b y^2 + c xy + d x + e y has constant second derivatives.
    a, b, c, d, e = 0.003, -0.002, 0.001, 0.2, -0.1
    height, width = 20.0, 10.0
    rows, cols = np.mgrid[:9, :11]
    x, y = (cols - 5) * width, -(rows - 4) * height
    z = a * x**2 + b * y**2 + c * x * y + d * x + e * y
    inner = (slice(1, -1), slice(1, -1))
    general = curvature(z, (height, width))[inner]
    np.testing.assert_allclose(general, -2 * (a + b), atol=2e-6)
    zx, zy = (2 * a * x + c * y + d)[inner], (2 * b * y + c * x + e)[inner]
    steep = zx**2 + zy**2
    profile = -(2 * a * zx**2 + 2 * c * zx * zy + 2 * b * zy**2) / steep
    np.testing.assert_allclose(profile_curvature(z, (height, width))[inner], profile, atol=1e-5)
    plan = -(2 * a * zy**2 - 2 * c * zx * zy + 2 * b * zx**2) / steep
    np.testing.assert_allclose(plan_curvature(z, (height, width))[inner], plan, atol=1e-5)


def test_general_is_the_sum_of_profile_and_plan():
    z = np.random.default_rng(0).normal(1000, 20, (40, 50)).astype(np.float32)
    total = profile_curvature(z, 12.5) + plan_curvature(z, 12.5)
    np.testing.assert_allclose(total[1:-1, 1:-1], curvature(z, 12.5)[1:-1, 1:-1], atol=2e-4)


def test_signs_on_landforms():
    rows, cols = np.mgrid[-4:5, -4:5].astype(np.float64)
    spur = 50 - 3 * rows - 0.4 * cols**2  # falls to the south, ridge line north-south
    assert plan_curvature(spur, 10)[4, 4] > 0
    assert plan_curvature(-3 * rows + 0.4 * cols**2, 10)[4, 4] < 0  # hollow
    brow = -3 * rows - 0.4 * rows**2  # steepens downhill
    assert profile_curvature(brow, 10)[4, 4] > 0
    assert curvature(brow, 10)[4, 4] > 0
    assert profile_curvature(-3 * rows + 0.4 * rows**2, 10)[4, 4] < 0  # foot slope


def test_flat_ground_and_nodata():
    flat = np.full((7, 7), 5.0, np.float32)
    for function in (curvature, profile_curvature, plan_curvature):
        assert (function(flat, 10)[1:-1, 1:-1] == 0).all()
        assert np.isnan(function(flat, 10)[0]).all()
    flat[3, 3] = np.nan
    assert np.isnan(curvature(flat, 10)[1:-1, 1:-1]).sum() == 5
    assert np.isnan(plan_curvature(flat, 10)[1:-1, 1:-1]).sum() == 9
    assert np.isnan(profile_curvature(flat, 10)[1:-1, 1:-1]).sum() == 9
