"""Overlapping windows over a raster, as a product grid of row and column offsets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keras_landslide.errors import SplitError
from keras_landslide.grid import Window


@dataclass(frozen=True)
class WindowGrid:
    """Square windows at every pair of a row and a column offset.

    Attributes:
        rows: ascending row offsets, (R,) int64, pixels.
        cols: ascending column offsets, (K,) int64, pixels.
        size: edge of a window, pixels.
    """

    rows: np.ndarray
    cols: np.ndarray
    size: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of windows; results per window have this shape."""
        return len(self.rows), len(self.cols)

    def window(self, row: int, col: int) -> Window:
        """The window at index (row, col) of the product grid."""
        return Window(int(self.rows[row]), int(self.cols[col]), self.size, self.size)

    def near(self, chosen: np.ndarray, distance_px: int) -> np.ndarray:
        """Windows that lie closer than `distance_px` to a chosen one, itself included.

        The distance of two windows is the number of pixels between their edges, along the axis
        where that number is larger; windows that overlap are closer than any distance.

        Args:
            chosen: bool, of shape `shape`.
            distance_px: zero finds the windows that overlap a chosen one.

        Returns:
            bool, of shape `shape`.
        """
        reach = self.size + distance_px
        bounds = []
        for offsets in (self.rows, self.cols):
            bounds.append(np.searchsorted(offsets, offsets - reach, side="right"))
            bounds.append(np.searchsorted(offsets, offsets + reach, side="left"))
        return box_sums(summed_area(chosen), *bounds) > 0


def window_grid(shape: tuple[int, int], size: int, overlap: float = 0.5) -> WindowGrid:
    """Windows of `size` pixels with a stride of `size * (1 - overlap)`, over a whole raster.

    Where the stride does not fit, one more window lies flush with the far edge, so that no pixel
    is left out.

    Args:
        shape: (height, width) of the raster, pixels.
        size: edge of a window, pixels.
        overlap: share of a window's edge that the next one covers again, in [0, 1).

    Raises:
        SplitError: the raster is smaller than one window, or a value is out of range.
    """
    if size < 1 or not 0 <= overlap < 1:
        raise SplitError(
            f"a patch size of {size} px with overlap {overlap} cannot be cut; "
            "`size` has to be at least 1 and `overlap` in [0, 1)"
        )
    if min(shape) < size:
        raise SplitError(
            f"the scene of {shape[0]} x {shape[1]} px is smaller than one patch of {size} px; "
            "choose a smaller `size`"
        )
    stride = max(1, round(size * (1 - overlap)))
    return WindowGrid(_offsets(shape[0], size, stride), _offsets(shape[1], size, stride), size)


def _offsets(length: int, size: int, stride: int) -> np.ndarray:
    offsets = np.arange(0, length - size + 1, stride)
    if offsets[-1] + size < length:
        offsets = np.append(offsets, length - size)
    return offsets


def summed_area(values: np.ndarray) -> np.ndarray:
    """Summed-area table of (H, W) values: (H + 1, W + 1) int64, zero in the first row and column.

    Source: Crow 1984, doi:10.1145/800031.808600.
    """
    table = np.zeros((values.shape[0] + 1, values.shape[1] + 1), np.int64)
    table[1:, 1:] = values
    return table.cumsum(axis=0, out=table).cumsum(axis=1, out=table)


def box_sums(
    table: np.ndarray, row0: np.ndarray, row1: np.ndarray, col0: np.ndarray, col1: np.ndarray
) -> np.ndarray:
    """Sums over all boxes [row0, row1) x [col0, col1), from a summed-area table.

    Returns:
        int64 (len(row0), len(col0)).
    """
    bands = table[row1] - table[row0]
    return bands[:, col1] - bands[:, col0]
