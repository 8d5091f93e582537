"""Where shallow slides start: infinite-slope stability of wet soil under a storm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keras_landslide.simulation.twin_basins import noise
from keras_landslide.simulation.twin_basins.relief import Terrain, slope_deg
from keras_landslide.simulation.twin_basins.settings import HILLSLOPE_M

WATER_KG_M3 = 1000.0
SOIL_KG_M3 = 1800.0
GRAVITY_M_S2 = 9.81

_TRANSMISSIVITY_M2_DAY = 45.0
_ROOTS_FOREST_PA = 5200.0
_ROOTS_PASTURE_PA = 1800.0
_UNSTABLE_PER_COVER = 2.0


def wetness(specific_area_m, slope_rad, recharge_m_day, transmissivity_m2_day):
    """Saturated share of the soil under steady recharge, 0 to 1.

    w = min(R a / (T sin(theta)), 1): Montgomery and Dietrich 1994, doi:10.1029/93WR02979, after
    O'Loughlin 1986, doi:10.1029/WR022i005p00794.

    Args:
        specific_area_m: catchment per contour length, metres.
        slope_rad: slope in radians, above 0.
        recharge_m_day: steady recharge R, metres a day.
        transmissivity_m2_day: T of the saturated soil, square metres a day.
    """
    share = recharge_m_day * specific_area_m / (transmissivity_m2_day * np.sin(slope_rad))
    return np.minimum(share, 1.0)


def safety_factor(slope_rad, cohesion_pa, friction_deg, thickness_m, wet_share):
    """Factor of safety of an infinite slope; it slides below 1.

    FS = (C + cos(theta) (1 - w r) tan(phi)) / sin(theta), with C = (c_roots + c_soil) /
    (h rho_s g) and r = rho_w / rho_s: SINMAP, Pack, Tarboton and Goodwin 1998 (eq. 3), with the
    soil thickness h perpendicular to the slope.

    Args:
        slope_rad: slope theta in radians, above 0.
        cohesion_pa: cohesion of roots and soil together, pascals.
        friction_deg: angle of internal friction phi, degrees.
        thickness_m: soil thickness h, metres.
        wet_share: saturated share w of the thickness, 0 to 1.
    """
    cohesion = cohesion_pa / (thickness_m * SOIL_KG_M3 * GRAVITY_M_S2)
    buoyancy = 1.0 - wet_share * (WATER_KG_M3 / SOIL_KG_M3)
    hold = np.cos(slope_rad) * buoyancy * np.tan(np.radians(friction_deg))
    return (cohesion + hold) / np.sin(slope_rad)


@dataclass(frozen=True)
class Storm:
    """A calibrated storm and what it does.

    Attributes:
        recharge_mm_day: recharge at the storm's mean, millimetres a day.
        safety: float32 (N/2, N/2), factor of safety at `HILLSLOPE_M`.
        soil_m: float32 (N/2, N/2), soil thickness, metres.
        unstable_share: share of cells with a factor of safety below 1.
    """

    recharge_mm_day: float
    safety: np.ndarray
    soil_m: np.ndarray
    unstable_share: float


def storm(
    terrain: Terrain, forest: np.ndarray, landslide_cover: float, seed: int, basin: str
) -> Storm:
    """Find the storm that leaves enough unstable ground for the wanted cover of landslides.

    Friction, soil thickness and rain vary in space. Soil is thinner on steep ground and thicker
    in hollows. Roots hold forest better than pasture (Schmidt et al. 2001,
    doi:10.1139/t01-031). The recharge is calibrated, by bisection, so that the unstable ground
    is `_UNSTABLE_PER_COVER` times the wanted cover: the cover is a setting, not a finding.

    Args:
        terrain: the ground.
        forest: bool (N/2, N/2), forested cells.
        landslide_cover: wanted share of landslide pixels, 0 to 1.
        seed: of the basin.
        basin: its name.
    """
    shape = terrain.hillslope.shape
    slope = np.radians(np.maximum(slope_deg(terrain.hillslope, HILLSLOPE_M), 0.5))
    area = terrain.catchment
    friction = 33.0 + 2.0 * noise.fractal(
        shape, 0.4, noise.generator(seed, basin, "friction"), longest=40.0
    )
    patchy = noise.fractal(shape, 0.5, noise.generator(seed, basin, "soil"), longest=24.0)
    rain = noise.fractal(shape, 0.9, noise.generator(seed, basin, "rain"), longest=160.0)
    rain = np.exp(np.float32(0.45) * rain)
    hollow = np.clip(np.log10(area / HILLSLOPE_M**2), 0.0, 2.0)
    thickness = (1.9 - 0.9 * np.tan(slope) + 0.35 * hollow) * np.exp(np.float32(0.25) * patchy)
    thickness = np.clip(thickness, 0.4, 4.0).astype(np.float32)
    cohesion = np.where(forest, np.float32(_ROOTS_FOREST_PA), np.float32(_ROOTS_PASTURE_PA))
    cohesion += np.float32(2200.0) * np.exp(np.float32(0.3) * patchy)
    # Rivers carry their water in a channel, not through the soil: cap the catchment that wets it.
    specific = np.minimum(area, 4.0e4) / HILLSLOPE_M
    on_slope = terrain.above_river > 5.0

    def safety_at(recharge: float) -> np.ndarray:
        wet = wetness(specific, slope, recharge * rain, _TRANSMISSIVITY_M2_DAY)
        safety = safety_factor(slope, cohesion, friction, thickness, wet)
        safety[~on_slope] = 9.0
        return safety

    low, high = 0.001, 1.5
    wanted = _UNSTABLE_PER_COVER * landslide_cover
    for _ in range(9):
        middle = float(np.sqrt(low * high))
        if float(np.mean(safety_at(middle) < 1.0)) < wanted:
            low = middle
        else:
            high = middle
    safety = safety_at(high).astype(np.float32)
    return Storm(high * 1000.0, safety, thickness, float(np.mean(safety < 1.0)))
