"""Discrete slides: how large, from where, how far down, and the outline that a mapper draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from rasterio import features
from scipy import stats

from keras_landslide.simulation.twin_basins import noise, settings
from keras_landslide.simulation.twin_basins.relief import Terrain, gradient
from keras_landslide.simulation.twin_basins.runout import Crowns, run_out
from keras_landslide.simulation.twin_basins.settings import PIXEL_M
from keras_landslide.simulation.twin_basins.stability import Storm

_SHAPE, _SCALE_KM2, _SHIFT_KM2 = 1.40, 1.28e-3, -1.32e-4
_SMALLEST_M2, _LARGEST_M2 = 1200.0, 1.5e5


@dataclass(frozen=True)
class Slides:
    """The slides of a storm.

    Attributes:
        outlines: shapely polygons (M,), in pixel coordinates (column, row) of the truth grid.
        crown_m: float32 (M,), elevation of the crown, metres.
        drop_m: float32 (M,), height from crown to toe, metres.
        length_m: float32 (M,), horizontal length, metres.
        fresh: float32 (M,), share of the scar that is bare soil seen from above, 0 to 1.
        label: uint8 (N, N), 1 on slides.
        bare: uint8 (N, N), `fresh` of the slide in 255ths, 0 elsewhere.
    """

    outlines: np.ndarray
    crown_m: np.ndarray
    drop_m: np.ndarray
    length_m: np.ndarray
    fresh: np.ndarray
    label: np.ndarray
    bare: np.ndarray


def sample_areas(
    count: int, rng: np.random.Generator, largest_m2: float = _LARGEST_M2
) -> np.ndarray:
    """Landslide areas in square metres, float64 (count,).

    Three-parameter inverse gamma distribution of Malamud et al. 2004, doi:10.1002/esp.1064
    (rho = 1.40, a = 1.28e-3 km2, s = -1.32e-4 km2), cut to what can be mapped on 12.5 m pixels.
    """
    law = stats.invgamma(_SHAPE, loc=_SHIFT_KM2, scale=_SCALE_KM2)
    low, high = law.cdf(_SMALLEST_M2 / 1e6), law.cdf(largest_m2 / 1e6)
    return law.ppf(rng.uniform(low, high, count)) * 1e6


def reach_tangent(area_m2: np.ndarray) -> np.ndarray:
    """Tangent H / L of the reach angle of a slide of given area.

    log10(H / L) = -0.085 log10(V) - 0.047 (Corominas 1996, doi:10.1139/t96-005, all types) with
    V = 0.074 A^1.450 (Guzzetti et al. 2009, doi:10.1016/j.epsl.2009.01.005).
    """
    volume = 0.074 * area_m2**1.450
    return 10.0 ** (-0.085 * np.log10(volume) - 0.047)


def trigger(
    terrain: Terrain,
    storm: Storm,
    plan: settings.Storm,
    inner: tuple[int, int],
    seed: int,
    basin: str,
) -> Slides:
    """Draw crowns where the storm makes ground unstable, and let the slides run out.

    A cell fails the sooner the further its factor of safety lies below 1. Some slides have partly
    grown over when the image is taken, and a few lie hidden under tree crowns.
    """
    rng = noise.generator(seed, basin, "slides")
    rows, cols = np.nonzero(storm.safety < 1.0)
    weight = 1.0 - storm.safety[rows, cols] + 0.01
    # The exponential race draws without replacement (Efraimidis and Spirakis 2006).
    rank = np.argsort(rng.exponential(size=rows.size) / weight, kind="stable")
    start = np.stack([rows[rank], cols[rank]], axis=1) * 2.0 + rng.uniform(0, 2, (rows.size, 2))
    wanted = plan.landslide_cover * (inner[1] - inner[0]) ** 2
    # In a small basin one large slide would be most of the cover.
    largest = max(2 * _SMALLEST_M2, min(_LARGEST_M2, 0.3 * wanted * PIXEL_M**2))
    area = sample_areas(rows.size, rng, largest)
    ratio = np.exp(rng.normal(np.log(3.0), 0.4, rows.size)) * (area / 3e3) ** 0.2
    reach = reach_tangent(area) * np.exp(rng.normal(0, 0.12, rows.size))
    phase = rng.uniform(0, 2 * np.pi, (rows.size, 2))
    smooth = noise.double(terrain.hillslope)
    east, north = gradient(smooth, PIXEL_M)
    points, ends, which, length, drop = run_out(
        smooth,
        east,
        north,
        Crowns(start, area / PIXEL_M**2, ratio, reach, phase),
        inner,
        wanted,
        PIXEL_M,
    )
    crown = start[which].astype(int)
    crown_m = smooth[crown[:, 0], crown[:, 1]]
    del smooth, east, north
    outlines = _polygons(points, ends)
    fresh = 1.0 - plan.revegetated * rng.beta(1.2, 1.2, ends.size) * 1.6
    hidden = rng.uniform(size=ends.size) < plan.hidden_share * np.exp(-area[which] / 8e3) * 1.6
    fresh = np.where(hidden, rng.uniform(0.05, 0.3, ends.size), fresh)
    fresh = np.clip(fresh, 0.05, 1.0).astype(np.float32)
    label, bare = _paint(outlines, fresh, terrain.elevation.shape)
    return Slides(
        outlines,
        crown_m.astype(np.float32),
        drop.astype(np.float32),
        (length * PIXEL_M).astype(np.float32),
        fresh,
        label,
        bare,
    )


def _polygons(points: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Valid polygons in (column, row); path points are pixel centres, hence the half pixel."""
    offsets = np.concatenate([[0], ends]).astype(np.int64)
    rings = np.arange(ends.size + 1, dtype=np.int64)
    polygons = shapely.from_ragged_array(
        shapely.GeometryType.POLYGON, points[:, ::-1] + 0.5, (offsets, rings)
    )
    return shapely.make_valid(polygons, method="structure", keep_collapsed=False)


def _paint(outlines: np.ndarray, fresh: np.ndarray, shape) -> tuple[np.ndarray, np.ndarray]:
    """Burn label and freshness; where slides overlap the later one lies on top."""
    label = np.zeros(shape, dtype=np.uint8)
    bare = np.zeros(shape, dtype=np.uint8)
    if len(outlines):
        features.rasterize(((shape_, 1) for shape_ in outlines), out=label)
        values = np.maximum(np.round(fresh * 255), 1).astype(int)
        features.rasterize(zip(outlines, values.tolist(), strict=True), out=bare)
    return label, bare
