"""Blocked k-fold: each block belongs to one fold, and one fold at a time is the test split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from keras_landslide.errors import SplitError
from keras_landslide.patches.split import draw_blocks, wholly_in
from keras_landslide.patches.table import Patch
from keras_landslide.patches.windows import WindowGrid

CANDIDATES = 100
NO_FOLD = -1


def spatial_folds(
    grid: WindowGrid,
    block_valid: np.ndarray,
    block_landslide: np.ndarray,
    *,
    block: int,
    folds: int,
    seed: int,
) -> np.ndarray:
    """Give blocks to folds of about equal valid area and landslide fraction.

    Args:
        grid: the windows.
        block_valid: labelled and valid pixels per block, (block rows, block cols).
        block_landslide: landslide pixels per block.
        block: edge of a block, pixels.
        folds: how many.
        seed: of the search.

    Returns:
        int16 of shape `grid.shape`: the fold of each window that lies wholly in one, else -1.
    """
    rng = np.random.default_rng(seed)
    best, best_score = np.full(grid.shape, NO_FOLD, np.int16), np.inf
    for _ in range(CANDIDATES):
        labels = draw_blocks(block_valid, np.full(folds - 1, 1 / folds), rng, pieces=1)
        chosen = labels >= 0
        valid = np.bincount(labels[chosen], block_valid[chosen], folds)
        landslide = np.bincount(labels[chosen], block_landslide[chosen], folds)
        fold = np.full(grid.shape, NO_FOLD, np.int16)
        for k in range(folds):
            fold[wholly_in(grid, (labels == k) | (labels < 0), block)] = k
        # Spread of the two totals over the folds, and the share of windows between folds.
        score = valid.std() / max(valid.mean(), 1) + landslide.std() / max(landslide.mean(), 1)
        score += 2 * (fold == NO_FOLD).mean()
        if score < best_score:
            best, best_score = fold, score
    return best


def fold_split(patches: Sequence[Patch], fold: int, buffer_px: int) -> list[Patch]:
    """The patches with the split of one round of k-fold: `fold` is test, the next one is val.

    Windows closer than `buffer_px` to test or, for train, to val become `buffer`; unused windows
    stay unused.

    Raises:
        SplitError: no patch lies in `fold`.
    """
    usable = [patch for patch in patches if patch.split != "unused"]
    folds = sorted({patch.fold for patch in usable if patch.fold != NO_FOLD})
    if fold not in folds:
        raise SplitError(f"there is no fold {fold}; the patches have the folds {folds}")
    val_fold = folds[(folds.index(fold) + 1) % len(folds)]
    taken: list[Patch] = []
    split: dict[int, str] = {}
    for name, members in (
        ("test", [p for p in usable if p.fold == fold]),
        ("val", [p for p in usable if p.fold == val_fold != fold]),
        ("train", [p for p in usable if p.fold not in (fold, val_fold)]),
    ):
        far = _far(members, taken, buffer_px)
        split |= {p.patch_id: name if ok else "buffer" for p, ok in zip(members, far, strict=True)}
        taken += [p for p, ok in zip(members, far, strict=True) if ok]
    return [replace(p, split=split.get(p.patch_id, "unused")) for p in patches]


def _far(members: Sequence[Patch], others: Sequence[Patch], buffer_px: int) -> np.ndarray:
    """Whether each of `members` lies at least `buffer_px` from all of `others`; bool (N,)."""
    boxes = np.array([p.window for p in others]).reshape(-1, 4)
    far = np.empty(len(members), bool)
    for i, patch in enumerate(members):
        w = patch.window
        row_gap = np.maximum(boxes[:, 0] - w.row_end, w.row_off - boxes[:, 0] - boxes[:, 2])
        col_gap = np.maximum(boxes[:, 1] - w.col_end, w.col_off - boxes[:, 1] - boxes[:, 3])
        far[i] = (np.maximum(row_gap, col_gap) >= buffer_px).all()
    return far
