"""Run a compiled 3 x 3 kernel over an array, in chunks of rows on all cores."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np

CHUNK_ROWS = 128

compiled = numba.njit(nogil=True, cache=True, error_model="numpy")
"""Decorator of kernels `(z, out, first_row, end_row, width_scale, height_scale)`.

Kernels release the interpreter lock and run in ordinary threads: Numba's own threading layers
abort when two Python threads use them at once, as a data loader may.
"""


def run_kernel(
    kernel: Callable[..., None], elevation: np.ndarray, scale_x: float, scale_y: float
) -> np.ndarray:
    """Apply `kernel` to all inner cells; the outermost cells become NaN.

    Args:
        kernel: function made with `compiled`, which fills `out[first_row:end_row, 1:-1]`.
        elevation: (height, width); taken as float32.
        scale_x: factor passed on for differences along rows, usually from 1 / cell width.
        scale_y: the same along columns.

    Returns:
        float32 (height, width).
    """
    z = np.ascontiguousarray(elevation, dtype=np.float32)
    height, width = z.shape
    out = np.empty_like(z)
    if height < 3 or width < 3:
        out.fill(np.nan)
        return out
    out[[0, -1]] = np.nan
    out[:, [0, -1]] = np.nan
    sx, sy = np.float32(scale_x), np.float32(scale_y)

    def rows(first: int) -> None:
        kernel(z, out, first, min(first + CHUNK_ROWS, height - 1), sx, sy)

    starts = range(1, height - 1, CHUNK_ROWS)
    if len(starts) == 1:
        rows(1)
        return out
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(rows, starts))
    return out


def cell_height_width(cell_size: float | tuple[float, float]) -> tuple[float, float]:
    """(height, width) of a cell from one number or a pair.

    Raises:
        ValueError: a size is not positive.
    """
    height, width = cell_size if isinstance(cell_size, tuple) else (cell_size, cell_size)
    if not (height > 0 and width > 0):
        raise ValueError(f"cell size {cell_size} should be positive")
    return float(height), float(width)
