"""A network over a region in memory."""

from __future__ import annotations

import keras
import numpy as np

from keras_landslide.evaluation.answers import answers, as_predict
from keras_landslide.inference.windows import reflected
from keras_landslide.models.analysis.receptive_field import receptive_field


def predict_whole(
    model: keras.Model,
    features: np.ndarray,
    *,
    rows: tuple[int, int] | None = None,
    cols: tuple[int, int] | None = None,
    tile_px: int = 256,
) -> np.ndarray:
    """Probability of a region in memory, by tiles with a halo, so that no seam shows.

    Args:
        model: features (B, H, W, C) to probability.
        features: float32 (H, W, C); NaN is the training mean to the network.
        rows: from and to, of the part wanted; None is all.
        cols: likewise.
        tile_px: side of a tile.

    Returns:
        float32 (H, W), NaN outside the part.
    """
    found = receptive_field(model)
    halo, stride = found.halo_px, found.stride_px
    tile_px = max(tile_px // stride, 1) * stride
    out = np.full(features.shape[:2], np.nan, np.float32)
    height, width = features.shape[:2]
    # Tiles begin on multiples of the stride, so that poolings fall on the same pixels; all have
    # one size, so that the network is compiled once.
    starts = [
        range(first // stride * stride, end, tile_px)
        for first, end in (rows or (0, height), cols or (0, width))
    ]

    def tile(row: int, col: int) -> np.ndarray:
        index = [
            reflected(first - halo, tile_px + 2 * halo, size)
            for first, size in ((row, height), (col, width))
        ]
        return features[np.ix_(*index)][None]

    batches = ((tile(row, col), (row, col)) for row in starts[0] for col in starts[1])
    for said, (row, col) in answers(as_predict(model), batches):
        inside = out[row : row + tile_px, col : col + tile_px]
        core = said[0, halo : halo + tile_px, halo : halo + tile_px]
        inside[:] = core[: inside.shape[0], : inside.shape[1]]
    return out
