"""The optical image: reflectance of the ground, sunlight on slopes, haze, clouds and shadows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from keras_landslide.simulation.twin_basins import noise, settings
from keras_landslide.simulation.twin_basins.cover import Class, LandCover
from keras_landslide.simulation.twin_basins.relief import Terrain, gradient
from keras_landslide.simulation.twin_basins.settings import PIXEL_M
from keras_landslide.simulation.twin_basins.slides import Slides

BANDS = ("red", "green", "blue", "nir")
_WAVELENGTH_UM = np.array([0.665, 0.560, 0.490, 0.842], dtype=np.float32)
_CLOUD_CELL = 2
_HALO = 3

# Reflectance (red, green, blue, nir) and relative texture of each class: set by us for mixed
# 12.5 m pixels, with the shapes of such spectra (Kokaly et al. 2017, doi:10.3133/ds1035) in mind.
_SPECTRA = {
    Class.FOREST: ((0.026, 0.046, 0.024, 0.310), 0.13),
    Class.PASTURE: ((0.062, 0.092, 0.045, 0.340), 0.07),
    Class.CROPS: ((0.045, 0.072, 0.036, 0.330), 0.09),
    Class.BARE_FIELD: ((0.185, 0.130, 0.088, 0.260), 0.07),
    Class.TOWN: ((0.165, 0.150, 0.130, 0.220), 0.16),
    Class.ROAD: ((0.155, 0.132, 0.105, 0.225), 0.08),
    Class.WATER: ((0.085, 0.085, 0.060, 0.050), 0.05),
    Class.RIVER_BAR: ((0.195, 0.172, 0.140, 0.245), 0.12),
}
_DRY_PASTURE = (0.120, 0.118, 0.070, 0.285)
_DEBRIS = (0.165, 0.142, 0.115, 0.225)
_CLOUD = (0.72, 0.73, 0.75, 0.70)


@dataclass(frozen=True)
class Sky:
    """Clouds and the shadows they throw.

    Attributes:
        opacity: float32 (N/2, N/2), share of light that the cloud keeps from the ground.
        shadow_px: (row, column) offset of a cloud's shadow on the truth grid.
    """

    opacity: np.ndarray
    shadow_px: tuple[float, float]

    def rows(self, row0: int, row1: int, width: int) -> tuple[np.ndarray, np.ndarray]:
        """Cloud opacity and shadow depth of rows of the truth grid, both float32."""
        cloud = noise.upsample(self.opacity, _CLOUD_CELL, row0, row1, width)
        shift = tuple(s / _CLOUD_CELL for s in self.shadow_px)
        height = self.opacity.shape[0]
        first = max(int(np.floor(row0 / _CLOUD_CELL - shift[0])) - 2, 0)
        last = min(int(np.ceil(row1 / _CLOUD_CELL - shift[0])) + 2, height)
        y = (np.arange(row0, row1) + 0.5) / _CLOUD_CELL - 0.5 - shift[0] - first
        x = (np.arange(width) + 0.5) / _CLOUD_CELL - 0.5 - shift[1]
        if last - first < 2:
            return cloud, np.zeros_like(cloud)
        shadow = ndimage.map_coordinates(
            self.opacity[first:last], np.meshgrid(y, x, indexing="ij"), order=1, mode="nearest"
        )
        return cloud, shadow.astype(np.float32)

    def classes(self, row0: int, row1: int, width: int) -> np.ndarray:
        """Cloud mask of rows of the truth grid: 0 clear, 1 cloud, 2 shadow; uint8."""
        cloud, shadow = self.rows(row0, row1, width)
        return np.where(cloud > 0.25, 1, np.where(shadow > 0.35, 2, 0)).astype(np.uint8)


def sky(light: settings.Light, n: int, inner: tuple[int, int], seed: int, basin: str) -> Sky:
    """Cumulus over the wanted share of the basin: the tops of a fractal field.

    Shadows lie away from the sun at cloud base height times tan(sun zenith); the ground below is
    taken as level for this.
    """
    cells = n // _CLOUD_CELL
    field = noise.fractal(
        (cells, cells), 0.62, noise.generator(seed, basin, "clouds"), longest=80.0
    )
    inside = field[inner[0] // _CLOUD_CELL : inner[1] // _CLOUD_CELL]
    inside = inside[:, inner[0] // _CLOUD_CELL : inner[1] // _CLOUD_CELL]
    # Clouds have soft rims: the visible edge lies a little above the quantile.
    edge = np.quantile(inside, 1.0 - light.cloud_cover) - 0.07
    depth = np.maximum(field - np.float32(edge), 0)
    opacity = 1.0 - np.exp(np.float32(-3.2) * depth)
    azimuth = np.radians(light.sun_azimuth_deg)
    away = light.cloud_base_m / np.tan(np.radians(light.sun_elevation_deg)) / PIXEL_M
    return Sky(opacity.astype(np.float32), (away * np.cos(azimuth), -away * np.sin(azimuth)))


def illumination(east: np.ndarray, north: np.ndarray, light: settings.Light) -> np.ndarray:
    """Cosine of the angle between the sun and the slope's normal, not below 0 (Lambert).

    cos(i) as in Teillet, Guindon and Goodenough 1982, doi:10.1080/07038992.1982.10855028. Shadows
    thrown by other slopes are left out: at these sun angles they are few.
    """
    elevation, azimuth = np.radians(light.sun_elevation_deg), np.radians(light.sun_azimuth_deg)
    across = east * np.float32(np.sin(azimuth)) + north * np.float32(np.cos(azimuth))
    up = np.float32(np.sin(elevation)) - np.float32(np.cos(elevation)) * across
    return np.maximum(up / np.sqrt(1 + east**2 + north**2), 0)


def _ground(cover: LandCover, slides: Slides, part, damp, rng, basin: settings.Basin):
    """Reflectance of level ground under clear sky, float32 (rows, N, 4)."""
    classes = cover.classes[part]
    spectra = np.array([_SPECTRA[c][0] for c in Class], dtype=np.float32)
    texture = np.array([_SPECTRA[c][1] for c in Class], dtype=np.float32)
    spectra[Class.BARE_FIELD] = 0.5 * spectra[Class.BARE_FIELD] + 0.5 * np.array(
        basin.light.soil_rgbn, dtype=np.float32
    )
    ground = spectra[classes]
    dry = basin.cover.pasture_dryness * (1 + 0.9 * np.tanh(damp))
    grass = (classes == Class.PASTURE) | (classes == Class.CROPS)
    weight = np.where(grass, dry, 0)[..., None].astype(np.float32)
    ground += weight * (np.array(_DRY_PASTURE, dtype=np.float32) - ground)
    # A road or a thin bar fills only part of a pixel.
    thin = classes == Class.ROAD
    ground[thin] = 0.65 * ground[thin] + 0.35 * spectra[Class.PASTURE]
    tone = cover.tone[part].astype(np.float32) / 255.0 - 0.5
    spread = np.where(classes == Class.TOWN, 0.9, np.where(classes == Class.FOREST, 0.25, 0.45))
    ground *= (1 + spread * tone)[..., None].astype(np.float32)
    bare = slides.bare[part].astype(np.float32) / 255.0
    scar = slides.bare[part] > 0
    speck = rng.standard_normal(classes.shape, dtype=np.float32)
    clump = np.clip(bare + 0.16 * speck - 0.10 * damp * (1 - bare), 0.0, 1.0) * scar
    # Soil colour drifts from red saprolite to grey debris, and its moisture with it.
    grey = np.clip(0.35 + 0.28 * damp, 0.0, 0.9)[..., None]
    soil = np.array(basin.light.soil_rgbn, dtype=np.float32)
    soil = (soil + grey * (np.array(_DEBRIS, dtype=np.float32) - soil)) * (
        1 - 0.3 * grey * bare[..., None]
    )
    regrown = 0.6 * ground + 0.4 * spectra[Class.PASTURE]
    ground = np.where(scar[..., None], regrown, ground)
    ground += clump[..., None] * (soil - ground)
    grain = np.where(scar, 0.10, texture[classes])
    speck = rng.standard_normal(classes.shape, dtype=np.float32)
    return ground * np.exp(grain * speck)[..., None]


def render(
    basin: settings.Basin,
    terrain: Terrain,
    cover: LandCover,
    slides: Slides,
    clouds: Sky,
    inner: tuple[int, int],
    seed: int,
    *,
    rows: int = 256,
) -> Iterator[tuple[int, np.ndarray]]:
    """The image inside the margin, strip by strip, as digital numbers.

    At the sensor: rho = rho_ground (direct cos(i) / cos(z) + diffuse) + rho_path. The diffuse
    share of the light and the path reflectance grow towards blue as a power of the wavelength
    (Chavez 1988, doi:10.1016/0034-4257(88)90019-3); the haze thins out with height. Then a
    point-spread of 0.5 px and sensor noise.

    Yields:
        first row inside the margin, and uint16 (4, rows, inner width), reflectance x 10000,
        never 0.
    """
    light = basin.light
    n = terrain.elevation.shape[0]
    cells = n // 8
    damp_c = noise.fractal((cells, cells), 0.4, noise.generator(seed, basin.name, "damp"))
    haze_c = noise.fractal((cells, cells), 0.9, noise.generator(seed, basin.name, "haze"))
    rng = noise.generator(seed, basin.name, "optics")
    relative = (_WAVELENGTH_UM / 0.49) ** np.float32(-light.haze_exponent)
    diffuse = (light.diffuse_blue * relative).astype(np.float32)
    path = (light.haze_blue * relative).astype(np.float32)
    lowest = float(terrain.elevation.min())
    sun = np.float32(np.sin(np.radians(light.sun_elevation_deg)))
    for row0 in range(inner[0], inner[1], rows):
        row1 = min(row0 + rows, inner[1])
        top, low = row0 - _HALO, row1 + _HALO
        part = slice(top, low)
        damp = noise.upsample(damp_c, 8, top, low, n)
        z = terrain.elevation[part]
        east, north = gradient(terrain.elevation[top - 1 : low + 1], PIXEL_M)
        lit = illumination(east[1:-1], north[1:-1], light) / sun
        cloud, shadow = clouds.rows(top, low, n)
        lit *= 1 - np.float32(0.88) * shadow
        ground = _ground(cover, slides, part, damp, rng, basin)
        open_sky = (1 + 1 / np.sqrt(1 + east[1:-1] ** 2 + north[1:-1] ** 2)) / 2
        ground *= lit[..., None] * (1 - diffuse) + open_sky[..., None] * diffuse
        veil = np.exp(-(z - lowest) / 1200.0) * (
            1 + 0.45 * np.tanh(noise.upsample(haze_c, 8, top, low, n))
        )
        ground += veil[..., None] * path
        white = np.array(_CLOUD, dtype=np.float32)
        bright = (0.75 + 0.25 * cloud)[..., None]
        ground += cloud[..., None] * (white * bright - ground)
        ground = ndimage.gaussian_filter(ground, (0.5, 0.5, 0), truncate=3)
        ground = ground[_HALO:-_HALO, inner[0] : inner[1]]
        ground += rng.standard_normal(ground.shape, dtype=np.float32) * np.float32(0.0015)
        digital = np.clip(np.rint(ground * 10000.0), 1, 65535).astype(np.uint16)
        yield row0 - inner[0], np.ascontiguousarray(np.moveaxis(digital, -1, 0))
