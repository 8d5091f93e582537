"""A probability map of a whole scene, however large, from any callable network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import rasterio

from keras_landslide.errors import NodataError, OutputError
from keras_landslide.files import file_state, fingerprint
from keras_landslide.inference.run import Predict, WindowRunner
from keras_landslide.inference.shards import Shards, open_shards
from keras_landslide.inference.strips import blended_strips, blended_window_count, exact_strips
from keras_landslide.inference.windows import WindowPlan, blended_plan, exact_plan
from keras_landslide.progress import progress
from keras_landslide.rasters.cache import limited_cache
from keras_landslide.rasters.read import BandReader, stack_info
from keras_landslide.rasters.write import RasterWriter, to_cog

WINDOW_PX = 768
"""Default side of a window: about 1 GB of memory with 32 filters, and little halo wasted."""


def predict_scene(
    predict: Predict,
    stack_path: str | Path,
    band_names: tuple[str, ...],
    out_path: str | Path,
    *,
    halo_px: int,
    stride_px: int,
    window_px: int = WINDOW_PX,
    bounded: bool = True,
    batch_size: int = 1,
    work_folder: str | Path | None = None,
    identity: Any = None,
    tags: Mapping[str, str] | None = None,
) -> Path:
    """Write the probability map of a stack as a cloud-optimised GeoTIFF.

    A network with a bounded receptive field gives what one pass over the whole scene, continued
    by reflection, would give; one that sees its whole input is blended from overlapping windows.
    Memory holds a few windows and one strip of the scene. Finished strips are kept in
    `work_folder`: the same call after a kill goes on from there, and a map that is already there
    for the same input is left as it is.

    Args:
        predict: images float32 (B, h, w, C), raw units with NaN, to probability (B, h, w).
        stack_path: `stack.tif`.
        band_names: bands in channel order.
        out_path: the map; float32 in [0, 1], NaN where a used band has no data.
        halo_px: receptive-field radius rounded up to a multiple of `stride_px`.
        stride_px: product of the network's downsampling factors.
        window_px: side of a window; memory and speed grow with it. A bounded network's smallest
            is twice the halo plus the stride, and smaller values are raised to it.
        bounded: whether the receptive field is bounded.
        batch_size: windows per call; 1 is best without a GPU.
        work_folder: for finished strips; default a hidden folder beside `out_path`.
        identity: JSON-like description of the network; a change of it, of the stack or of the
            windows discards the strips of earlier runs.
        tags: metadata of the map.

    Returns:
        `out_path`.

    Raises:
        InputFileError: the stack is truncated or missing.
        BandError: the stack lacks a band.
        NodataError: no pixel of the stack has all bands.
        OutputError: the map cannot be written, or the disk is full.
        LockedError: another process is making the same map.
    """
    out = Path(out_path)
    info = stack_info(stack_path)
    if bounded:
        size = max(window_px, 2 * halo_px + stride_px)
        plan = exact_plan(info.grid.shape, window_px=size, halo_px=halo_px, stride_px=stride_px)
    else:
        plan = blended_plan(info.grid.shape, window_px=window_px, stride_px=stride_px)
    state = file_state(stack_path)
    whole = {
        "network": identity,
        "stack": [state["size"], state["mtime_ns"], info.tags.get("FINGERPRINT")],
        "bands": band_names,
        "plan": [plan.shape, plan.core, plan.margin_px, bounded, batch_size],
        "tags": dict(tags or {}),
    }
    if _finished(out, fingerprint(whole)):
        return out
    folder = Path(work_folder) if work_folder else out.with_name(f".{out.name}.work")
    with limited_cache(), open_shards(folder, whole) as shards:
        with BandReader(stack_path) as reader:
            _predict_strips(
                plan, WindowRunner(predict, reader, band_names, batch_size), shards, bounded
            )
        merged = folder / "merged.tif"
        marks = {**(tags or {}), "FINGERPRINT": fingerprint(whole)}
        with RasterWriter(merged, info.grid, names=["probability"], tags=marks) as writer:
            valid = False
            for index in range(plan.strip_count):
                strip = shards.load(index)
                valid = valid or bool((strip >= 0).any())
                writer.write(strip, plan.strip(index))
        if not valid:
            raise NodataError(
                f"{stack_path}: no pixel has all of the bands {', '.join(band_names)}; check that "
                "the rasters of the recipe overlap"
            )
        to_cog(merged, out)
    return out


def _predict_strips(plan: WindowPlan, runner: WindowRunner, shards: Shards, bounded: bool) -> None:
    done = shards.done()
    todo = [index for index in range(plan.strip_count) if index not in done]
    if bounded:
        steps = exact_strips(plan, runner, todo, shards.save)
        total = len(todo) * plan.column_count
    else:
        steps = blended_strips(plan, runner, todo, shards.save)
        total = blended_window_count(plan, todo)
    for _ in progress(steps, "predict", total=total, unit="window"):
        pass


def _finished(out: Path, mark: str) -> bool:
    """Whether `out` is the map of the same input; maps appear only when they are complete."""
    if out.is_dir():
        raise OutputError(f"{out}: is a folder; choose another output")
    try:
        with rasterio.open(out) as src:
            return src.tags().get("FINGERPRINT") == mark
    except rasterio.errors.RasterioIOError:
        return False
