"""Batch sources as Keras takes them."""

from __future__ import annotations

from typing import Any, Protocol

import keras
import numpy as np


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


class _EpochFollower(keras.callbacks.Callback):
    def __init__(self, batches: KerasBatches):
        super().__init__()
        self.batches = batches

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.batches.epoch = epoch
