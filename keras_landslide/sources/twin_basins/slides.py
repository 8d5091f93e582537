"""Discrete slides: how large, from where, how far down, and the outline that a mapper draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numba import njit
from rasterio import features
from scipy import stats

from keras_landslide.sources.twin_basins import noise, settings
from keras_landslide.sources.twin_basins.relief import Terrain, gradient
from keras_landslide.sources.twin_basins.settings import PIXEL_M
from keras_landslide.sources.twin_basins.stability import Storm

_SHAPE, _SCALE_KM2, _SHIFT_KM2 = 1.40, 1.28e-3, -1.32e-4
_SMALLEST_M2, _LARGEST_M2 = 1200.0, 1.5e5
_STEP_PX = 0.5
_LONGEST_STEPS = 400


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


def sample_areas(count: int, rng: np.random.Generator) -> np.ndarray:
    """Landslide areas in square metres, float64 (count,).

    Three-parameter inverse gamma distribution of Malamud et al. 2004, doi:10.1002/esp.1064
    (rho = 1.40, a = 1.28e-3 km2, s = -1.32e-4 km2), cut to what can be mapped on 12.5 m pixels.
    """
    law = stats.invgamma(_SHAPE, loc=_SHIFT_KM2, scale=_SCALE_KM2)
    low, high = law.cdf(_SMALLEST_M2 / 1e6), law.cdf(_LARGEST_M2 / 1e6)
    return law.ppf(rng.uniform(low, high, count)) * 1e6


def reach_tangent(area_m2: np.ndarray) -> np.ndarray:
    """Tangent H / L of the reach angle of a slide of given area.

    log10(H / L) = -0.085 log10(V) - 0.047 (Corominas 1996, doi:10.1139/t96-005, all types) with
    V = 0.074 A^1.450 (Guzzetti et al. 2009, doi:10.1016/j.epsl.2009.01.005).
    """
    volume = 0.074 * area_m2**1.450
    return 10.0 ** (-0.085 * np.log10(volume) - 0.047)


@njit(cache=True)
def _at(field, row, col):
    i = min(max(int(row), 0), field.shape[0] - 2)
    j = min(max(int(col), 0), field.shape[1] - 2)
    v, u = row - i, col - j
    top = field[i, j] * (1 - u) + field[i, j + 1] * u
    low = field[i + 1, j] * (1 - u) + field[i + 1, j + 1] * u
    return top * (1 - v) + low * v


@njit(cache=True)
def _width_at(t, phase, wiggle):
    """Width along a slide as a share of the greatest: scar, narrower track, lobe at the toe."""
    if t < 0.12:
        body = np.sqrt(max(t, 0.0) / 0.12) * 0.95
    elif t < 0.40:
        body = 0.95 + 0.05 * np.sin((t - 0.12) / 0.28 * np.pi)
    elif t < 0.70:
        body = 0.95 - 0.40 * np.sin((t - 0.40) / 0.30 * 0.5 * np.pi)
    elif t < 0.88:
        body = 0.55 + 0.30 * np.sin((t - 0.70) / 0.18 * 0.5 * np.pi)
    else:
        body = 0.85 * np.sqrt(max(1.0 - t, 0.0) / 0.12)
    return body * (1.0 + wiggle * (np.sin(9.0 * t + phase) + 0.6 * np.sin(23.0 * t + 2.3 * phase)))


@njit(cache=True)
def _ring_area(ring):
    twice = 0.0
    for i in range(ring.shape[0] - 1):
        twice += ring[i, 0] * ring[i + 1, 1] - ring[i + 1, 0] * ring[i, 1]
    return 0.5 * abs(twice)


@njit(cache=True)
def run_out(z, east, north, start, area_px, ratio, reach, phase, inner, wanted_px, pixel):
    """Let slides run down, one after another, until enough of the basin is covered.

    Each follows the steepest descent with some momentum from its crown until its length is used
    up, the ground is flatter than 3 degrees, or the line back to its crown falls below the reach
    angle (energy line, Heim 1932). Its width then makes up its area.

    Args:
        z: float32 (N, N), smoothed elevation, metres.
        east: float32 (N, N), its gradient eastwards.
        north: float32 (N, N), its gradient northwards.
        start: float64 (M, 2), row and column of the crowns, in order of failure.
        area_px: float64 (M,), area in pixels.
        ratio: float64 (M,), length over width.
        reach: float64 (M,), tangent of the reach angle.
        phase: float64 (M, 2), phases of the ragged edges.
        inner: (first, last) row and column of the basin inside its margin.
        wanted_px: basin pixels to cover.
        pixel: pixel size in metres.

    Returns:
        points float64 (P, 2) row and column of all outlines; ends int64 (K,) where each outline
        ends among them; which int64 (K,) index of the crown; length float64 (K,) pixels; drop
        float64 (K,) metres.
    """
    height, width = z.shape
    taken = np.zeros((height, width), dtype=np.uint8)
    path = np.empty((_LONGEST_STEPS, 2))
    room = 4096
    points = np.empty((room, 2))
    count = start.shape[0]
    ends = np.empty(count, dtype=np.int64)
    which = np.empty(count, dtype=np.int64)
    length = np.empty(count)
    drop = np.empty(count)
    used, kept, covered = 0, 0, 0.0
    for k in range(count):
        if covered >= wanted_px:
            break
        row, col = start[k, 0], start[k, 1]
        aim = np.sqrt(area_px[k] * ratio[k])
        dr, dc = 0.0, 0.0
        z0 = _at(z, row, col)
        steps, clash = 0, 0
        while steps < _LONGEST_STEPS:
            if row < 2 or col < 2 or row > height - 3 or col > width - 3:
                break
            path[steps, 0], path[steps, 1] = row, col
            clash += taken[int(row + 0.5), int(col + 0.5)]
            steps += 1
            run = (steps - 1) * _STEP_PX
            if run >= aim:
                break
            gr, gc = _at(north, row, col), -_at(east, row, col)
            steep = np.sqrt(gr * gr + gc * gc)
            if steep < 0.0524:
                break
            if run > 3 and z0 - _at(z, row, col) < reach[k] * run * pixel:
                break
            dr, dc = 0.6 * dr + 0.4 * gr / steep, 0.6 * dc + 0.4 * gc / steep
            norm = max(np.sqrt(dr * dr + dc * dc), 1e-6)
            row += _STEP_PX * dr / norm
            col += _STEP_PX * dc / norm
        run = (steps - 1) * _STEP_PX
        if steps < 6 or clash > 0.3 * steps:
            continue
        broad = min(1.28 * area_px[k] / run, 0.55 * run)
        sides = (steps + 1) // 2
        if used + 2 * sides + 1 > room:
            room = 2 * room + 4 * sides
            grown = np.empty((room, 2))
            grown[:used] = points[:used]
            points = grown
        first = used
        for side in range(2):
            for s in range(sides):
                m = 2 * s if side == 0 else 2 * (sides - 1 - s)
                a, b = max(m - 2, 0), min(m + 2, steps - 1)
                tr, tc = path[b, 0] - path[a, 0], path[b, 1] - path[a, 1]
                norm = max(np.sqrt(tr * tr + tc * tc), 1e-6)
                half = 0.5 * broad * max(_width_at(m / (steps - 1), phase[k, side], 0.14), 0.06)
                sign = 1.0 if side == 0 else -1.0
                points[used, 0] = path[m, 0] - sign * half * tc / norm
                points[used, 1] = path[m, 1] + sign * half * tr / norm
                used += 1
        points[used] = points[first]
        used += 1
        if inner[0] <= start[k, 0] < inner[1] and inner[0] <= start[k, 1] < inner[1]:
            covered += _ring_area(points[first:used])
        for m in range(steps):
            half = 0.5 * broad * max(_width_at(m / (steps - 1), 0.0, 0.0), 0.1)
            r0, r1 = max(int(path[m, 0] - half + 0.5), 0), int(path[m, 0] + half + 0.5)
            c0, c1 = max(int(path[m, 1] - half + 0.5), 0), int(path[m, 1] + half + 0.5)
            for r in range(r0, min(r1, height - 1) + 1):
                for c in range(c0, min(c1, width - 1) + 1):
                    near = (r - path[m, 0]) ** 2 + (c - path[m, 1]) ** 2 <= half * half + 0.25
                    if near:
                        taken[r, c] = 1
        ends[kept], which[kept] = used, k
        length[kept] = run
        drop[kept] = z0 - _at(z, path[steps - 1, 0], path[steps - 1, 1])
        kept += 1
    return points[:used], ends[:kept], which[:kept], length[:kept], drop[:kept]


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
    area = sample_areas(rows.size, rng)
    ratio = np.exp(rng.normal(np.log(3.0), 0.4, rows.size)) * (area / 3e3) ** 0.2
    reach = reach_tangent(area) * np.exp(rng.normal(0, 0.12, rows.size))
    phase = rng.uniform(0, 2 * np.pi, (rows.size, 2))
    smooth = noise.double(terrain.hillslope)
    east, north = gradient(smooth, PIXEL_M)
    wanted = plan.landslide_cover * (inner[1] - inner[0]) ** 2
    points, ends, which, length, drop = run_out(
        smooth, east, north, start, area / PIXEL_M**2, ratio, reach, phase, inner, wanted, PIXEL_M
    )
    crown = start[which].astype(int)
    crown_m = smooth[np.minimum(crown[:, 0], smooth.shape[0] - 1), crown[:, 1]]
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
