"""Mean and deviation of bands where the sky is clear: what a new place looks like.

Clouds are far brighter than the ground. With them, the deviation of an optical band is that of
clouds, and a network normalised by it sees all ground as one grey.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from keras_landslide.errors import NodataError
from keras_landslide.patches.cache import PatchCache


def clear_statistics(cache: PatchCache, cloud: str | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Statistics over all patches, whatever their split: no label is looked at.

    Args:
        cache: cut patches; may hold the band `cloud` beside the others.
        cloud: name of that band (0 is clear); None takes all pixels.

    Returns:
        mean (C,) and population standard deviation (C,) of the other bands, float64.

    Raises:
        NodataError: a band has no clear pixel.
    """
    names = [name for name in cache.band_names if name != cloud]
    count, total, squares = np.zeros((3, len(names)))
    for pixels in _clear(cache, cloud):
        count += np.isfinite(pixels).sum(axis=0)
        total += np.nansum(pixels, axis=0)
    for name, seen in zip(names, count, strict=True):
        if not seen:
            raise NodataError(f"band {name} has no clear pixel in {len(cache.patches)} patches")
    mean = total / count
    for pixels in _clear(cache, cloud):
        squares += np.nansum(np.square(pixels - mean), axis=0)
    return mean, np.sqrt(squares / count)


def _clear(cache: PatchCache, cloud: str | None) -> Iterator[np.ndarray]:
    """Clear pixels of each patch, float64 (P, C), NaN where missing."""
    for image in cache.images:
        pixels = image.reshape(-1, image.shape[-1]).astype(np.float64)
        if cloud is None:
            yield pixels
        else:
            place = cache.band_names.index(cloud)
            yield np.delete(pixels[pixels[:, place] == 0], place, axis=1)
