"""Hide the bands of a sensor now and then, so that a network learns to do without them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_landslide.bands import band_groups
from keras_landslide.errors import RecipeError
from keras_landslide.training.batches import BatchSource


class BandDropout:
    """Batches in which the bands of one group are missing from some patches.

    A hidden band is NaN, which `BandNormalization` takes as missing: the network sees what it
    will see where the sensor has no data. At most one group is hidden at a place. Half of the
    time it is hidden in all of the patch, else on one side of a random line, as at the edge of a
    cloud or a swath. What is hidden depends on seed, epoch and batch alone.

    Args:
        source: the batches.
        names: their bands in channel order.
        rate: share of patches that lack a group, in (0, 1).
        seed: of the draws.

    Raises:
        RecipeError: the bands hold no two parts that could do without each other.
    """

    def __init__(self, source: BatchSource, names: Sequence[str], rate: float, seed: int = 0):
        groups = band_groups(names)
        self.groups = [[names.index(name) for name in bands] for bands in groups.values()]
        if not groups or all(len(group) == len(names) for group in self.groups):
            raise RecipeError(
                f"training.band_dropout = {rate}: the bands {', '.join(names)} would leave nothing "
                "to see; it needs optical or radar bands beside others"
            )
        self.source, self.rate, self.seed = source, rate, seed

    def __len__(self) -> int:
        """Batches per epoch."""
        return len(self.source)

    def batch(self, epoch: int, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Images float32 (B, H, W, C), NaN where a group is hidden, and the labels as they are."""
        images, labels = self.source.batch(epoch, index)
        images = images.copy()
        rng = np.random.default_rng([self.seed, epoch, index])
        for image in images:
            if rng.random() < self.rate:
                group = self.groups[rng.integers(len(self.groups))]
                hidden = _side(image.shape[:2], rng) if rng.random() < 0.5 else slice(None)
                part = image[hidden]
                part[..., group] = np.nan
                image[hidden] = part
        return images, labels


class HiddenBands:
    """Batches from which some bands are missing altogether.

    Args:
        source: the batches.
        channels: positions of the bands to hide.
    """

    def __init__(self, source: BatchSource, channels: Sequence[int]):
        self.source, self.channels = source, list(channels)

    def __len__(self) -> int:
        """Batches per epoch."""
        return len(self.source)

    def batch(self, epoch: int, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Images float32 (B, H, W, C), NaN in the hidden bands, and the labels as they are."""
        images, labels = self.source.batch(epoch, index)
        images = images.copy()
        images[..., self.channels] = np.nan
        return images, labels


def _side(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """One side of a random line through the middle half of a patch, bool (H, W)."""
    height, width = shape
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.ogrid[:height, :width]
    away = (x - width / 2) * np.cos(angle) + (y - height / 2) * np.sin(angle)
    return away > rng.uniform(-0.25, 0.25) * min(height, width)
