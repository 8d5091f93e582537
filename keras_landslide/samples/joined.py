"""Patches of several sources as one cache, so that all that learns from one learns from many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from keras_landslide.errors import BandError
from keras_landslide.patches.cache import PatchCache
from keras_landslide.patches.table import Patch


class JoinedArrays:
    """Arrays (N, ...) one after another, read item by item; none is copied.

    Args:
        parts: at least one; all but the first axis are the same.
    """

    def __init__(self, parts: Sequence[np.ndarray]):
        self.parts = parts
        self.starts = np.cumsum([0, *(len(part) for part in parts)])
        self.shape = (int(self.starts[-1]), *parts[0].shape[1:])
        self.dtype = parts[0].dtype
        self.ndim = len(self.shape)

    def __len__(self) -> int:
        """Items of all parts."""
        return self.shape[0]

    def __getitem__(self, key: Any) -> np.ndarray:
        """One item for an integer; a copy of several for integers or booleans (K,) or a slice."""
        if isinstance(key, int | np.integer):
            number = int(key) + (len(self) if key < 0 else 0)
            if not 0 <= number < len(self):
                raise IndexError(f"item {key} of {len(self)}")
            part = int(np.searchsorted(self.starts, number, side="right")) - 1
            return self.parts[part][number - self.starts[part]]
        numbers = np.arange(len(self))[key]
        items = [self[int(number)] for number in numbers]
        return np.stack(items) if items else np.empty((0, *self.shape[1:]), self.dtype)

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        """A copy of all items."""
        whole = np.concatenate(self.parts)
        return whole if dtype is None else whole.astype(dtype)


@dataclass(frozen=True)
class JoinedCache(PatchCache):
    """Patches of several sources; `patch_id` and `block` are numbered on from source to source.

    Attributes:
        weights: how often each patch occurs in an epoch of training, on average, float (N,).
        groups: basin or event of each patch.
    """

    weights: np.ndarray
    groups: tuple[str, ...]


def joined(
    caches: Sequence[PatchCache], *, weights: Sequence[float], groups: Sequence[str]
) -> JoinedCache:
    """Several caches as one.

    Args:
        caches: with the same bands in the same order, and patches of one size.
        weights: of each cache.
        groups: basin or event of each cache.

    Raises:
        BandError: a band is of one kind in one cache and of another in the next.
    """
    first, blocks = caches[0], 0
    patches: list[Patch] = []
    for cache in caches:
        for name, ours, theirs in zip(first.band_names, first.kinds, cache.kinds, strict=True):
            if ours != theirs:
                raise BandError(
                    f"band {name} is of kind {ours} in one source and {theirs} in another; one "
                    "network cannot learn from both"
                )
        start = len(patches)
        patches += [
            replace(patch, patch_id=start + place, block=blocks + patch.block)
            for place, patch in enumerate(cache.patches)
        ]
        blocks += 1 + max((patch.block for patch in cache.patches), default=0)
    counts = [len(cache.patches) for cache in caches]
    return JoinedCache(
        JoinedArrays([cache.images for cache in caches]),  # type: ignore[arg-type]
        JoinedArrays([cache.labels for cache in caches]),  # type: ignore[arg-type]
        tuple(patches),
        first.band_names,
        first.kinds,
        weights=np.repeat(np.asarray(weights, float), counts),
        groups=tuple(np.repeat(np.array(groups, object), counts)),
    )
