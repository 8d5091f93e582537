"""Per-band statistics of patches, in float64 and one patch at a time.

Pixels count as often as patches show them: where patches overlap, a pixel counts once for each,
as it does in training. NaN is left out, band by band.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_landslide.errors import BandError, NodataError
from keras_landslide.patches.cache import PatchCache

BINS = 1 << 14
LARGEST_VALUE = 1e15
"""No band measures more; squares of larger values do not fit into the network's float32."""


def band_statistics(
    cache: PatchCache, indices: Sequence[int] | np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each band.

    Args:
        cache: cut patches.
        indices: positions in the cache; None is the train split.

    Returns:
        mean (C,) and population standard deviation (C,), float64; the deviation of a constant
        band is 0.

    Raises:
        NodataError: a band has no valid pixel.
    """
    ranges = band_ranges(cache, indices).values()
    return np.array([r["mean"] for r in ranges]), np.array([r["std"] for r in ranges])


def band_ranges(
    cache: PatchCache, indices: Sequence[int] | np.ndarray | None = None
) -> dict[str, dict[str, float]]:
    """What values each band takes, as a model bundle tells them; see `joined_ranges`.

    Args:
        cache: cut patches.
        indices: positions in the cache; None is the train split.

    Raises:
        NodataError: a band has no valid pixel.
    """
    chosen = cache.indices("train") if indices is None else indices
    return joined_ranges([(cache, int(index)) for index in chosen])


def joined_ranges(chosen: Sequence[tuple[PatchCache, int]]) -> dict[str, dict[str, float]]:
    """What values each band takes in patches of one or of several caches with the same bands.

    Two passes: mean and extremes, then squared deviations from that mean (a sum of squares would
    lose digits) and a histogram for the percentiles.

    Args:
        chosen: caches, and positions in them; at least one.

    Returns:
        per band `min`, `max`, `mean`, `std`, `p01` and `p99`; the percentiles are exact to
        1 / 16384 of the range from min to max.

    Raises:
        NodataError: a band has no valid pixel.
        BandError: a band holds values beyond `LARGEST_VALUE`.
    """
    names = chosen[0][0].band_names
    bands = len(names)
    count, total = np.zeros(bands, np.int64), np.zeros(bands)
    low, high = np.full(bands, np.inf), np.full(bands, -np.inf)
    for cache, index in chosen:
        for c, values in enumerate(_valid(cache, index)):
            if values.size:
                count[c] += values.size
                total[c] += values.sum(dtype=np.float64)
                low[c], high[c] = min(low[c], values.min()), max(high[c], values.max())
    for name, n in zip(names, count, strict=True):
        if n == 0:
            raise NodataError(
                f"band {name} has no valid pixel in {len(chosen)} patches; check its nodata value"
            )
    for c, name in enumerate(names):
        if not -LARGEST_VALUE <= low[c] <= high[c] <= LARGEST_VALUE:
            worst = low[c] if -low[c] > high[c] else high[c]
            raise BandError(
                f"band {name} holds {worst:g}, which is no measurement; if it stands for missing "
                "data, name it as `nodata` in the scene recipe and stack again"
            )
    mean = total / count
    squares = np.zeros(bands)
    histograms = np.zeros((bands, BINS), np.int64)
    for cache, index in chosen:
        for c, values in enumerate(_valid(cache, index)):
            squares[c] += np.square(values - mean[c]).sum()
            histograms[c] += np.histogram(values, BINS, (low[c], high[c]))[0]
    std = np.sqrt(squares / count)
    return {
        name: {
            "min": float(low[c]),
            "max": float(high[c]),
            "mean": float(mean[c]),
            "std": float(std[c]),
            "p01": _percentile(histograms[c], low[c], high[c], 0.01),
            "p99": _percentile(histograms[c], low[c], high[c], 0.99),
        }
        for c, name in enumerate(names)
    }


def _valid(cache: PatchCache, index: int) -> list[np.ndarray]:
    """Finite values of each band of a patch, float64."""
    image = cache.images[index].astype(np.float64)
    return [band[np.isfinite(band)] for band in np.moveaxis(image, -1, 0)]


def _percentile(histogram: np.ndarray, low: float, high: float, share: float) -> float:
    below = np.cumsum(histogram)
    wanted = share * below[-1]
    bin_ = int(np.searchsorted(below, wanted))
    # Values spread evenly within a bin.
    inside = (wanted - (below[bin_] - histogram[bin_])) / max(histogram[bin_], 1)
    return float(low + (high - low) * (bin_ + inside) / BINS)
