"""Terrain: a fractal surface, cut by rivers, held by threshold hillslopes, floored by alluvium."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from keras_landslide.simulation.twin_basins import drainage, noise, settings
from keras_landslide.simulation.twin_basins.settings import HILLSLOPE_M, PIXEL_M

_CONCAVITY = 0.45
_COARSEST = 3
_STEPS = {3: 40, 2: 14, 1: 8, 0: 2}
_RIVER_AREA_M2 = 2.5e5


@dataclass(frozen=True)
class Terrain:
    """The truth about the ground.

    Attributes:
        elevation: float32 (N, N) at `PIXEL_M`, metres.
        hillslope: float32 (N/2, N/2) at `HILLSLOPE_M`, metres.
        catchment: float32 (N/2, N/2), square metres.
        above_river: float32 (N/2, N/2), metres above the nearest river downstream.
        river_area: float32 (N/2, N/2), catchment of that river, square metres.
    """

    elevation: np.ndarray
    hillslope: np.ndarray
    catchment: np.ndarray
    above_river: np.ndarray
    river_area: np.ndarray


@njit(cache=True)
def incise(elevation, area, receiver, order, cell, steepness, hillslope_tan, step):
    """One implicit step of river incision against uplift, in place, from the outlet upwards.

    Stream power with n = 1, dz/dt = U - K A^m S, solved implicitly along the drainage (Braun and
    Willett 2013, doi:10.1016/j.geomorph.2012.10.008); U / K is the channel steepness. Slopes
    steeper than the threshold fail and are cut back to it (Burbank et al. 1996,
    doi:10.1038/379505a0).

    Args:
        elevation: float32 (n,) of a square grid, metres; changed.
        area: float32 (n,), catchment in square metres.
        receiver: int32 (n,) from `drainage.route`.
        order: int32 (n,) from `drainage.route`.
        cell: cell size in metres.
        steepness: float32 (n,), U / K in m^(2 m).
        hillslope_tan: float32 (n,), threshold as tangent of the slope.
        step: concavity m, 0.4 to 0.6, and K times the time step, m^(1 - 2 m).
    """
    concavity, rate = step
    width = int(np.sqrt(elevation.size) + 0.5)
    for k in range(order.size):
        i = order[k]
        j = receiver[i]
        if j < 0:
            continue
        straight = abs(i - j) == 1 or abs(i - j) == width
        distance = cell if straight else cell * 1.41421356
        power = area[i] ** concavity
        f = rate * power / distance
        z = (elevation[i] + f * (elevation[j] + steepness[i] / power * distance)) / (1.0 + f)
        # Against all neighbours, or a divide between a high and a low valley becomes a wall.
        row, col = i // width, i % width
        for r in range(max(row - 1, 0), min(row + 2, width)):
            for c in range(max(col - 1, 0), min(col + 2, width)):
                apart = cell if r == row or c == col else cell * 1.41421356
                if r != row or c != col:
                    z = min(z, elevation[r * width + c] + hillslope_tan[i] * apart)
        elevation[i] = max(z, elevation[j] + 1e-3)


def _creep(z: np.ndarray, strength: float) -> np.ndarray:
    """One step of linear hillslope diffusion (Culling 1960), closed edges."""
    padded = np.pad(z, 1, mode="edge")
    around = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]
    return (z + np.float32(strength) * (around - 4 * z)).astype(np.float32)


def _outlet(n: int, side: str) -> np.ndarray:
    """The cells in the middle of one side where the river leaves."""
    outlet = np.zeros((n, n), dtype=bool)
    half = max(1, n // 40)
    middle = slice(n // 2 - half, n // 2 + half)
    if side == "south":
        outlet[-1, middle] = True
    else:
        outlet[middle, -1] = True
    return outlet


def _tilt(n: int, side: str) -> np.ndarray:
    """A funnel towards the outlet, so that the first rivers find it without crossing lakes."""
    along, across = np.mgrid[0:n, 0:n].astype(np.float32) * np.float32(HILLSLOPE_M * 2**_COARSEST)
    if side != "south":
        along, across = across, along
    return 0.05 * (along.max() - along) + 0.03 * np.abs(across - across.mean())


def _alluvium(z, receiver, order, area):
    """Fill valley bottoms: flat floors whose depth of fill grows with the river's catchment."""
    flat = z.reshape(-1)
    fill = 0.022 * np.sqrt(np.maximum(area - _RIVER_AREA_M2, 0)) ** 0.82
    fill = np.minimum(fill, 45.0).astype(np.float32)
    bed, floor, river_area = drainage.river_below(flat, fill, area, receiver, order, _RIVER_AREA_M2)
    depth = floor - bed
    hand = flat - bed
    # A soft maximum rounds the foot of the slope; 0.02 of the height lets the floor fall a little.
    soft = np.maximum(0.12 * depth, 1e-3)
    raised = soft * np.logaddexp(hand / soft, depth / soft) + 0.02 * np.minimum(hand, depth)
    above = np.maximum(hand - 0.8 * depth, 0)
    filled = (bed + raised).astype(np.float32)
    return filled.reshape(z.shape), above.reshape(z.shape), river_area.reshape(z.shape)


