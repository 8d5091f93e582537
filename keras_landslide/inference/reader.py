"""Windows of a stack, continued by reflection beyond its edges, and what is missing in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from keras_landslide.grid import Window
from keras_landslide.inference.windows import reflected


class Pixels(Protocol):
    """What windows are read from: a stack (`rasters.read.BandReader`), or an array.

    Attributes:
        shape: (height, width).
        tile_rows: rows that are best read at a time.
    """

    shape: tuple[int, int]
    tile_rows: int

    def read(self, names: Sequence[str], window: Window) -> np.ndarray:
        """A window float32 (height, width, bands) in the bands' units, which may be changed."""


def read_reflected(
    reader: Pixels, band_names: tuple[str, ...], window: Window
) -> tuple[np.ndarray, np.ndarray]:
    """Read a window that may stick out of the scene; what lies outside is its mirror image.

    Only the pixels that occur in the window are read from the file.

    Args:
        reader: the open stack.
        band_names: bands in channel order.
        window: any rectangle, in pixels of the stack.

    Returns:
        float32 (height, width, C) in the bands' units, NaN where a band has no data, and bool
        (height, width), whether a pixel lacks any of them. Infinities count as missing, since no
        network has a use for them.

    Raises:
        InputFileError: the file is truncated or cannot be read.
        BandError: a band is missing.
    """
    rows = reflected(window.row_off, window.height, reader.shape[0])
    cols = reflected(window.col_off, window.width, reader.shape[1])
    left, right = int(cols.min()), int(cols.max()) + 1
    straight = np.array_equal(cols, np.arange(left, left + window.width))
    image = np.empty((window.height, window.width, len(band_names)), np.float32)
    missing = np.empty((window.height, window.width), bool)
    # A row of tiles at a time, so that a large window is not held twice.
    step = reader.tile_rows
    for top in range(int(rows.min()) // step * step, int(rows.max()) + 1, step):
        here = np.flatnonzero((rows >= top) & (rows < top + step))
        wanted = rows[here]
        first, last = int(wanted.min()), int(wanted.max()) + 1
        block = reader.read(band_names, Window(first, left, last - first, right - left))
        # The reader's order in memory, band by band, in which this is several times as fast.
        planes = np.moveaxis(block, -1, 0)
        lacking = _made_nan(planes)
        if not straight:
            planes, lacking = planes.take(cols - left, axis=2), lacking.take(cols - left, axis=1)
        # Rows that lie as in the file, of which a slice will do, or mirrored ones.
        if np.array_equal(here, np.arange(here[0], here[0] + last - first)) and (
            np.array_equal(wanted, np.arange(first, last))
        ):
            into: slice | np.ndarray = slice(here[0], here[-1] + 1)
        else:
            into = here
            planes, lacking = planes.take(wanted - first, axis=1), lacking[wanted - first]
        image[into] = np.moveaxis(planes, 0, -1)
        missing[into] = lacking
    return image, missing


def _made_nan(planes: np.ndarray) -> np.ndarray:
    """Make infinities NaN, in place; bool (height, width), whether any plane lacks a pixel."""
    missing = np.zeros(planes.shape[1:], bool)
    for plane in planes:
        finite = np.isfinite(plane)
        if not finite.all():
            plane[~finite] = np.nan
            missing |= ~finite
    return missing


def missing_share(missing: np.ndarray, radius_px: int) -> np.ndarray:
    """Share of missing pixels in the square around each pixel.

    Args:
        missing: bool (height, width) of a window.
        radius_px: the square has 2 x radius + 1 pixels a side; 0 takes the whole window instead,
            for a network that sees all of it.

    Returns:
        float32 in [0, 1], (height - 2 x radius, width - 2 x radius).
    """
    if radius_px == 0:
        return np.full(missing.shape, missing.mean(), np.float32)
    side = 2 * radius_px + 1
    # Sums of whole numbers are exact, so a pixel's share does not depend on its window.
    total = np.pad(missing.cumsum(0, dtype=np.int32).cumsum(1, dtype=np.int32), ((1, 0), (1, 0)))
    across = total[:, side:] - total[:, :-side]
    return ((across[side:] - across[:-side]) / np.float32(side**2)).astype(np.float32)
