"""The runs of an audit: one basin under a split, and one basin left out of the training."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from keras_landslide.config import RunConfig

if TYPE_CHECKING:
    import numpy as np

    from keras_landslide.patches.plan import PatchSettings


def cut_again(run: RunConfig, settings: PatchSettings, kind: str, table: Path) -> RunConfig:
    """The run with patches of another split, cut into `table`."""
    from keras_landslide.patches.plan import make_patches

    fold = settings.test_fold if kind == "spatial" else None
    make_patches(run.data.stack, table, replace(settings, split_kind=kind, test_fold=fold))
    return run.with_values(data={"patches": str(table.resolve())})


def split_blocks(run: RunConfig, home: Path, block_px: int) -> np.ndarray:
    """Train on a basin and score its test patches: tp, fp, fn, tn by block, int64 (N, 4).

    Raises:
        LandslideError: the run cannot be trained, or `home` not written.
    """
    from keras_landslide.workflows.train import train_run

    train_run(run, home / "run", quiet=True)
    return _scored(run, home, block_px)


def left_out_blocks(
    others: Sequence[RunConfig], left_out: RunConfig, home: Path, block_px: int
) -> np.ndarray:
    """Train on other basins and score the test patches of the one left out.

    Args:
        others: runs of the basins to learn from, with their patches.
        left_out: the run of the basin that is scored.
        home: folder for run, bundle and map.
        block_px: edge of the blocks, pixels.

    Raises:
        LandslideError: as `split_blocks`, or a basin breaks the others' contract.
    """
    from keras_landslide.files import fingerprint, write_text
    from keras_landslide.runtime.lock import folder_lock
    from keras_landslide.workflows.contract import data_fingerprint
    from keras_landslide.workflows.train import train_run

    sources = [source for other in others for source in other.data.sources]
    config = left_out.with_values(data={"source": tuple(sources)})
    # The patches of both sides are cut anew where the audit's settings change.
    learnt_from = fingerprint([config.to_dict(), data_fingerprint(config)])
    note = home / "learnt_from.txt"
    with folder_lock(home, "audit"):
        known = note.read_text(encoding="utf-8") if note.exists() else None
        if known != learnt_from:
            for stale in ("run", "bundle", "map"):
                shutil.rmtree(home / stale, ignore_errors=True)
            write_text(note, learnt_from)
        train_run(config, home / "run", quiet=True)
    return _scored(left_out, home, block_px)


def _scored(run: RunConfig, home: Path, block_px: int) -> np.ndarray:
    """Export, map the run's own stack, and count its test patches block by block."""
    from keras_landslide.bundle.read import read_bundle
    from keras_landslide.evaluation.assess import assess
    from keras_landslide.rasters.read import stack_info
    from keras_landslide.runtime.quiet import quiet_tensorflow
    from keras_landslide.workflows.predict import predict
    from keras_landslide.workflows.scored_pixels import patch_windows

    bundle, stack = home / "bundle", run.data.stack
    if not (bundle / "bundle.json").exists():
        with quiet_tensorflow():
            from keras_landslide.bundle.export import export_bundle

        export_bundle(home / "run", bundle)
    probability = predict(bundle, stack, home / "map")["probability"]
    numbered = patch_windows(run.data.patches, "test", stack_info(stack).grid)
    windows = [window for _, window in numbered]
    threshold = read_bundle(bundle).threshold
    regions = assess(probability, stack, threshold, windows=windows, block_px=block_px)
    return regions["all"].blocks