def build(relief: settings.Relief, n: int, seed: int, basin: str) -> Terrain:
    """Make the terrain of an `n` x `n` pixel square (n a multiple of 16).

    A fractal surface is handed to rivers on cells of 200, 100, 50 and 25 m in turn; each finer
    level starts from the coarser one plus the fractal's own detail, so that the drainage keeps
    its tree while ridges and gullies get sharper.
    """
    size = n // 2
    surface = noise.fractal((size, size), relief.hurst, noise.generator(seed, basin, "relief"))
    surface *= np.float32(relief.fractal_sd_m)
    rock = noise.fractal(
        (size // 8, size // 8), 0.6, noise.generator(seed, basin, "rock"), longest=30.0
    )
    levels = [surface]
    for _ in range(_COARSEST):
        levels.append(noise.halve(levels[-1]))
    z = levels[_COARSEST] + _tilt(levels[_COARSEST].shape[0], relief.outlet)
    z -= z.min()
    for level in range(_COARSEST, -1, -1):
        if level < _COARSEST:
            detail = levels[level] - noise.double(levels[level + 1])
            z = noise.double(z) + 0.6 * detail
            del detail
        cell = HILLSLOPE_M * 2**level
        weak = noise.upsample(rock, 2 ** (3 - level), 0, z.shape[0], z.shape[1])
        share = 0.5 + 0.5 * np.tanh(0.9 * weak).reshape(-1)
        low, high = relief.hillslope_tan
        threshold = (low + (high - low) * share).astype(np.float32)
        steep = (relief.steepness * (0.6 + 0.8 * share)).astype(np.float32)
        outlet = _outlet(z.shape[0], relief.outlet)
        for step in range(_STEPS[level]):
            z[outlet] = 0.0
            receiver, order, z = drainage.route(z, outlet, seed + step)
            area = drainage.catchment(receiver, order, cell * cell)
            incise(z.reshape(-1), area, receiver, order, cell, steep, threshold, (_CONCAVITY, 1.0))
            z = _creep(z, relief.diffusion)
    del levels, steep, threshold, share, weak
    z = _creep(z, 0.15)
    z[outlet] = z.min()
    receiver, order, z = drainage.route(z, outlet, seed)
    area = drainage.catchment(receiver, order, HILLSLOPE_M**2)
    z, above, river_area = _alluvium(z, receiver, order, area)
    del receiver, order
    z = _creep(z, 0.1) + np.float32(relief.base_m)
    elevation = noise.double(z)
    rough = noise.fractal((n, n), 0.7, noise.generator(seed, basin, "roughness"), longest=12.0)
    # Roughness of a metre or so, less on valley floors, which floods keep smooth.
    elevation += rough * (0.25 + 0.9 * np.minimum(noise.double(above) / 40.0, 1.0))
    return Terrain(elevation, z, area.reshape(z.shape), above, river_area)


def gradient(z: np.ndarray, cell: float) -> tuple[np.ndarray, np.ndarray]:
    """Central differences of elevation eastwards and northwards (row 0 is north), float32."""
    south, east = np.gradient(z, np.float32(cell))
    return east.astype(np.float32, copy=False), (-south).astype(np.float32, copy=False)


def slope_deg(z: np.ndarray, cell: float) -> np.ndarray:
    """Slope in degrees by central differences, float32."""
    east, north = gradient(z, cell)
    return np.degrees(np.arctan(np.hypot(east, north)))


__all__ = ["PIXEL_M", "Terrain", "build", "gradient", "incise", "slope_deg"]
