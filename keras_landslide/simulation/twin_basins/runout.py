"""How slides run down: paths of steepest descent, widths, and the ragged outlines around them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

_STEP_PX = 0.5
_LONGEST_STEPS = 400


class Crowns(NamedTuple):
    """Slides before they run down, in order of failure.

    Attributes:
        start: float64 (M, 2), row and column.
        area_px: float64 (M,), area in pixels.
        ratio: float64 (M,), length over width.
        reach: float64 (M,), tangent of the reach angle.
        phase: float64 (M, 2), phases of the ragged edges.
    """

    start: np.ndarray
    area_px: np.ndarray
    ratio: np.ndarray
    reach: np.ndarray
    phase: np.ndarray


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
def run_out(z, east, north, crowns, inner, wanted_px, pixel):
    """Let slides run down, one after another, until enough of the basin is covered.

    Each follows the steepest descent with some momentum from its crown until its length is used
    up, the ground is flatter than 3 degrees, or the line back to its crown falls below the reach
    angle (energy line, Heim 1932). Its width then makes up its area.

    Args:
        z: float32 (N, N), smoothed elevation, metres.
        east: float32 (N, N), its gradient eastwards.
        north: float32 (N, N), its gradient northwards.
        crowns: the slides to be, `Crowns`.
        inner: (first, last) row and column of the basin inside its margin.
        wanted_px: basin pixels to cover.
        pixel: pixel size in metres.

    Returns:
        points float64 (P, 2) row and column of all outlines; ends int64 (K,) where each outline
        ends among them; which int64 (K,) index of the crown; length float64 (K,) pixels; drop
        float64 (K,) metres.
    """
    start, area_px, ratio, reach, phase = crowns
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
