"""Batches of patches: shuffled, oversampled and augmented by seed and epoch alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_landslide.errors import SplitError
from keras_landslide.patches.cache import PatchCache
from keras_landslide.patches.symmetries import SYMMETRIES, transform, transform_patch
from keras_landslide.samples.joined import JoinedCache


class PatchBatches:
    """Batches of some patches of a cache, one epoch after another.

    What batch `index` of `epoch` holds depends on the arguments only, never on what was asked
    before: a resumed run and parallel workers see the same batches.

    Args:
        cache: cut patches.
        indices: positions in the cache, such as `cache.indices("train")`.
        batch_size: patches per batch; the last one may be smaller.
        augment: draw one of the eight symmetries of the square per patch and epoch; bands of kind
            `azimuth` turn with it.
        oversample: times a patch with landslide pixels occurs in an epoch; others occur once. With
            `shuffle`, times the weight of its source, where the cache joins several.
        seed: of order and symmetries.
        shuffle: new order each epoch; False keeps the order of `indices`.

    Raises:
        SplitError: there is no patch, or patches to be augmented are not square.
    """

    def __init__(
        self,
        cache: PatchCache,
        indices: Sequence[int] | np.ndarray,
        *,
        batch_size: int = 16,
        augment: bool = False,
        oversample: int = 1,
        seed: int = 0,
        shuffle: bool = True,
    ):
        if len(indices) == 0:
            raise SplitError("the split has no patch; make the patches with another `split`")
        height, width = cache.labels.shape[1:]
        if augment and height != width:
            raise SplitError(
                f"patches of {height} x {width} px cannot be turned; switch augment off"
            )
        self.cache = cache
        self.batch_size = batch_size
        self.augment = augment
        self.seed = seed
        self.shuffle = shuffle
        self.kinds = tuple(cache.kinds)
        times = np.where(cache.positive(indices), oversample, 1)
        chosen = np.asarray(indices, np.int64)
        # How often on average, by the weight of the patch's source: the whole part each epoch,
        # the rest as a share of patches that is drawn anew.
        often = times * np.ones(len(chosen))
        if shuffle and isinstance(cache, JoinedCache):
            often = times * cache.weights[chosen]
        self.positions = np.repeat(chosen, np.floor(often).astype(np.int64))
        rest = often - np.floor(often)
        self._extra = [(chosen[rest == share], share) for share in np.unique(rest[rest > 0])]
        self._drawn = sum(max(round(len(part) * share), 1) for part, share in self._extra)
        self._plan: tuple[int, np.ndarray, np.ndarray] | None = None

    def __len__(self) -> int:
        """Batches per epoch."""
        return -(-(len(self.positions) + self._drawn) // self.batch_size)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(H, W, C) of one patch."""
        return self.cache.images.shape[1:]  # type: ignore[return-value]

    def order(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """Positions in the cache and symmetry codes (0 to 7) of an epoch, in order; int64 each."""
        plan = self._plan
        if plan is None or plan[0] != epoch:
            rng = np.random.default_rng([self.seed, epoch])
            positions = np.concatenate([self.positions, *self._some(rng)])
            count = len(positions)
            order = rng.permutation(positions) if self.shuffle else positions
            codes = rng.integers(SYMMETRIES, size=count) if self.augment else np.zeros(count, int)
            # One assignment: other threads see the old plan or the new one.
            self._plan = plan = (epoch, order, codes)
        return plan[1], plan[2]

    def _some(self, rng: np.random.Generator) -> list[np.ndarray]:
        """Of the patches that occur now and then, those of an epoch."""
        return [
            rng.choice(part, max(round(len(part) * share), 1), replace=False)
            for part, share in self._extra
        ]

    def batch(self, epoch: int, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Batch `index` of `epoch`.

        Returns:
            images float32 (B, H, W, C), raw units with NaN nodata; labels float32 (B, H, W, 1) in
            {0, 1, 255}.

        Raises:
            IndexError: there is no such batch.
        """
        if not 0 <= index < len(self):
            raise IndexError(f"batch {index} of {len(self)}")
        part = slice(index * self.batch_size, (index + 1) * self.batch_size)
        order, codes = self.order(epoch)
        chosen, codes = order[part], codes[part]
        images = np.empty((len(chosen), *self.image_shape), np.float32)
        labels = np.empty((*images.shape[:3], 1), np.float32)
        for k, (i, code) in enumerate(zip(chosen, codes, strict=True)):
            images[k] = transform_patch(self.cache.images[i], code, self.kinds)
            labels[k, ..., 0] = transform(self.cache.labels[i], code)
        return images, labels
