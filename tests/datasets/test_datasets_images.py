"""Speckle, radar geometry, illumination and cloud shadows."""

import dataclasses

import numpy as np
import pytest

from keras_landslide.simulation.twin_basins import optics, radar, settings

FLAT = np.zeros((4, 4), dtype=np.float32)


def test_speckle_mean_and_looks():
    values = radar.speckle((700, 700), 4.4, np.random.default_rng(0)).astype(np.float64)
    assert values.mean() == pytest.approx(1.0, abs=0.003)
    looks = values.mean() ** 2 / values.var()
    assert looks == pytest.approx(4.4, rel=0.02)
    # A gamma law of shape L has skewness 2 / sqrt(L): a normal one would have none.
    skew = ((values - values.mean()) ** 3).mean() / values.std() ** 3
    assert skew == pytest.approx(2 / np.sqrt(4.4), rel=0.05)


def test_incidence_on_level_and_facing_slopes():
    look = settings.Radar(look_azimuth_deg=90.0, incidence_deg=40.0, wetness_db=0.0)
    cosine, in_range = radar.incidence(FLAT, FLAT, look)
    np.testing.assert_allclose(cosine, np.cos(np.radians(40)), rtol=1e-6)
    np.testing.assert_allclose(in_range, 40.0, rtol=1e-6)
    # The pulse travels east: ground rising eastwards at 40 degrees is met head on.
    cosine, in_range = radar.incidence(FLAT + np.tan(np.radians(40)), FLAT, look)
    np.testing.assert_allclose(cosine, 1.0, atol=1e-6)
    np.testing.assert_allclose(in_range, 0.0, atol=1e-4)
    # Falling eastwards at 30 degrees: 70 degrees off.
    cosine, _ = radar.incidence(FLAT - np.tan(np.radians(30)), FLAT, look)
    np.testing.assert_allclose(cosine, np.cos(np.radians(70)), atol=1e-6)


def test_illumination_by_hand():
    light = dataclasses.replace(
        settings.get("argelia").light, sun_elevation_deg=50.0, sun_azimuth_deg=90.0
    )
    # Level ground: sin(50). Falling east at 40 degrees: faces the sun, 1. Falling west at 60: dark.
    assert optics.illumination(FLAT, FLAT, light)[0, 0] == pytest.approx(np.sin(np.radians(50)))
    east_facing = FLAT - np.float32(np.tan(np.radians(40)))
    assert optics.illumination(east_facing, FLAT, light)[0, 0] == pytest.approx(1.0)
    away = FLAT + np.float32(np.tan(np.radians(60)))
    assert optics.illumination(away, FLAT, light)[0, 0] == 0.0


def test_shadow_lies_away_from_the_sun():
    opacity = np.zeros((60, 60), dtype=np.float32)
    opacity[28:32, 28:32] = 0.9
    # Sun in the east: the shadow falls west, 20 pixels = 10 cells.
    clouds = optics.Sky(opacity, (0.0, -20.0))
    parts = [clouds.classes(a, a + 40, 120) for a in (0, 40, 80)]
    mask = np.concatenate(parts)
    cloud, shadow = (np.argwhere(mask == k).mean(axis=0) for k in (1, 2))
    assert shadow[0] == pytest.approx(cloud[0], abs=0.6)
    assert cloud[1] - shadow[1] == pytest.approx(20, abs=0.6)
    np.testing.assert_array_equal(mask, clouds.classes(0, 120, 120))


def test_sky_offset_follows_the_sun():
    light = settings.get("liboriana").light
    south_sun = dataclasses.replace(light, sun_azimuth_deg=180.0, sun_elevation_deg=45.0)
    clouds = optics.sky(south_sun, 160, (16, 144), 0, "liboriana")
    # Base at 1100 m, 45 degrees: 1100 m to the north, which is towards lower rows.
    assert clouds.shadow_px[0] == pytest.approx(-88.0)
    assert clouds.shadow_px[1] == pytest.approx(0.0, abs=1e-9)
