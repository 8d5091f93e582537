"""Labelled, valid and landslide pixels of every window and block, in one pass over the stack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keras_landslide.grid import Grid, Window
from keras_landslide.patches.labels import labelled
from keras_landslide.patches.windows import WindowGrid, box_sums, summed_area
from keras_landslide.rasters.read import BandReader
from keras_landslide.runtime.progress import progress

# Pixels of one read: 7 bands of 1024 x 1024 float32 are 29 MB, whatever the size of the scene.
TILE_PX = 1024


@dataclass(frozen=True)
class Coverage:
    """Pixel counts on the cells between all edges of windows and blocks.

    Attributes:
        row_edges: ascending pixel rows where a cell starts or ends, first 0, last the height.
        col_edges: the same for columns.
        valid: summed-area table of labelled pixels that are valid in all bands.
        landslide: summed-area table of those among them with label 1.
    """

    row_edges: np.ndarray
    col_edges: np.ndarray
    valid: np.ndarray
    landslide: np.ndarray

    def windows(self, grid: WindowGrid) -> tuple[np.ndarray, np.ndarray]:
        """Valid and landslide pixels per window, int64 of shape `grid.shape`."""
        rows, cols = grid.rows, grid.cols
        return self._boxes(rows, rows + grid.size, cols, cols + grid.size)

    def blocks(self, block: int) -> tuple[np.ndarray, np.ndarray]:
        """Valid and landslide pixels per block of `block` px, int64 (block rows, block cols)."""
        rows, cols = (
            _block_edges(self.row_edges[-1], block),
            _block_edges(self.col_edges[-1], block),
        )
        return self._boxes(rows[:-1], rows[1:], cols[:-1], cols[1:])

    def _boxes(self, row0, row1, col0, col1) -> tuple[np.ndarray, np.ndarray]:
        rows = [np.searchsorted(self.row_edges, edge) for edge in (row0, row1)]
        cols = [np.searchsorted(self.col_edges, edge) for edge in (col0, col1)]
        return box_sums(self.valid, *rows, *cols), box_sums(self.landslide, *rows, *cols)


def measure_coverage(
    stack: str | Path, names: Sequence[str], shape: tuple[int, int], grid: WindowGrid, block: int
) -> Coverage:
    """Count pixels for the windows of `grid` and for blocks of `block` px.

    The stack is read tile by tile; what is kept has a few numbers per window.

    Args:
        stack: raster with a band `label` and the bands `names`.
        names: bands that have to be valid (not NaN) for a pixel to count.
        shape: (height, width) of the stack.
        grid: the windows.
        block: edge of a block, pixels.

    Raises:
        BandError: the stack lacks a band.
        InputFileError: it cannot be read.
    """
    edges = []
    for length, offsets in zip(shape, (grid.rows, grid.cols), strict=True):
        edges.append(np.unique(np.r_[offsets, offsets + grid.size, _block_edges(length, block)]))
    row_edges, col_edges = edges
    counts = np.zeros((2, len(row_edges) - 1, len(col_edges) - 1), np.int64)
    tiles = list(Grid("", None, shape).windows(TILE_PX))  # type: ignore[arg-type]
    with BandReader(stack) as reader:
        for tile in progress(tiles, "label and valid pixels", unit="tile"):
            values = reader.read(["label", *names], tile)
            label = values[..., 0]
            valid = np.isfinite(values[..., 1:]).all(axis=-1) & labelled(label)
            _add_cells(counts[0], valid, tile, row_edges, col_edges)
            _add_cells(counts[1], valid & (label == 1), tile, row_edges, col_edges)
    return Coverage(row_edges, col_edges, *(summed_area(count) for count in counts))


def _block_edges(length: int, block: int) -> np.ndarray:
    return np.append(np.arange(0, length, block), length)


def _add_cells(
    counts: np.ndarray, mask: np.ndarray, tile: Window, row_edges: np.ndarray, col_edges: np.ndarray
) -> None:
    """Add the True pixels of `mask`, which lies at `tile`, to the cells they fall in."""
    starts, cells = [], []
    for offset, length, edges in (
        (tile.row_off, tile.height, row_edges),
        (tile.col_off, tile.width, col_edges),
    ):
        first = np.searchsorted(edges, offset, side="right") - 1
        last = np.searchsorted(edges, offset + length, side="left")
        starts.append(np.maximum(edges[first:last] - offset, 0))
        cells.append(slice(first, last))
    rows = np.add.reduceat(mask, starts[0], axis=0, dtype=np.int64)
    counts[cells[0], cells[1]] += np.add.reduceat(rows, starts[1], axis=1)
