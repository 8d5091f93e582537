"""Where is a new scene like the training data? Dissimilarity index and area of applicability.

Meyer and Pebesma 2021, doi:10.1111/2041-210X.13650. Bands are standardised by the training pixels
and weigh alike, as a network gives no importances. The index of a pixel is the distance to the
nearest training pixel over the mean distance between training pixels; the area of applicability is
where it stays at or below the largest index, outliers left out, of training pixels themselves, each
against those of other blocks. It looks at single pixels: texture and shape, which networks see as
well, are not part of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree
from scipy.spatial.distance import pdist

from keras_landslide.errors import NodataError
from keras_landslide.evaluation.maps import covered
from keras_landslide.grid import Window
from keras_landslide.rasters.read import BandReader, stack_info
from keras_landslide.rasters.write import RasterWriter

STRIP_ROWS = 256
SAMPLES = 2000
BLOCK_PX = 64


@dataclass(frozen=True)
class Applicability:
    """Training pixels to hold others against.

    Attributes:
        tree: of the standardised training pixels.
        mean: of each band, (C,).
        std: of each band, (C,).
        distance: mean distance between training pixels.
        threshold: dissimilarity up to which a pixel is within the area of applicability.
    """

    tree: cKDTree
    mean: np.ndarray
    std: np.ndarray
    distance: float
    threshold: float

    def index(self, values: np.ndarray) -> np.ndarray:
        """Dissimilarity of pixels: (..., C) to float32 (...), NaN where a band is missing."""
        scaled = np.divide(values - self.mean, self.std, order="C").reshape(-1, values.shape[-1])
        known = np.isfinite(scaled).all(axis=1)
        out = np.full(len(scaled), np.nan, np.float32)
        if known.any():
            out[known] = self.tree.query(scaled[known])[0] / self.distance
        return out.reshape(values.shape[:-1])


def fit_applicability(
    stack: str | Path,
    names: Sequence[str],
    *,
    windows: Sequence[Window] | None = None,
    samples: int = SAMPLES,
    block_px: int = BLOCK_PX,
    seed: int = 0,
) -> Applicability:
    """Sample training pixels and find the threshold by leaving their block out.

    Args:
        stack: the training stack.
        names: the network's bands.
        windows: the training patches; None takes all of the stack.
        samples: training pixels to keep.
        block_px: edge of the blocks, pixels.
        seed: of the sample.

    Raises:
        BandError: the stack lacks a band.
        NodataError: fewer than two blocks hold pixels with all bands.
        InputFileError: the stack cannot be read.
    """
    values, blocks = _sample(stack, names, windows, samples, block_px, seed)
    if len(np.unique(blocks)) < 2:
        raise NodataError(f"{stack}: valid pixels lie in fewer than two blocks of {block_px} px")
    mean, std = values.mean(axis=0), np.maximum(values.std(axis=0), 1e-12)
    scaled = (values - mean) / std
    distance = float(pdist(scaled).mean())
    own = np.empty(len(scaled))
    for block in np.unique(blocks):
        inside = blocks == block
        own[inside] = cKDTree(scaled[~inside]).query(scaled[inside])[0] / distance
    low, high = np.quantile(own, [0.25, 0.75])
    threshold = float(own[own <= high + 1.5 * (high - low)].max())
    return Applicability(cKDTree(scaled), mean, std, distance, threshold)


def write_applicability(fitted: Applicability, stack: str | Path, names: Sequence[str],
                        out: str | Path) -> float | None:  # fmt: skip
    """Write the dissimilarity index (band `dissimilarity`) and the area (`applicable`: 1, 0).

    Returns:
        Share of the pixels with all bands that lie within the area; None without any.

    Raises:
        BandError: the stack lacks a band.
        InputFileError: the stack cannot be read.
        OutputError: `out` cannot be written.
    """
    grid = stack_info(stack).grid
    inside = known = 0
    bands = ["dissimilarity", "applicable"]
    tags = {"THRESHOLD": repr(fitted.threshold)}
    with (
        BandReader(stack) as reader,
        RasterWriter(out, grid, 2, "float32", float("nan"), names=bands, tags=tags) as raster,
    ):
        for strip in grid.strips(STRIP_ROWS):
            index = fitted.index(reader.read(names, strip))
            applicable = np.where(np.isnan(index), np.nan, index <= fitted.threshold)
            raster.write(np.dstack([index, applicable]).astype(np.float32), strip)
            known += int(np.isfinite(index).sum())
            inside += int(np.nansum(applicable))
    return inside / known if known else None


def _sample(
    stack: str | Path,
    names: Sequence[str],
    windows: Sequence[Window] | None,
    samples: int,
    block_px: int,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Random valid pixels, float64 (N, C), and the block of each."""
    grid = stack_info(stack).grid
    rng = np.random.default_rng(seed)
    keys, found, blocks = [], [], []
    with BandReader(stack) as reader:
        for strip in grid.strips(STRIP_ROWS):
            values = reader.read(names, strip)
            valid = np.isfinite(values).all(axis=-1)
            if windows is not None:
                valid &= covered(windows, strip)
            row, col = np.nonzero(valid)
            # The pixels with the smallest random keys: a uniform sample in one pass.
            key = rng.random(len(row))
            keep = np.argsort(key)[:samples]
            keys.append(key[keep])
            found.append(values[row[keep], col[keep]])
            across = -(-grid.width // block_px)
            blocks.append((row[keep] + strip.row_off) // block_px * across + col[keep] // block_px)
    chosen = np.argsort(np.concatenate(keys), kind="stable")[:samples]
    return np.concatenate(found)[chosen].astype(np.float64), np.concatenate(blocks)[chosen]
