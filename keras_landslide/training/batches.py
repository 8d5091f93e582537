"""Batch sources as Keras takes them."""

from __future__ import annotations

from typing import Any, Protocol

import keras
import numpy as np

from keras_landslide.bands import UNLABELLED


class BatchSource(Protocol):
    """What training reads from: batches that depend on nothing but the epoch and their index."""

    def __len__(self) -> int:
        """Batches per epoch."""

    def batch(self, epoch: int, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Images float32 (B, H, W, C) in raw units and labels (B, H, W, 1) in {0, 1, 255}."""


class KerasBatches(keras.utils.PyDataset):
    """A batch source as a `keras.utils.PyDataset`, read in one background thread.

    The order of patches and their augmentation depend on the epoch, so give `follow_epochs()` to
    `fit` among the callbacks (and `shuffle=False`): a run that starts again at epoch 7 then sees
    the batches of epoch 7. Without it, all epochs see the batches of `epoch`, as validation should.
    """

    def __init__(self, source: BatchSource, epoch: int = 0):
        super().__init__(workers=1, use_multiprocessing=False)
        self.source = source
        self.epoch = epoch

    def __len__(self) -> int:
        """Batches per epoch."""
        return len(self.source)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """A batch of the current epoch."""
        return self.source.batch(self.epoch, index)

    def follow_epochs(self) -> keras.callbacks.Callback:
        """A callback that tells this data set which epoch it is."""
        return _EpochFollower(self)


class WeightedBatches(keras.utils.PyDataset):
    """A batch source for any loss of Keras: labels of 0 and 1, and weights of 0 where unlabelled.

    Each time that Keras goes through it counts as an epoch, so that each epoch sees other batches.
    Keras may go through it once more than `epochs` says, to build a network.
    """

    def __init__(self, source: BatchSource):
        super().__init__(workers=1, use_multiprocessing=False)
        self.source = source
        self.epoch = 0

    def __len__(self) -> int:
        """Batches per epoch."""
        return len(self.source)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Images (B, H, W, C), labels (B, H, W, 1) and weights (B, H, W, 1) of a batch."""
        images, labels = self.source.batch(self.epoch, index)
        known = labels != UNLABELLED
        return images, np.where(known, labels, 0), known.astype(np.float32)

    def on_epoch_end(self) -> None:
        """Go on with the next epoch; Keras calls it."""
        self.epoch += 1


class _EpochFollower(keras.callbacks.Callback):
    def __init__(self, batches: KerasBatches):
        super().__init__()
        self.batches = batches

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.batches.epoch = epoch
