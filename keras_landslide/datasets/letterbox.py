"""Chips of many sizes brought to one, as in the MsASNet paper."""

from __future__ import annotations

import numpy as np
from affine import Affine
from rasterio.warp import Resampling, reproject

from keras_landslide.bands import UNLABELLED


def letterbox(image: np.ndarray, label: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Shrink a chip so that its long side fits, and put it in the middle of a square.

    Zhou et al. 2024 (Remote Sensing 16, 1712) do so with 512 px: larger images keep their aspect,
    smaller ones their size. Their padding is of zeros and counts as background; here it is nodata,
    which has no loss and no score. Images shrink by area, labels by majority.

    Args:
        image: (H, W, C).
        label: uint8 (H, W).
        size: side of the square, pixels.

    Returns:
        float32 (size, size, C), NaN around the chip, and uint8 (size, size), 255 around it.
    """
    height, width = label.shape
    scale = min(1.0, size / max(height, width))
    rows, cols = max(round(height * scale), 1), max(round(width * scale), 1)
    image = image.astype(np.float32)
    if scale < 1:
        image = np.moveaxis(
            _shrink(np.moveaxis(image, -1, 0), rows, cols, Resampling.average, np.nan), 0, -1
        )
        label = _shrink(label, rows, cols, Resampling.mode, UNLABELLED)
    top, left = (size - rows) // 2, (size - cols) // 2
    square = np.full((size, size, image.shape[-1]), np.nan, np.float32)
    truth = np.full((size, size), UNLABELLED, np.uint8)
    square[top : top + rows, left : left + cols] = image
    truth[top : top + rows, left : left + cols] = label
    return square, truth


def _shrink(values: np.ndarray, rows: int, cols: int, how: Resampling, nodata: float):
    """Bands first or a single band, to rows x cols."""
    height, width = values.shape[-2:]
    out = np.empty((*values.shape[:-2], rows, cols), values.dtype)
    reproject(
        np.ascontiguousarray(values),
        out,
        # Any projected system and origin will do: both grids are pictures of one rectangle. Only
        # (0, 0) with pixels of 1 will not, which GDAL takes for no place at all.
        src_transform=Affine.translation(1000, 1000) @ Affine.scale(1, -1),
        src_crs="EPSG:3857",
        dst_transform=Affine.translation(1000, 1000) @ Affine.scale(width / cols, -height / rows),
        dst_crs="EPSG:3857",
        src_nodata=nodata,
        dst_nodata=nodata,
        resampling=how,
    )
    return out
