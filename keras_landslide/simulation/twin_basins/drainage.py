"""Where water goes: priority-flood routing, catchment area, height above the river."""

from __future__ import annotations

import numpy as np
from numba import njit

_DR = np.array([-1, -1, -1, 0, 0, 1, 1, 1], dtype=np.int64)
_DC = np.array([-1, 0, 1, -1, 1, -1, 0, 1], dtype=np.int64)


@njit(cache=True)
def _push(keys, cells, count, key, cell):
    i = count
    while i > 0:
        parent = (i - 1) >> 1
        if keys[parent] <= key:
            break
        keys[i] = keys[parent]
        cells[i] = cells[parent]
        i = parent
    keys[i] = key
    cells[i] = cell


@njit(cache=True)
def _pop(keys, cells, count):
    top = cells[0]
    count -= 1
    key, cell = keys[count], cells[count]
    i = 0
    while True:
        child = 2 * i + 1
        if child >= count:
            break
        if child + 1 < count and keys[child + 1] < keys[child]:
            child += 1
        if keys[child] >= key:
            break
        keys[i] = keys[child]
        cells[i] = cells[child]
        i = child
    keys[i] = key
    cells[i] = cell
    return top


@njit(cache=True)
def hash_unit(a, b, seed):
    """A repeatable random number in [0, 1) for the integers (a, b)."""
    h = np.uint64(a) * np.uint64(0x9E3779B97F4A7C15)
    h ^= np.uint64(b) * np.uint64(0xC2B2AE3D27D4EB4F)
    h ^= np.uint64(seed) * np.uint64(0x165667B19E3779F9)
    h = (h ^ (h >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    h = (h ^ (h >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    h = h ^ (h >> np.uint64(31))
    return (h >> np.uint64(11)) * 1.1102230246251565e-16


@njit(cache=True)
def route(elevation, outlet, seed):
    """Flow receivers through a surface whose hollows are filled, and an order to walk them.

    Priority-flood (Barnes, Lehman and Mulla 2014, doi:10.1016/j.cageo.2013.04.024) from the
    outlet cells inwards; each cell drains to its steepest lower neighbour of eight on the filled
    surface, diagonals weighted at random (Rho8, Fairfield and Leymarie 1991,
    doi:10.1029/90WR02658), without which rivers run in straight lines. Edges that are no outlet
    are closed.

    Args:
        elevation: float32 (H, W), metres.
        outlet: bool (H, W), cells where water leaves.
        seed: of the random weights.

    Returns:
        receiver int32 (H * W), flat index, -1 at outlets; order int32 (H * W), each cell after
        its receiver; filled float32 (H, W).
    """
    height, width = elevation.shape
    n = height * width
    filled = elevation.copy()
    level = filled.reshape(-1)
    receiver = np.full(n, -1, dtype=np.int32)
    order = np.empty(n, dtype=np.int32)
    state = np.zeros(n, dtype=np.uint8)
    keys = np.empty(n, dtype=np.float32)
    cells = np.empty(n, dtype=np.int32)
    count = 0
    flat_outlet = outlet.reshape(-1)
    for i in range(n):
        if flat_outlet[i]:
            _push(keys, cells, count, level[i], i)
            count += 1
            state[i] = 1
    done = 0
    while count > 0:
        i = _pop(keys, cells, count)
        count -= 1
        state[i] = 2
        order[done] = i
        done += 1
        row, col = i // width, i % width
        best = -1.0
        for k in range(8):
            r, c = row + _DR[k], col + _DC[k]
            if r < 0 or c < 0 or r >= height or c >= width:
                continue
            j = r * width + c
            if state[j] == 2:
                drop = level[i] - level[j]
                if _DR[k] != 0 and _DC[k] != 0:
                    drop /= 2.0 - hash_unit(i, j, seed)
                if drop > best and not flat_outlet[i]:
                    best = drop
                    receiver[i] = j
            elif state[j] == 0:
                step = 1e-3 + 0.5 * hash_unit(j, 7, seed) ** 2
                level[j] = max(level[j], np.float32(level[i] + step))
                _push(keys, cells, count, level[j], j)
                count += 1
                state[j] = 1
    return receiver, order, filled


@njit(cache=True)
def catchment(receiver, order, cell_area):
    """Area that drains through each cell, its own included, in the unit of `cell_area`: (n,)."""
    area = np.full(receiver.size, np.float32(cell_area), dtype=np.float32)
    for k in range(order.size - 1, -1, -1):
        i = order[k]
        if receiver[i] >= 0:
            area[receiver[i]] += area[i]
    return area


@njit(cache=True)
def river_below(elevation, fill, area, receiver, order, least_area):
    """For each cell, the first river cell on its way down: its bed, its floor, its catchment.

    The height above that bed is HAND (Renno et al. 2008, doi:10.1016/j.rse.2008.03.018). The
    floor lies `fill` above the bed, and at least as high as the floor downstream, so that a side
    valley is filled up to the main one.

    Args:
        elevation: float32 (n,), metres.
        fill: float32 (n,), thickness of river deposits, metres.
        area: float32 (n,), catchment in square metres.
        receiver: int32 (n,) from `route`.
        order: int32 (n,) from `route`.
        least_area: catchment from which on a cell is a river, square metres.

    Returns:
        bed float32 (n,), floor float32 (n,), metres; catchment float32 (n,), square metres.
    """
    bed = elevation.copy()
    floor = elevation.copy()
    catch = area.copy()
    for k in range(order.size):
        i = order[k]
        j = receiver[i]
        if area[i] >= least_area:
            floor[i] = elevation[i] + fill[i]
            if j >= 0:
                floor[i] = max(floor[i], floor[j] + np.float32(0.05))
        elif j >= 0:
            bed[i], floor[i], catch[i] = bed[j], floor[j], catch[j]
    return bed, floor, catch
