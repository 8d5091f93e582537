"""Uphill alignment: for every cell and range, which cell of the ring is the highest.

Source: Hajimoradlou, Roberti and Poole, "Predicting Landslides Using Contour Aligning Convolutional
Neural Networks", section 4. The result is an index into `uphill_ring.ring_offsets`: one small
number per cell and range, from which any feature can be gathered later.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np

from keras_landslide.terrain.uphill_ring import reach_px, ring_offsets

NONE = -1
"""Index where there is no highest cell: the cell itself, or all of its ring, is nodata."""
CHUNK_ROWS = 128


def uphill_index(
    elevation_m: np.ndarray, range_m: float, cell_size_m: float | tuple[float, float]
) -> np.ndarray:
    """Index of the highest cell of each cell's ring; of equal ones the first clockwise from north.

    Cells beyond the edge and nodata are never chosen: nothing is reflected or wrapped, which would
    invent hills. The highest cell need not be higher than the centre.

    Args:
        elevation_m: (height, width), NaN for nodata; taken as float32.
        range_m: distance of the ring.
        cell_size_m: one number, or (height, width) of a cell.

    Returns:
        int16 (height, width) in [0, K), the row of `ring_offsets(range_m, cell_size_m)`; `NONE`
        where the cell is nodata or nothing on its ring has data.

    Raises:
        TerrainError: the range is less than one cell or far too long.
    """
    offsets = ring_offsets(range_m, cell_size_m)
    z = np.asarray(elevation_m, np.float32)
    reach, height, width = reach_px(offsets), *z.shape
    out = np.empty(z.shape, np.int16)
    dy, dx = (np.ascontiguousarray(offsets[:, axis] + reach, np.int64) for axis in (0, 1))

    def rows(first: int) -> None:
        end = min(first + CHUNK_ROWS, height)
        near = np.full((end - first + 2 * reach, width + 2 * reach), -np.inf, np.float32)
        top, bottom = max(first - reach, 0), min(end + reach, height)
        inside = near[top - first + reach : bottom - first + reach, reach : reach + width]
        known = ~np.isnan(z[top:bottom])
        np.copyto(inside, z[top:bottom], where=known)
        _scan(near, dy, dx, out[first:end])
        out[first:end][np.isnan(z[first:end])] = NONE

    starts = range(0, height, CHUNK_ROWS)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(rows, starts))
    return out


def uphill_offsets(index: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """The offsets that indices stand for; (0, 0), the cell itself, where there is none.

    Args:
        index: integers (...), from `uphill_index`.
        offsets: the ring, (K, 2).

    Returns:
        int16 (..., 2) of (dy, dx).
    """
    with_self = np.concatenate([offsets, np.zeros((1, 2), np.int16)])
    return with_self[index]  # NONE is -1: the last row


@numba.njit(nogil=True, cache=True)
def _scan(near, dy, dx, out):
    """Row by row, so that the running maximum stays in the nearest cache; compiles to SIMD."""
    height, width = out.shape
    best = np.empty(width, np.float32)
    index = np.empty(width, np.int32)
    for r in range(height):
        best[:] = -np.inf
        index[:] = NONE
        for k in range(dy.size):
            values = near[r + dy[k], dx[k] : dx[k] + width]
            place = np.int32(k)
            for c in range(width):
                value = values[c]
                higher = value > best[c]  # the first of equal ones wins
                best[c] = value if higher else best[c]
                index[c] = place if higher else index[c]
        for c in range(width):
            out[r, c] = index[c]
