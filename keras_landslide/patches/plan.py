"""From a stack to a patch table: windows, their pixel counts, split and folds."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keras_landslide.bands import image_model_bands, require_bands
from keras_landslide.errors import NodataError, SplitError
from keras_landslide.files import keep_inputs
from keras_landslide.options import MOST_PX, MOST_SEED
from keras_landslide.patches.coverage import measure_coverage
from keras_landslide.patches.folds import fold_split, spatial_folds
from keras_landslide.patches.split import (
    SPLITS,
    TRAIN,
    UNUSED,
    WindowCounts,
    random_split,
    spatial_split,
)
from keras_landslide.patches.table import Patch, grid_tags, write_patches
from keras_landslide.patches.windows import WindowGrid, window_grid
from keras_landslide.rasters.read import StackInfo, stack_info

SPLIT_KINDS = ("spatial", "random")


@dataclass(frozen=True)
class PatchSettings:
    """How to cut and split.

    Attributes:
        size: edge of a patch, pixels.
        overlap: share of the edge that neighbouring patches have in common, [0, 1).
        block: edge of a block that goes to one split as a whole, pixels; None chooses one to four
            patches, so that a scene has at least eight blocks on a side where it can.
        buffer: least distance between patches of different splits, pixels; None is one patch.
        split: shares of train, val and test; they sum to 1, and 0 leaves one out.
        split_kind: `spatial`, or `random` (without blocks and buffer: scores are optimistic).
        folds: number of folds of blocked k-fold.
        test_fold: the fold that is the test split, the next one being val and the others train;
            None splits by `split`.
        seed: of the search for a good split.
        image_model: bands that have to be valid; None takes all bands of the stack.
        minimum_valid: patches with a smaller labelled and valid share are `unused`.
    """

    size: int = 128
    overlap: float = 0.5
    block: int | None = None
    buffer: int | None = None
    split: tuple[float, float, float] = (0.6, 0.2, 0.2)
    split_kind: str = "spatial"
    folds: int = 5
    test_fold: int | None = None
    seed: int = 0
    image_model: str | None = None
    minimum_valid: float = 0.5

    def resolved(self, shape: tuple[int, int]) -> tuple[int, int]:
        """Block and buffer in pixels for a scene of `shape`.

        Raises:
            SplitError: a setting is out of range.
        """
        if len(self.split) != 3 or min(self.split) < 0 or not math.isclose(sum(self.split), 1):
            raise SplitError(
                f"`split` {','.join(map(str, self.split))} should be three shares of train, val "
                "and test that sum to 1, such as 0.6,0.2,0.2"
            )
        if self.split_kind not in SPLIT_KINDS:
            raise SplitError(
                f"unknown split '{self.split_kind}'; choose {' or '.join(SPLIT_KINDS)}"
            )
        if not 1 <= self.size <= MOST_PX or not 0 <= self.seed <= MOST_SEED:
            raise SplitError(
                f"`size` has to be from 1 to {MOST_PX}, and `seed` from 0 to {MOST_SEED}"
            )
        block = self.block
        if block is None:
            block = self.size * min(max(min(shape) // (8 * self.size), 1), 4)
        buffer = self.size if self.buffer is None else self.buffer
        if not (1 <= block <= MOST_PX and 0 <= buffer <= MOST_PX and self.folds >= 1):
            raise SplitError(
                f"`block` has to be from 1 to {MOST_PX}, `buffer` from 0 to {MOST_PX}, and "
                "`folds` at least 1"
            )
        if self.test_fold is not None and (self.split_kind == "random" or self.folds < 3):
            raise SplitError(
                "`test_fold` needs a spatial split and at least 3 `folds`: one is test, one val"
            )
        return block, buffer


def make_patches(stack: str | Path, out: str | Path, settings: PatchSettings) -> list[Patch]:
    """Plan the patches of a stack and write them to the GeoPackage `out`.

    Raises:
        as `plan_patches`; OutputError: the file cannot be written, or is the stack.
    """
    keep_inputs(out, [stack])
    info = stack_info(stack)
    patches = plan_patches(stack, settings)
    write_patches(out, patches, info.grid, _tags(info, Path(out), settings))
    return patches


def plan_patches(stack: str | Path, settings: PatchSettings) -> list[Patch]:
    """Windows of a stack with their split, fold, block and fractions; reads it tile by tile.

    Raises:
        BandError: the stack has no label, or lacks a band of the image model.
        NodataError: no window is labelled and valid enough.
        SplitError: the split cannot be made, or train has no landslide pixel.
    """
    info = stack_info(stack)
    names = _bands(info, settings)
    shape = info.grid.shape
    block, buffer = settings.resolved(shape)
    grid = window_grid(shape, settings.size, settings.overlap)
    coverage = measure_coverage(stack, names, shape, grid, block)
    valid, landslide = coverage.windows(grid)
    usable = valid >= max(settings.minimum_valid * settings.size**2, 1)
    counts = WindowCounts(valid, landslide, usable)
    block_valid, block_landslide = coverage.blocks(block)
    _check(counts, settings, stack, names)
    if settings.test_fold is not None:
        codes = np.where(usable, TRAIN, UNUSED)
    elif settings.split_kind == "random":
        codes = random_split(counts, settings.split, settings.seed)
    else:
        codes = spatial_split(
            grid,
            counts,
            block_valid,
            block=block,
            buffer=buffer,
            shares=settings.split,
            seed=settings.seed,
        )
    if settings.split[TRAIN] > 0 and not landslide[codes == TRAIN].any():
        raise SplitError(
            f"{stack}: no landslide pixel falls in the train split; choose another `seed`, a "
            "smaller `block` or `buffer`, or a larger share of train"
        )
    fold = spatial_folds(
        grid, block_valid, block_landslide, block=block, folds=settings.folds, seed=settings.seed
    )
    fold[codes == UNUSED] = -1
    rows = _rows(grid, codes, fold, counts, block, block_valid.shape[1])
    if settings.test_fold is None:
        return rows
    rows = fold_split(rows, settings.test_fold, buffer)
    if not any(row.split == "train" and row.landslide_fraction > 0 for row in rows):
        raise SplitError(
            f"{stack}: no landslide pixel is left to train on beside fold {settings.test_fold} and "
            "its buffer; choose another `seed`, or a smaller `block` or `buffer`"
        )
    return rows


def _bands(info: StackInfo, settings: PatchSettings) -> tuple[str, ...]:
    require_bands(("label",), info.band_names, str(info.path))
    if settings.image_model is None:
        return tuple(name for name in info.band_names if name not in ("label", "cloud"))
    names = image_model_bands(settings.image_model)
    require_bands(names, info.band_names, str(info.path))
    return names


def _check(
    counts: WindowCounts, settings: PatchSettings, stack: str | Path, names: tuple[str, ...]
) -> None:
    if not counts.usable.any():
        raise NodataError(
            f"{stack}: no patch of {settings.size} px is labelled and valid in "
            f"{', '.join(names)} over {settings.minimum_valid:.0%} of its area; check the nodata "
            "values, or choose a smaller `size` or `minimum_valid`"
        )
    if settings.split[TRAIN] > 0 and not counts.landslide[counts.usable].any():
        raise SplitError(
            f"{stack}: there is no landslide pixel to learn from; check that the inventory "
            "overlaps the scene and holds polygons"
        )


def _rows(
    grid: WindowGrid,
    codes: np.ndarray,
    fold: np.ndarray,
    counts: WindowCounts,
    block: int,
    block_cols: int,
) -> list[Patch]:
    block_row = (grid.rows + grid.size // 2) // block
    block_col = (grid.cols + grid.size // 2) // block
    fraction = counts.landslide / np.maximum(counts.valid, 1)
    valid = counts.valid / grid.size**2
    return [
        Patch(
            patch_id,
            *grid.window(i, j),
            split=SPLITS[codes[i, j]],
            fold=int(fold[i, j]),
            block=int(block_row[i] * block_cols + block_col[j]),
            landslide_fraction=float(fraction[i, j]),
            valid_fraction=float(valid[i, j]),
        )
        for patch_id, (i, j) in enumerate(np.ndindex(grid.shape))
    ]


def _tags(info: StackInfo, out: Path, settings: PatchSettings) -> dict[str, Any]:
    block, buffer = settings.resolved(info.grid.shape)
    kind = settings.split_kind
    if kind == "random":
        kind += " (optimistic: windows of different splits touch and overlap)"
    elif settings.test_fold is not None:
        kind += f" (fold {settings.test_fold} of {settings.folds} is test)"
    return {
        # Relative, so that a folder that is moved as a whole keeps its links and its bytes.
        "stack": os.path.relpath(info.path.resolve(), out.resolve().parent),
        "stack_fingerprint": info.tags.get("FINGERPRINT", ""),
        **grid_tags(info.grid),
        "simulated": "yes" if info.simulated else "no",
        "patch_size_px": settings.size,
        "stride_px": max(1, round(settings.size * (1 - settings.overlap))),
        "block_px": block,
        "buffer_px": buffer if settings.split_kind == "spatial" else 0,
        "seed": settings.seed,
        "split": ",".join(map(str, settings.split)),
        "split_kind": kind,
        "folds": settings.folds,
        # GDAL keeps no empty value.
        "test_fold": "" if settings.test_fold is None else settings.test_fold,
        "image_model": settings.image_model or "all bands",
        "minimum_valid": settings.minimum_valid,
    }
