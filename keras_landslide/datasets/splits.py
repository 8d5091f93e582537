"""Splits of chips: at random by shares, and stratified folds."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from keras_landslide.datasets.chips import SPLITS
from keras_landslide.errors import SplitError


def random_shares(count: int, shares: Sequence[float], seed: int) -> np.ndarray:
    """Split chips at random, as papers on chips do.

    Args:
        count: number of chips.
        shares: of train, val and test; they sum to 1.
        seed: of the order.

    Returns:
        names of the splits, (count,); every split with a share gets at least one chip.

    Raises:
        SplitError: the shares are wrong, or there are fewer chips than splits.
    """
    if len(shares) != 3 or min(shares) < 0 or abs(sum(shares) - 1) > 1e-9:
        raise SplitError(f"the shares {list(shares)} should be three that sum to 1")
    wanted = sum(share > 0 for share in shares)
    if count < wanted:
        raise SplitError(f"{count} chips cannot be split into {wanted} parts")
    sizes = [max(int(share * count), 1) if share else 0 for share in shares]
    sizes[int(np.argmax(shares))] += count - sum(sizes)
    order = np.random.default_rng([seed, 1]).permutation(count)
    out = np.empty(count, object)
    for name, part in zip(SPLITS, np.split(order, np.cumsum(sizes)[:2]), strict=True):
        out[part] = name
    return out


def stratified_folds(fraction: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """Deal chips to folds so that each fold sees little and much landslide alike.

    Args:
        fraction: landslide fraction of each chip, (N,).
        folds: how many.
        seed: of the deal among neighbours by fraction.

    Returns:
        fold of each chip, int64 (N,).

    Raises:
        SplitError: there are fewer chips than folds, or fewer than two folds.
    """
    if not 2 <= folds <= len(fraction):
        raise SplitError(f"{len(fraction)} chips cannot be dealt to {folds} folds")
    rng = np.random.default_rng([seed, 2])
    order = np.argsort(fraction, kind="stable")
    out = np.empty(len(fraction), np.int64)
    for start in range(0, len(order), folds):
        part = order[start : start + folds]
        out[part] = rng.permutation(folds)[: len(part)]
    return out


def fold_splits(
    folds: np.ndarray, fold: int, fraction: np.ndarray, *, val_share: float, seed: int
) -> np.ndarray:
    """The splits of one round: `fold` is test, a share of the rest is val.

    Validation takes every so-manieth of the other chips by landslide fraction, so that a threshold
    chosen on it has seen small and large landslides.

    Args:
        folds: fold of each chip, (N,).
        fold: the round.
        fraction: landslide fraction of each chip, (N,).
        val_share: share of the chips outside the fold, in (0, 1).
        seed: of which chips.

    Returns:
        names of the splits, (N,).
    """
    splits = np.full(len(folds), "train", object)
    splits[folds == fold] = "test"
    rest = np.flatnonzero(folds != fold)
    rest = rest[np.argsort(fraction[rest], kind="stable")]
    # Chips without landslides come first, and can tell no threshold.
    rest = rest[fraction[rest] > 0]
    number = max(round(val_share * len(rest)), 1)
    if len(rest) < number + 1:
        raise SplitError("too few chips with landslides are left to train and to validate on")
    rng = np.random.default_rng([seed, 3, fold])
    edges = np.linspace(0, len(rest), number + 1).astype(int)
    chosen = [rng.integers(a, b) for a, b in itertools.pairwise(edges)]
    splits[rest[chosen]] = "val"
    return splits
