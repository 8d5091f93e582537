"""Which pixels are held out together: whole strips, or small random blocks to see what they hide.

Landslides come in clusters, so a small block beside those that were learnt from says little about
ground that was not. Strips wider than any cluster do (Roberts et al. 2017, doi:10.1111/ecog.02881).
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import distance_transform_edt

from keras_landslide.bands import UNLABELLED
from keras_landslide.errors import SplitError

KINDS = ("rows", "columns", "blocks")
MOST_FOLDS = 100
NO_FOLD = -1


def make_folds(
    label: np.ndarray, kind: str, folds: int, *, block_px: int = 32, seed: int = 0
) -> np.ndarray:
    """The fold of each labelled pixel.

    Args:
        label: (H, W) of 0, 1, 255; 255 and NaN belong to no fold.
        kind: `rows` or `columns`, strips across the labelled area; `blocks`, squares at random.
        folds: how many, at least 2.
        block_px: edge of the squares.
        seed: of their drawing.

    Returns:
        int8 (H, W), -1 where unlabelled.

    Raises:
        SplitError: the kind is unknown, or a fold has no landslide pixel or nothing else.
    """
    if kind not in KINDS:
        raise SplitError(f"unknown folds '{kind}'; choose one of: {', '.join(KINDS)}")
    if folds < 2:
        raise SplitError(f"{folds} fold cannot be held out; give at least 2")
    known = (label == 0) | (label == 1)
    rows, cols = (np.flatnonzero(known.any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        raise SplitError("no pixel is labelled, so nothing can be held out")
    if kind == "blocks":
        height, width = label.shape
        shape = -(-height // block_px), -(-width // block_px)
        squares = _dealt(known, label == 1, shape, block_px, folds, seed)
        fold = np.repeat(np.repeat(squares, block_px, 0), block_px, 1)[:height, :width]
    else:
        line = rows if kind == "rows" else cols
        first, count = line[0], line[-1] - line[0] + 1
        place = np.arange(label.shape[0 if kind == "rows" else 1]) - first
        strip = np.clip(place * folds // count, 0, folds - 1)
        fold = np.broadcast_to(strip[:, None] if kind == "rows" else strip, label.shape)
    fold = np.where(known, fold, NO_FOLD).astype(np.int8)
    _check(fold, label, kind, folds)
    return fold


def _dealt(
    known: np.ndarray,
    landslide: np.ndarray,
    shape: tuple[int, int],
    block_px: int,
    folds: int,
    seed: int,
) -> np.ndarray:
    """Squares dealt to folds in random order; those with landslides first, so that all get some."""
    rows, cols = (np.arange(side) // block_px for side in known.shape)
    number = rows[:, None] * shape[1] + cols
    count = shape[0] * shape[1]
    some = np.bincount(number[landslide], minlength=count) > 0
    used = np.bincount(number[known], minlength=count) > 0
    rng = np.random.default_rng(seed)
    order = rng.permutation(count)
    order = np.concatenate([order[some[order]], order[(used & ~some)[order]]])
    squares = np.full(count, NO_FOLD)
    squares[order] = np.arange(order.size) % folds
    return squares.reshape(shape)


def _check(fold: np.ndarray, label: np.ndarray, kind: str, folds: int) -> None:
    for number in range(folds):
        inside = label[fold == number]
        slides = int((inside == 1).sum())
        if slides == 0 or slides == inside.size:
            what = "no landslide pixel" if slides == 0 else "nothing but landslides"
            raise SplitError(
                f"fold {number + 1} of {folds} ({kind}) has {what}; choose fewer folds, or "
                f"another kind of: {', '.join(KINDS)}"
            )


def held_out(
    label: np.ndarray, fold: np.ndarray, number: int, buffer_px: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Labels to learn from and to score: each (H, W) uint8, 255 elsewhere.

    Args:
        label: (H, W) of 0, 1, 255.
        fold: of each pixel, from `make_folds`.
        number: the fold held out.
        buffer_px: ground within so many pixels of it is neither learnt from nor scored.
    """
    label = np.where(fold == NO_FOLD, UNLABELLED, label).astype(np.uint8)
    near = fold == number
    if buffer_px:
        near = distance_transform_edt(~near) <= buffer_px
    learn = np.where(near, UNLABELLED, label).astype(np.uint8)
    return learn, np.where(fold == number, label, UNLABELLED).astype(np.uint8)
