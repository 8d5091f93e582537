"""The ring of cells at a distance, in a fixed order: where the highest point around is looked for.

Local alignment as in Hajimoradlou, Roberti and Poole, "Predicting Landslides Using Contour Aligning
Convolutional Neural Networks", section 4; the paper says "a set of neighbouring points at a
specific range", and the whole rasterised circle is the densest reading of it.
"""

from __future__ import annotations

import numpy as np

from keras_landslide.errors import TerrainError
from keras_landslide.terrain.moving_window import cell_height_width

MOST_PX = 1024
"""A ring farther out would make windows of which almost nothing is left as core."""


def ring_offsets(range_m: float, cell_size_m: float | tuple[float, float]) -> np.ndarray:
    """Offsets of the cells whose centres lie `range_m` away, half a cell more or less.

        { (dy, dx) : |hypot(dy h, dx w) - range_m| < min(h, w) / 2 }

    At 10 m there are 16, 56 and 200 of them for ranges of 30, 100 and 300 m: their number grows
    with the range, not with its square.

    Args:
        range_m: distance of the ring.
        cell_size_m: one number, or (height, width) of a cell.

    Returns:
        int16 (K, 2), rows (dy, dx) clockwise from north, rows counted southwards.

    Raises:
        TerrainError: the range is less than one cell, or more than `MOST_PX` cells.
    """
    height, width = cell_height_width(cell_size_m)
    least = min(height, width)
    if not range_m >= least:
        raise TerrainError(
            f"an uphill range of {range_m:g} m is less than one pixel of {least:g} m; "
            f"choose ranges of at least {least:g} m"
        )
    if range_m > MOST_PX * least:
        raise TerrainError(
            f"an uphill range of {range_m:g} m is more than {MOST_PX} pixels of {least:g} m; "
            "choose a smaller one, or a coarser grid"
        )
    rows, cols = int(range_m / height) + 1, int(range_m / width) + 1
    dy, dx = np.mgrid[-rows : rows + 1, -cols : cols + 1]
    distance = np.hypot(dy * height, dx * width)
    on = np.abs(distance - range_m) < least / 2
    dy, dx, distance = dy[on], dx[on], distance[on]
    clockwise = np.arctan2(dx * width, -dy * height) % (2 * np.pi)
    # Rounded, so that the order of two cells in one direction is by distance on every machine.
    order = np.lexsort((distance, np.round(clockwise, 9)))
    return np.stack([dy, dx], axis=1)[order].astype(np.int16)


def reach_px(offsets: np.ndarray) -> int:
    """How far the ring reaches along an axis, pixels."""
    return int(np.abs(offsets).max())
