"""The Sentinel-1 VV pair: backscatter by cover and slope, what a slide changes, and speckle."""

from __future__ import annotations

import numpy as np

from keras_landslide.simulation.twin_basins import noise, settings
from keras_landslide.simulation.twin_basins.cover import Class, LandCover
from keras_landslide.simulation.twin_basins.relief import Terrain, gradient
from keras_landslide.simulation.twin_basins.settings import PIXEL_M
from keras_landslide.simulation.twin_basins.slides import Slides

# VV at 39 degrees in dB, exponent of the cosine law, and share of the moisture change, by class:
# set by us, of the order of the C-band levels in Ulaby and Dobson 1989 (Handbook of Radar
# Scattering Statistics for Terrain). Crowns hide wet soil from C-band.
_BACKSCATTER = {
    Class.FOREST: (-7.0, 1.0, 0.15),
    Class.PASTURE: (-12.0, 1.6, 0.9),
    Class.CROPS: (-9.6, 1.4, 0.6),
    Class.BARE_FIELD: (-11.5, 1.8, 1.0),
    Class.TOWN: (-3.5, 1.0, 0.1),
    Class.ROAD: (-13.0, 1.8, 0.5),
    Class.WATER: (-18.5, 2.0, 0.0),
    Class.RIVER_BAR: (-10.5, 1.6, 0.6),
}
_REFERENCE_DEG = 39.0
_SCAR_DB = -10.2
_LAYOVER_DEG, _SHADOW_DEG = 2.0, 88.0


def speckle(shape: tuple[int, ...], looks: float, rng: np.random.Generator) -> np.ndarray:
    """Multiplicative speckle of a multi-look intensity image: float32, mean 1, variance 1 / looks.

    Gamma distributed (Ulaby, Kouyate, Brisco and Williams 1986, doi:10.1109/TGRS.1986.289643).
    Neighbouring pixels are independent here; in a real product they are slightly correlated.
    """
    return rng.standard_gamma(looks, shape, dtype=np.float32) / np.float32(looks)


def incidence(
    east: np.ndarray, north: np.ndarray, radar: settings.Radar
) -> tuple[np.ndarray, np.ndarray]:
    """Cosine of the local incidence angle, and incidence in the range plane (degrees).

    Args:
        east: float32, elevation gradient eastwards.
        north: float32, elevation gradient northwards.
        radar: look azimuth (direction in which the pulse travels) and incidence on level ground.
    """
    azimuth, tilt = np.radians(radar.look_azimuth_deg), np.radians(radar.incidence_deg)
    # Rise of the ground along the pulse: positive where the slope faces the sensor.
    along = east * np.float32(np.sin(azimuth)) + north * np.float32(np.cos(azimuth))
    cosine = np.float32(np.cos(tilt)) + np.float32(np.sin(tilt)) * along
    cosine /= np.sqrt(1 + east**2 + north**2)
    return cosine, radar.incidence_deg - np.degrees(np.arctan(along))


def backscatter(
    basin: settings.Basin,
    terrain: Terrain,
    cover: LandCover,
    slides: Slides,
    seed: int,
    *,
    rows: int = 512,
) -> tuple[np.ndarray, np.ndarray]:
    """Speckle-free VV before and after the storm, linear power, NaN in layover and shadow.

    sigma0 falls with the local incidence angle as cos^n (Ulaby, Moore and Fung 1982, vol. 2), and
    is referred to the ellipsoid's area, so that slopes facing the sensor are brighter by
    sin(incidence) / sin(incidence in the range plane) (Ulander 1996, doi:10.1109/36.536527). A
    fresh scar is rough wet soil: duller than the forest it replaces, brighter than pasture
    (Mondini et al. 2021, doi:10.1016/j.earscirev.2021.103574, on both signs). Between the dates
    the soil gets wetter. Only the slope of the pixel itself decides on layover and shadow.

    Returns:
        pre, post: float32 (N, N) at `PIXEL_M`.
    """
    n = terrain.elevation.shape[0]
    radar = basin.radar
    level = np.array([_BACKSCATTER[c][0] for c in Class], dtype=np.float32)
    power = np.array([_BACKSCATTER[c][1] for c in Class], dtype=np.float32)
    soaks = np.array([_BACKSCATTER[c][2] for c in Class], dtype=np.float32)
    rough = noise.fractal((n // 4, n // 4), 0.3, noise.generator(seed, basin.name, "radar-rough"))
    rain = noise.fractal((n // 8, n // 8), 0.7, noise.generator(seed, basin.name, "radar-wet"))
    rng = noise.generator(seed, basin.name, "radar")
    pre = np.empty((n, n), dtype=np.float32)
    post = np.empty((n, n), dtype=np.float32)
    reference = np.float32(np.cos(np.radians(_REFERENCE_DEG)))
    for row0 in range(0, n, rows):
        row1 = min(row0 + rows, n)
        top, low = max(row0 - 1, 0), min(row1 + 1, n)
        east, north = gradient(terrain.elevation[top:low], PIXEL_M)
        keep = slice(row0 - top, row0 - top + row1 - row0)
        cosine, in_range = incidence(east[keep], north[keep], radar)
        part = slice(row0, row1)
        classes = cover.classes[part]
        bare = slides.bare[part].astype(np.float32) / 255.0
        grain = noise.upsample(rough, 4, row0, row1, n)
        before = level[classes] + np.float32(0.7) * grain
        before += np.float32(0.5) * rng.standard_normal(before.shape, dtype=np.float32)
        wet = radar.wetness_db * (1 + 0.35 * noise.upsample(rain, 8, row0, row1, n))
        after = before + soaks[classes] * wet
        # Debris is of uneven roughness: a decibel and a half about the scar's mean.
        scar = _SCAR_DB + 0.7 * radar.wetness_db
        scar = scar + np.float32(1.5) * rng.standard_normal(before.shape, dtype=np.float32)
        after += bare * (scar - after)
        fall = 10 * power[classes] * np.log10(np.clip(cosine, 0.05, 1) / reference)
        fall_scar = 10 * 1.6 * np.log10(np.clip(cosine, 0.05, 1) / reference)
        seen = (in_range > _LAYOVER_DEG) & (in_range < _SHADOW_DEG)
        sine = np.sin(np.radians(np.clip(in_range, _LAYOVER_DEG, _SHADOW_DEG)))
        area = 10 * np.log10(np.sin(np.radians(radar.incidence_deg)) / sine)
        pre[part] = np.where(seen, 10 ** ((before + fall + area) / 10), np.nan)
        fall += bare * (fall_scar - fall)
        post[part] = np.where(seen, 10 ** ((after + fall + area) / 10), np.nan)
    return pre, post
