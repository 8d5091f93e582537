"""Spatially blocked and buffered splits, chosen among seeded candidates.

Neighbouring windows see the same slopes, so a random split scores a network on what it has nearly
seen (Roberts et al. 2017, doi:10.1111/ecog.02881). Here blocks go to a split as a whole, and
windows near another split are given up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keras_landslide.errors import SplitError
from keras_landslide.patches.windows import WindowGrid, box_sums, summed_area

SPLITS = ("train", "val", "test", "buffer", "unused")
TRAIN, VAL, TEST, BUFFER, UNUSED = range(5)
CANDIDATES = 1000
_NOWHERE = -1


@dataclass(frozen=True)
class WindowCounts:
    """What a split has to balance.

    Attributes:
        valid: labelled and valid pixels per window, int64 of shape `grid.shape`.
        landslide: landslide pixels per window.
        usable: windows that may go to a split, bool.
    """

    valid: np.ndarray
    landslide: np.ndarray
    usable: np.ndarray


def spatial_split(
    grid: WindowGrid,
    counts: WindowCounts,
    block_valid: np.ndarray,
    *,
    block: int,
    buffer: int,
    shares: tuple[float, float, float],
    seed: int,
) -> np.ndarray:
    """Split windows by blocks, with a buffer between windows of different splits.

    Draws `CANDIDATES` assignments of blocks to splits in compact pieces, and keeps the one with
    the best mix of equal landslide fractions, sizes as asked, and few windows and landslides lost
    to the buffer. Where windows of two splits are too close, train gives way to val and val gives
    way to test.

    Args:
        grid: the windows.
        counts: pixels per window.
        block_valid: labelled and valid pixels per block, (block rows, block cols).
        block: edge of a block, pixels.
        buffer: least distance between windows of different splits, pixels.
        shares: wished share of train, val and test windows; sums to 1, zero leaves a split out.
        seed: of the search.

    Returns:
        Index into `SPLITS` per window, uint8 of shape `grid.shape`.

    Raises:
        SplitError: the scene has no room for all wished splits.
    """
    rng = np.random.default_rng(seed)
    rest, *drawn = (code for code in (TRAIN, VAL, TEST) if shares[code] > 0)
    region_codes = np.array([*drawn, rest, _NOWHERE])
    best, best_score = None, np.inf
    for _ in range(CANDIDATES):
        # Smaller val and test leave more of train outside their buffers: let the score decide.
        quotas = np.array([shares[code] for code in drawn]) * rng.uniform(0.5, 1.2, len(drawn))
        labels = region_codes[draw_blocks(block_valid, quotas, rng, pieces=3)]
        codes = _codes(grid, counts.usable, labels, block, buffer)
        score = _score(codes, counts, shares)
        if score < best_score:
            best, best_score = codes, score
    if best is None:
        wanted = " + ".join(s for s, share in zip(SPLITS, shares, strict=False) if share > 0)
        raise SplitError(
            f"no room for {wanted} patches of {grid.size} px that lie {buffer} px apart in blocks "
            f"of {block} px; choose a smaller `size`, `block` or `buffer`, or fewer splits"
        )
    return best


def random_split(counts: WindowCounts, shares: tuple[float, float, float], seed: int) -> np.ndarray:
    """Split windows at random, without a buffer: scores on it are optimistic.

    Returns:
        Index into `SPLITS` per window, uint8.
    """
    rng = np.random.default_rng(seed)
    codes = np.full(counts.usable.shape, UNUSED, np.uint8)
    ends = np.round(np.cumsum(shares) * counts.usable.sum()).astype(int)
    order = rng.permutation(np.flatnonzero(counts.usable))
    for code, part in enumerate(np.split(order, ends[:-1])):
        codes.flat[part] = code
    return codes


def draw_blocks(
    weights: np.ndarray, shares: np.ndarray, rng: np.random.Generator, pieces: int
) -> np.ndarray:
    """Cut compact regions out of a raster of blocks.

    Each region takes the blocks nearest to one to `pieces` random centres, until it holds its
    share of the weight; centres may lie far outside the scene, which gives strips and corners.

    Args:
        weights: (rows, cols); blocks of weight 0 belong nowhere.
        shares: share of the weight per region, (K,).
        rng: source of the centres.
        pieces: most centres of a region.

    Returns:
        int64 (rows, cols): 0 to K - 1 for the regions, K for the rest, -1 for weight 0.
    """
    rows, cols = np.nonzero(weights)
    weight = weights[rows, cols] / max(weights.sum(), 1)
    region = np.full(len(rows), len(shares))
    for k in rng.permutation(len(shares)):
        if shares[k] <= 0:
            continue
        count = rng.integers(1, pieces + 1)
        centres = rng.uniform(-1, 2, size=(count, 2)) * weights.shape
        distance = np.hypot(
            rows[:, None] + 0.5 - centres[:, 0], cols[:, None] + 0.5 - centres[:, 1]
        ).min(axis=1)
        free = np.flatnonzero(region == len(shares))
        free = free[np.argsort(distance[free], kind="stable")]
        # A block is taken when its middle is within the share; the first one always is.
        taken = np.cumsum(weight[free]) - weight[free] / 2 <= shares[k]
        taken[:1] = True
        region[free[taken]] = k
    labels = np.full(weights.shape, _NOWHERE)
    labels[rows, cols] = region
    return labels


def wholly_in(grid: WindowGrid, blocks: np.ndarray, block: int) -> np.ndarray:
    """Windows that lie wholly in the blocks where `blocks` is True; bool of shape `grid.shape`."""
    bounds = []
    for offsets in (grid.rows, grid.cols):
        bounds += [offsets // block, (offsets + grid.size - 1) // block + 1]
    row0, row1, col0, col1 = bounds
    return box_sums(summed_area(blocks), *bounds) == np.outer(row1 - row0, col1 - col0)


def _codes(
    grid: WindowGrid, usable: np.ndarray, labels: np.ndarray, block: int, buffer: int
) -> np.ndarray:
    codes = np.where(usable, BUFFER, UNUSED).astype(np.uint8)
    taken = np.zeros(grid.shape, bool)
    for code in (TEST, VAL, TRAIN):
        # Blocks without a valid pixel bind nobody: windows may reach over them.
        inside = wholly_in(grid, (labels == code) | (labels == _NOWHERE), block)
        inside &= usable
        inside &= ~grid.near(taken, buffer)
        codes[inside] = code
        taken |= inside
    return codes


def _score(codes: np.ndarray, counts: WindowCounts, shares: tuple[float, float, float]) -> float:
    """Lower is better; infinite where a wished split is empty."""
    sizes = np.bincount(codes.ravel(), minlength=5)
    if any(share > 0 and sizes[code] == 0 for code, share in enumerate(shares)):
        return np.inf
    overall = _fraction(counts, counts.usable)
    imbalance = 0.0
    for code, share in enumerate(shares):
        if share > 0 and overall > 0:
            # A split without landslide can neither train nor be scored: worst of all.
            ratio = _fraction(counts, codes == code) / overall
            imbalance += abs(np.log2(ratio)) if ratio > 0 else 20.0
            imbalance += abs(np.log2(sizes[code] / sizes[:3].sum() / share)) / 2
    # Landslides are scarce: equal fractions are worth nothing if the buffer takes most of them.
    lost = sizes[BUFFER] / counts.usable.sum()
    lost_landslide = counts.landslide[codes == BUFFER].sum() / max(counts.landslide.sum(), 1)
    return imbalance + 3 * (lost + lost_landslide)


def _fraction(counts: WindowCounts, chosen: np.ndarray) -> float:
    return counts.landslide[chosen].sum() / max(counts.valid[chosen].sum(), 1)
