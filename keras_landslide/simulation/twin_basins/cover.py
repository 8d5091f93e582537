"""Land cover: forest on the heights, pasture and fields below, towns, roads, rivers and bars."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numba import njit
from scipy import ndimage

from keras_landslide.simulation.twin_basins import noise, settings
from keras_landslide.simulation.twin_basins.drainage import hash_unit
from keras_landslide.simulation.twin_basins.relief import Terrain, slope_deg
from keras_landslide.simulation.twin_basins.settings import HILLSLOPE_M

_PARCEL_PX = 9
_WATER_AREA_M2 = 6.0e6


class Class(IntEnum):
    """Codes of the land cover."""

    FOREST = 0
    PASTURE = 1
    CROPS = 2
    BARE_FIELD = 3
    TOWN = 4
    ROAD = 5
    WATER = 6
    RIVER_BAR = 7


@dataclass(frozen=True)
class LandCover:
    """What grows and stands on the ground.

    Attributes:
        classes: uint8 (N, N), codes of `Class`.
        tone: uint8 (N, N), brightness of the field or house, 0 to 255.
    """

    classes: np.ndarray
    tone: np.ndarray


def forest_score(terrain: Terrain, seed: int, basin: str) -> np.ndarray:
    """How much a cell of `HILLSLOPE_M` is for forest: steep, high and far from people. float32."""
    slope = slope_deg(terrain.hillslope, HILLSLOPE_M)
    high = terrain.hillslope - terrain.hillslope.mean()
    patch = noise.fractal(slope.shape, 0.35, noise.generator(seed, basin, "forest"), longest=70.0)
    gully = np.clip(np.log10(terrain.catchment) - 4.2, 0.0, 1.2)
    score = 0.025 * slope + 0.0012 * high + 0.8 * patch + 0.5 * gully
    return score.astype(np.float32)


def forest_threshold(score: np.ndarray, share: float) -> float:
    """The score above which `share` of the cells are forest."""
    return float(np.quantile(score, 1.0 - share))


@njit(cache=True)
def _parcels(slope, warp, wooded, crop_share, bare_share, seed, row0):
    """Fields as jittered Voronoi cells, each of one class; pasture and forest between.

    `warp` and `wooded` are the rows from `row0` on, over the whole width.
    """
    rows, width = warp.shape
    classes = np.empty((rows, width), dtype=np.uint8)
    tone = np.empty((rows, width), dtype=np.uint8)
    for r in range(rows):
        for c in range(width):
            y = (row0 + r + 5.0 * warp[r, c]) / _PARCEL_PX
            x = (c + 5.0 * warp[r, (c + 31) % width]) / _PARCEL_PX
            i0, j0 = int(np.floor(y)), int(np.floor(x))
            best, bi, bj, by, bx = 1e9, 0, 0, 0.0, 0.0
            for i in range(i0 - 1, i0 + 2):
                for j in range(j0 - 1, j0 + 2):
                    py = i + hash_unit(i + 9, j + 9, seed)
                    px = j + hash_unit(i + 9, j + 9, seed + 1)
                    d = (py - y) ** 2 + (px - x) ** 2
                    if d < best:
                        best, bi, bj, by, bx = d, i, j, py, px
            i = min(max(int(by * _PARCEL_PX) // 2, 0), slope.shape[0] - 1)
            j = min(max(int(bx * _PARCEL_PX) // 2, 0), slope.shape[1] - 1)
            s = slope[i, j]
            u = hash_unit(bi + 9, bj + 9, seed + 2)
            tone[r, c] = np.uint8(255 * hash_unit(bi + 9, bj + 9, seed + 3))
            cls = 1
            gentle = max(0.0, min(1.0, (27.0 - s) / 12.0))
            if u < crop_share * gentle:
                cls = 2
            bare_chance = bare_share * max(0.0, min(1.0, (17.0 - s) / 6.0))
            if hash_unit(bi + 9, bj + 9, seed + 4) < bare_chance:
                cls = 3
            if wooded[r, c] > 0.0 and not (cls == 3 and wooded[r, c] < 0.15):
                cls = 0
                tone[r, c] = np.uint8(255 * hash_unit((row0 + r) // 3, c // 3, seed + 5))
            classes[r, c] = cls
    return classes, tone


def _rivers(terrain: Terrain) -> tuple[np.ndarray, np.ndarray]:
    """Distance to the nearest large river (metres) and that river's width of water (metres).

    Width grows with the square root of discharge (Leopold and Maddock 1953,
    doi:10.3133/pp252), which is taken as proportional to the catchment.
    """
    river = terrain.catchment >= _WATER_AREA_M2
    if not river.any():
        far = np.full(terrain.catchment.shape, 1e6, dtype=np.float32)
        return far, np.zeros_like(far)
    distance, where = ndimage.distance_transform_edt(~river, return_indices=True)
    width = 2.3 * np.sqrt(terrain.catchment[where[0], where[1]] / 1e6)
    smooth = ndimage.gaussian_filter(distance.astype(np.float32) * np.float32(HILLSLOPE_M), 0.7)
    return smooth, width.astype(np.float32)


def _towns(terrain: Terrain, plan: settings.Cover, seed: int, basin: str) -> np.ndarray:
    """Nearness to towns, above 0 inside; towns stand on the flattest ground. float32."""
    rng = noise.generator(seed, basin, "towns")
    shape = terrain.hillslope.shape
    area_100km2 = terrain.hillslope.size * HILLSLOPE_M**2 / 1e8
    count = max(1, round(plan.towns_per_100km2 * area_100km2))
    flat = ndimage.uniform_filter(slope_deg(terrain.hillslope, HILLSLOPE_M), 9)
    edge = shape[0] // 8
    order = np.argsort(flat[edge:-edge, edge:-edge], axis=None, kind="stable")
    sites = rng.choice(order[: max(count, order.size // 200)], count, replace=False)
    near = np.full(shape, -9.0, dtype=np.float32)
    rows, cols = np.divmod(sites, shape[1] - 2 * edge)
    for row, col, radius in zip(rows + edge, cols + edge, rng.uniform(7, 15, count), strict=True):
        r0, c0 = max(row - 30, 0), max(col - 30, 0)
        window = near[r0 : row + 30, c0 : col + 30]
        y, x = np.mgrid[0 : window.shape[0], 0 : window.shape[1]]
        np.maximum(window, 1 - np.hypot(y + r0 - row, x + c0 - col) / radius, out=window)
    ragged = noise.fractal(shape, 0.3, noise.generator(seed, basin, "streets"), longest=16.0)
    return near + 0.2 * ragged - 0.04 * np.maximum(flat - 8, 0)


def build(
    terrain: Terrain,
    score: np.ndarray,
    threshold: float,
    plan: settings.Cover,
    seed: int,
    basin: str,
    *,
    rows: int = 256,
) -> LandCover:
    """Make the land cover of the truth grid, strip by strip."""
    n = terrain.elevation.shape[0]
    slope = slope_deg(ndimage.uniform_filter(terrain.hillslope, 3), HILLSLOPE_M)
    warp = noise.fractal(slope.shape, 0.5, noise.generator(seed, basin, "hedges"), longest=12.0)
    distance, water_m = _rivers(terrain)
    town = _towns(terrain, plan, seed, basin)
    wander = noise.fractal(slope.shape, 0.9, noise.generator(seed, basin, "roads"), longest=60.0)
    track = terrain.hillslope + 55.0 * wander
    step = np.hypot(*np.gradient(track)) * 0.5
    classes = np.empty((n, n), dtype=np.uint8)
    tone = np.empty((n, n), dtype=np.uint8)
    for row0 in range(0, n, rows):
        row1 = min(row0 + rows, n)
        part = slice(row0, row1)

        def fine(field, row0=row0, row1=row1):
            return noise.upsample(field, 2, row0, row1, n)

        edge = fine(warp)
        wood = fine(score) - threshold + 0.18 * edge
        cls, shade = _parcels(slope, edge, wood, plan.crop_share, plan.bare_share, seed, row0)
        bend = fine(wander)
        # Roads keep nearly level: contours of a warped hillside, on stretches where people live.
        level = fine(track)
        nearest = np.abs(level - 220.0 * np.round(level / 220.0))
        road = (nearest < 0.55 * np.maximum(fine(step), 0.5)) & (wood < 0.35) & (bend > -0.4)
        d = fine(distance)
        valley_road = np.abs(d - 90.0 - 25.0 * edge) < 7.5
        cls[road | valley_road] = Class.ROAD
        houses = fine(town)
        in_town = houses > 0
        cls[in_town] = Class.TOWN
        shade[in_town] = _houses(row0, row1, n, seed)[in_town]
        wet = fine(water_m)
        bar = (d < 1.2 * wet + 9.0 * edge) & (wet > 0)
        cls[bar] = Class.RIVER_BAR
        cls[np.abs(d - 0.25 * wet * bend) < 0.5 * wet] = Class.WATER
        classes[part], tone[part] = cls, shade
    return LandCover(classes, tone)


@njit(cache=True)
def _houses(row0, row1, width, seed):
    out = np.empty((row1 - row0, width), dtype=np.uint8)
    for r in range(row0, row1):
        for c in range(width):
            out[r - row0, c] = np.uint8(255 * hash_unit(r // 2, c // 2, seed + 6))
    return out
