"""Batches of several basins as one source."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_landslide.training.batches import BatchSource


class JoinedBatches:
    """The batches of all sources in turn, mixed anew each epoch; a batch holds one basin.

    Args:
        sources: one per basin.
        seed: of the order.
        shuffle: False keeps the sources one after another.
    """

    def __init__(self, sources: Sequence[BatchSource], *, seed: int = 0, shuffle: bool = True):
        self.sources = sources
        self.seed = seed
        self.shuffle = shuffle
        self.places = [(s, i) for s, source in enumerate(sources) for i in range(len(source))]

    def __len__(self) -> int:
        """Batches per epoch."""
        return len(self.places)

    def batch(self, epoch: int, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Batch `index` of `epoch`: images and labels as the source gives them."""
        order = np.arange(len(self))
        if self.shuffle:
            order = np.random.default_rng([self.seed, epoch]).permutation(len(self))
        source, place = self.places[order[index]]
        return self.sources[source].batch(epoch, place)
