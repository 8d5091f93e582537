"""A probability map of a whole scene, however large, from any callable network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple
from functools import partial
from pathlib import Path
from typing import Any

import rasterio

from keras_landslide.errors import ModelError, OutputError
from keras_landslide.files import fingerprint
from keras_landslide.inference.engines.base import Predict
from keras_landslide.inference.job import SceneJob, StripWorkers, strips_here
from keras_landslide.inference.mosaic import assemble, map_format, map_rows, strip_rows
from keras_landslide.inference.shards import Shards, open_shards
from keras_landslide.inference.windows import blended_plan, both_sides, exact_plan, least_window
from keras_landslide.rasters.cache import limited_cache
from keras_landslide.rasters.read import source_state, stack_info
from keras_landslide.runtime.progress import progress

WINDOW_PX = 768
"""Default side of a window: about 1 GB of memory with 32 filters, and little halo wasted."""


def predict_scene(
    predict: Predict | None,
    stack_path: str | Path,
    band_names: tuple[str, ...],
    out_path: str | Path,
    *,
    halo_px: int,
    stride_px: int,
    window_px: int | tuple[int, int] = WINDOW_PX,
    bounded: bool = True,
    batch_size: int = 1,
    estimates: Sequence[str] = ("probability",),
    missing: bool = False,
    stored_as: str = "probability",
    workers: StripWorkers | None = None,
    work_folder: str | Path | None = None,
    identity: Any = None,
    tags: Mapping[str, str] | None = None,
) -> Path:
    """Write the probability map of a stack as a cloud-optimised GeoTIFF.

    A network with a bounded receptive field gives what one pass over the whole scene, continued
    by reflection, would give; one that sees its whole input is blended from overlapping windows.
    Memory holds a few windows and one strip of the scene. Finished strips are kept in
    `work_folder`: the same call after a kill goes on from there. A map that is already there for
    the same input is left as it is, or only copied where its `tags` differ.

    Args:
        predict: images float32 (B, h, w, C), raw units with NaN, to probability (B, h, w) or
            several estimates (B, h, w, E); None where `workers` have the network.
        stack_path: `stack.tif`, or a name that GDAL opens such as `/vsis3/bucket/stack.tif`.
        band_names: bands in channel order.
        out_path: the map; float32 in [0, 1], NaN where a used band has no data.
        halo_px: receptive-field radius rounded up to a multiple of `stride_px`.
        stride_px: product of the network's downsampling factors.
        window_px: side of a window, or (height, width) of a bounded network's; memory and speed
            grow with it. A bounded network's smallest side is twice the halo plus the stride, and
            smaller values are raised to it.
        bounded: whether the receptive field is bounded.
        batch_size: windows per call; 1 is best without a GPU.
        estimates: names of what `predict` answers per pixel; bands of the map.
        missing: add a band `missing_context`, the share of missing pixels within the halo, or
            within the window for a network that sees all of it.
        stored_as: `probability` for float32, or `percent` for uint8 0 to 100 and 255 nodata.
        workers: what makes the strips; default this process with `predict`.
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
        ClusterError: the workers are lost.
        UnknownNameError: `stored_as` is unknown.
    """
    out = Path(out_path)
    info = stack_info(stack_path)
    stored = map_format(stored_as)
    if bounded:
        least = least_window(halo_px, stride_px)
        height, width = (max(side, least) for side in both_sides(window_px))
        plan = exact_plan(
            info.grid.shape,
            window_px=(height, width),
            halo_px=halo_px,
            stride_px=stride_px,
            batch_size=batch_size,
        )
    else:
        side = min(both_sides(window_px))
        plan = blended_plan(info.grid.shape, window_px=side, stride_px=stride_px)
    job = SceneJob(
        str(stack_path), tuple(band_names), plan, bounded, batch_size, tuple(estimates), missing
    )
    strips_of = {
        "network": identity,
        "stack": [*source_state(stack_path), info.tags.get("FINGERPRINT")],
        "bands": job.bands,
        "plan": [astuple(plan), bounded, batch_size],
        "outputs": job.outputs,
    }
    pixels = fingerprint([strips_of, stored_as])
    marks = {"PIXELS": pixels, "FINGERPRINT": fingerprint([pixels, dict(tags or {})])}
    known = _known(out)
    if known.get("FINGERPRINT") == marks["FINGERPRINT"]:
        return out
    if workers is None:
        if predict is None:
            raise ModelError("neither a network nor workers to run the scene were given")
        workers = partial(strips_here, predict)
    folder = Path(work_folder) if work_folder else out.with_name(f".{out.name}.work")
    # Strips were once counted along rows; a map that is complete is the same by either order.
    with limited_cache(), open_shards(folder, [strips_of, "downwards"]) as shards:
        if known.get("PIXELS") == pixels:
            rows = map_rows(out, job)
        else:
            _make_strips(job, workers, shards)
            rows = strip_rows(shards, job, stored)
        assemble(job, info, rows, shards.folder, out, stored, {**(tags or {}), **marks})
    return out


def _make_strips(job: SceneJob, workers: StripWorkers, shards: Shards) -> None:
    done = shards.done()
    todo = [index for index in range(job.plan.strip_count) if index not in done]
    steps = workers(job, todo, shards.save)
    for _ in progress(steps, "predict", total=job.window_count(todo), unit="window"):
        pass


def _known(out: Path) -> dict[str, str]:
    """Tags of a map that is there already; maps appear only when they are complete."""
    if out.is_dir():
        raise OutputError(f"{out}: is a folder; choose another output")
    try:
        with rasterio.open(out) as src:
            return src.tags()
    except rasterio.errors.RasterioIOError:
        return {}
