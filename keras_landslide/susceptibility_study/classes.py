"""Five classes of a susceptibility map, from very low to very high."""

from __future__ import annotations

import numpy as np

from keras_landslide.errors import NodataError, UnknownNameError

NAMES = ("very low", "low", "moderate", "high", "very high")
METHODS = ("natural_breaks", "quantiles", "equal_area")
QUANTILES = (0.5, 0.75, 0.9, 0.95)
NODATA = 255
BINS = 512
_LEAST = 1e-7


class Histogram:
    """Pixels of a map by probability, in bins of equal width in log-odds; fed tile by tile."""

    def __init__(self) -> None:
        self.edges = np.linspace(_log_odds(_LEAST), _log_odds(1 - _LEAST), BINS * 8 + 1)
        self.counts = np.zeros(BINS * 8, np.int64)

    def add(self, probability: np.ndarray) -> None:
        """Count pixels (...); NaN is not counted."""
        p = np.clip(probability[~np.isnan(probability)], _LEAST, 1 - _LEAST)
        self.counts += np.histogram(_log_odds(p), self.edges)[0]


def class_limits(histogram: Histogram, method: str) -> np.ndarray:
    """The four probabilities between the five classes, ascending.

    Args:
        histogram: of the whole map.
        method: `natural_breaks`, the classes with the least spread of log-odds within (Fisher
            1958, doi:10.1080/01621459.1958.10501479, as Jenks 1967 used it for maps);
            `equal_area`, a fifth of the map each; `quantiles`, the map's quantiles `QUANTILES`,
            so that the upper classes are small.

    Raises:
        UnknownNameError: the method is unknown.
        NodataError: the map has no pixel.
    """
    if method not in METHODS:
        raise UnknownNameError.among("classes", method, METHODS)
    total = histogram.counts.sum()
    if not total:
        raise NodataError("the susceptibility map has no pixel to classify")
    if method == "natural_breaks":
        limits = _natural_breaks(histogram)
    else:
        shares = QUANTILES if method == "quantiles" else (0.2, 0.4, 0.6, 0.8)
        below = np.concatenate([[0], histogram.counts.cumsum()]) / total
        limits = np.interp(shares, below, histogram.edges)
    return 1 / (1 + np.exp(-limits))


def classify(probability: np.ndarray, limits: np.ndarray) -> np.ndarray:
    """Class 0 to 4 of each pixel, uint8 of the same shape; 255 where NaN."""
    classes = np.digitize(probability, limits).astype(np.uint8)
    classes[np.isnan(probability)] = NODATA
    return classes


def _natural_breaks(histogram: Histogram) -> np.ndarray:
    """Fisher's optimal grouping of the histogram's bins, exact by dynamic programming."""
    coarse = histogram.counts.reshape(-1, 8).sum(axis=1).astype(np.float64)
    middle = histogram.edges.reshape(-1)[:-1].reshape(-1, 8).mean(axis=1)
    used = np.flatnonzero(coarse)
    weight, value = coarse[used], middle[used]
    if used.size < len(NAMES):
        # So few values that each is a class: limits lie above the last of them.
        limits = np.full(len(NAMES) - 1, np.inf)
        limits[: used.size - 1] = (value[1:] + value[:-1]) / 2
        return np.minimum(limits, histogram.edges[-1])
    w, wx, wxx = (np.concatenate([[0], np.cumsum(weight * value**k)]) for k in range(3))

    def spread(first: np.ndarray, end: int) -> np.ndarray:
        """Sum of squares within bins [first, end)."""
        total = wx[end] - wx[first]
        return wxx[end] - wxx[first] - total**2 / (w[end] - w[first])

    count = used.size
    cost = np.array([spread(np.array([0]), end)[0] if end else 0 for end in range(count + 1)])
    cuts = []
    for group in range(1, len(NAMES)):
        new, cut = np.full(count + 1, np.inf), np.zeros(count + 1, int)
        for end in range(group + 1, count + 1):
            first = np.arange(group, end)
            sums = cost[first] + spread(first, end)
            best = int(sums.argmin())
            new[end], cut[end] = sums[best], first[best]
        cost = new
        cuts.append(cut)
    end, found = count, []
    for cut in reversed(cuts):
        end = int(cut[end])
        found.append((value[end - 1] + value[end]) / 2)
    return np.array(found[::-1])


def _log_odds(p):
    return np.log(p) - np.log1p(-p)
