"""Patches to learn from, cut from the features of a region."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np

from keras_landslide.bands import UNLABELLED
from keras_landslide.errors import SplitError
from keras_landslide.grid import Window
from keras_landslide.inference.windows import reflected


@dataclass(frozen=True)
class Cutting:
    """How patches are cut.

    Attributes:
        size_px: side of what carries loss; 500 in the study.
        margin_px: context around it that the network sees and no loss falls on; 64 in the study.
        oversample: how often a patch with a landslide occurs in an epoch; 5 in the study.
        jitter: shift the patches by a random part of their size in every epoch.
        turn: one of the eight symmetries of the square for each patch and epoch. Features keep
            their values, so facing stays true while shapes turn.
    """

    size_px: int = 128
    margin_px: int = 16
    oversample: int = 1
    jitter: bool = True
    turn: bool = True


class Patches(keras.utils.PyDataset):
    """Batches of feature patches and labels; the margin is 255 and carries no loss.

    Args:
        features: float32 (H, W, C), NaN where there is no data.
        label: uint8 (H, W) of 0, 1, 255.
        cutting: how.
        batch_size: patches per batch.
        seed: of order, jitter and turns.
        windows: patches to use (their cores), without jitter; None covers the labelled area.

    Raises:
        SplitError: no labelled pixel, or no landslide, is left to learn from.
    """

    def __init__(
        self,
        features: np.ndarray,
        label: np.ndarray,
        cutting: Cutting,
        *,
        batch_size: int = 8,
        seed: int = 0,
        windows: Sequence[Window] | None = None,
    ) -> None:
        super().__init__()
        if not (label == 1).any():
            raise SplitError(
                "no landslide pixel is left to learn from; choose fewer or other folds"
            )
        self.cutting, self.batch_size, self.seed = cutting, batch_size, seed
        self.features, self.label = features, label
        self.windows = windows
        self.epoch = 0
        self._plan()
        # Jitter makes a patch more or less: epochs of one length are what Keras expects.
        self.batches = math.ceil(len(self.plan) / batch_size)

    def _plan(self) -> None:
        """The patches of an epoch: rows of (row, col, symmetry); some begin outside the region."""
        rng = np.random.default_rng([self.seed, self.epoch])
        size = self.cutting.size_px
        if self.windows is None:
            shift = rng.integers(0, size, 2) if self.cutting.jitter else (0, 0)
            rows, cols = (
                np.arange(-int(s), n, size) for s, n in zip(shift, self.label.shape, strict=True)
            )
            corners = [(int(r), int(c)) for r in rows for c in cols]
        else:
            corners = [(w.row_off, w.col_off) for w in self.windows]
        plan = []
        for row, col in corners:
            core = self.label[max(row, 0) : row + size, max(col, 0) : col + size]
            if (core == UNLABELLED).all():
                continue
            times = self.cutting.oversample if (core == 1).any() else 1
            plan += [(row, col)] * times
        if not plan:
            raise SplitError("no labelled patch is left to learn from; choose a smaller patch")
        order = rng.permutation(len(plan))
        turns = rng.integers(0, 8, len(plan)) if self.cutting.turn else np.zeros(len(plan), int)
        self.plan = [(*plan[i], int(turns[i])) for i in order]

    def __len__(self) -> int:
        return self.batches

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        size, margin = self.cutting.size_px, self.cutting.margin_px
        images, labels = [], []
        for number in range(self.batch_size):
            # The last batch is filled up from the first patches, so that all have one shape.
            row, col, turn = self.plan[(index * self.batch_size + number) % len(self.plan)]
            image, label = self._cut(row - margin, col - margin, size + 2 * margin)
            image, label = (
                np.rot90(a[:, ::-1] if turn >= 4 else a, turn % 4) for a in (image, label)
            )
            images.append(image)
            labels.append(label[..., None])
        return np.ascontiguousarray(np.stack(images)), np.ascontiguousarray(np.stack(labels))

    def _cut(self, row: int, col: int, side: int) -> tuple[np.ndarray, np.ndarray]:
        """A square of features, the region continued by reflection, and the label of its core."""
        # Patch by patch: a padded copy of the region would take as much memory again.
        index = [
            reflected(first, side, size)
            for first, size in zip((row, col), self.label.shape, strict=True)
        ]
        label = self.label[np.ix_(*index)].copy()
        for axis, first in enumerate((row, col)):
            place, margin = np.arange(side), self.cutting.margin_px
            inside = (place >= margin) & (place < side - margin)
            inside &= (first + place >= 0) & (first + place < self.label.shape[axis])
            np.moveaxis(label, axis, 0)[~inside] = UNLABELLED
        return self.features[np.ix_(*index)], label

    def on_epoch_end(self) -> None:
        """Cut anew."""
        self.epoch += 1
        self._plan()

    def release(self) -> None:
        """Let the arrays go: TensorFlow keeps each data set that it was given till the end."""
        self.features, self.label = np.empty((0, 0, 0), np.float32), np.empty((0, 0), np.uint8)
