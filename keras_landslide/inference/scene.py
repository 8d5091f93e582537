"""The map of a scene, however large: from bundles and a stack, or from any callable network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import astuple, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import rasterio

from keras_landslide.errors import ModelError, OutputError
from keras_landslide.evaluation.answers import Committee, Predict
from keras_landslide.files import fingerprint
from keras_landslide.inference import memory, window_choice
from keras_landslide.inference.engines.base import LoadedBundle
from keras_landslide.inference.mosaic import assemble, map_format, map_rows, strip_rows
from keras_landslide.inference.network import Network
from keras_landslide.inference.shards import Shards, open_shards
from keras_landslide.inference.strips import SceneJob, StripWorkers, strips_here
from keras_landslide.inference.windows import WINDOW_PX, Cutting, least_window
from keras_landslide.rasters.cache import limited_cache
from keras_landslide.rasters.read import source_state, stack_info
from keras_landslide.runtime.progress import progress


class Running(NamedTuple):
    """How to run; none of it changes a map by more than rounding.

    Attributes:
        memory: budget of a process, such as `4GB`; None for the default window.
        window_px: side of a window; None lets the budget or the default decide.
        batch_size: windows per call of the network.
        scheduler: address of a Dask scheduler.
        workers: processes to start on this machine.
    """

    memory: str | None = None
    window_px: int | None = None
    batch_size: int = 1
    scheduler: str | None = None
    workers: int | None = None


@dataclass(frozen=True)
class Outputs:
    """What a map holds.

    Attributes:
        estimates: names of what the network answers per pixel; bands of the map.
        missing: add a band `missing_context`, the share of missing pixels within the halo, or
            within the window for a network that sees all of it.
        stored_as: `probability` for float32, or `percent` for uint8 0 to 100 and 255 nodata.
    """

    estimates: Sequence[str] = ("probability",)
    missing: bool = False
    stored_as: str = "probability"


@dataclass(frozen=True)
class Marks:
    """What a map is known by.

    Attributes:
        identity: JSON-like description of the network; a change of it, of the stack or of the
            windows discards the strips of earlier runs.
        tags: metadata of the map.
        work_folder: for finished strips; None is a hidden folder beside the map.
    """

    identity: Any = None
    tags: Mapping[str, str] = field(default_factory=dict)
    work_folder: Path | None = None


def map_stack(
    network: Network,
    stack: str | Path,
    out: Path,
    running: Running,
    *,
    missing: bool = False,
    stored_as: str = "probability",
    tags: Mapping[str, str] | None = None,
) -> Path:
    """Write the map of a stack by a network, here or on a cluster.

    Args:
        network: bundles whose contract the stack keeps.
        stack: path or GDAL name of the stack.
        out: the map.
        running: memory, windows, workers.
        missing: as in `Outputs`.
        stored_as: as in `Outputs`.
        tags: metadata of the map.

    Raises:
        BundleError: a graph cannot be loaded.
        BudgetError: the memory is too little for one window.
        ClusterError: the scheduler does not answer, or its workers are lost.
        LandslideError: as `predict_scene` does.
    """
    budget = memory.parse_bytes(running.memory) if running.memory else None
    identity = network.identity()
    far = running.scheduler is not None or running.workers is not None
    predict = None if far else network.load()
    side = running.window_px or (WINDOW_PX if network.bounded else network.patch_size_px)
    window = side, side
    work, notes = out.with_name(f".{out.name}.work"), dict(tags or {})
    if budget is not None:
        layout = memory.Layout(
            shape=stack_info(stack).grid.shape,
            bands=len(network.band_names),
            outputs=len(network.estimates) + missing,
            bounded=network.bounded,
            halo_px=network.halo_px,
            stride_px=network.stride_px,
            batch_size=running.batch_size,
        )
        key = fingerprint([identity, budget, layout, running.window_px])
        known = window_choice.remembered_window(out, work, key)
        window = known or _fitting(network, predict, budget, layout, window, running)
        notes |= {"WINDOW_PX": window_choice.written(window), "WINDOW_KEY": key}
    with ExitStack() as context:
        workers: Any = None
        if far:
            from keras_landslide.inference.cluster import cluster_workers

            workers = context.enter_context(
                cluster_workers(network, scheduler=running.scheduler, workers=running.workers)
            )
        if budget is not None and known is None:
            window_choice.remember_window(work, key, window)
        return predict_scene(
            predict,
            stack,
            network.band_names,
            out,
            Cutting(
                network.halo_px, network.stride_px, window, network.bounded, running.batch_size
            ),
            outputs=Outputs(network.estimates, missing, stored_as),
            marks=Marks(identity, notes, work),
            workers=workers,
        )


def predict_scene(
    predict: Predict | None,
    stack_path: str | Path,
    band_names: tuple[str, ...],
    out_path: str | Path,
    cutting: Cutting,
    *,
    outputs: Outputs = Outputs(),
    marks: Marks = Marks(),
    workers: StripWorkers | None = None,
) -> Path:
    """Write the probability map of a stack as a cloud-optimised GeoTIFF.

    A network with a bounded receptive field gives what one pass over the whole scene, continued
    by reflection, would give; one that sees its whole input is blended from overlapping windows.
    Memory holds a few windows and one strip of the scene. Finished strips are kept in
    `marks.work_folder`: the same call after a kill goes on from there. A map that is already
    there for the same input is left as it is, or only copied where its tags differ.

    Args:
        predict: images float32 (B, h, w, C), raw units with NaN, to probability (B, h, w) or
            several estimates (B, h, w, E); None where `workers` have the network.
        stack_path: `stack.tif`, or a name that GDAL opens such as `/vsis3/bucket/stack.tif`.
        band_names: bands in channel order.
        out_path: the map; float32 in [0, 1], NaN where a used band has no data.
        cutting: how the scene is cut into windows.
        outputs: what the map holds.
        marks: what it is known by, and where finished strips are kept meanwhile.
        workers: what makes the strips; default this process with `predict`.

    Returns:
        `out_path`.

    Raises:
        InputFileError: the stack is truncated or missing.
        BandError: the stack lacks a band.
        NodataError: no pixel of the stack has all bands.
        OutputError: the map cannot be written, or the disk is full.
        LockedError: another process is making the same map.
        ClusterError: the workers are lost.
        UnknownNameError: `outputs.stored_as` is unknown.
    """
    out = Path(out_path)
    info = stack_info(stack_path)
    stored = map_format(outputs.stored_as)
    plan = cutting.plan(info.grid.shape)
    job = SceneJob(
        str(stack_path),
        tuple(band_names),
        plan,
        cutting.bounded,
        cutting.batch_size,
        tuple(outputs.estimates),
        outputs.missing,
    )
    strips_of = {
        "network": marks.identity,
        "stack": [*source_state(stack_path), info.tags.get("FINGERPRINT")],
        "bands": job.bands,
        "plan": [astuple(plan), cutting.bounded, cutting.batch_size],
        "outputs": job.outputs,
    }
    pixels = fingerprint([strips_of, outputs.stored_as])
    tags = dict(marks.tags)
    known_by = {"PIXELS": pixels, "FINGERPRINT": fingerprint([pixels, tags])}
    known = _known(out)
    if known.get("FINGERPRINT") == known_by["FINGERPRINT"]:
        return out
    if workers is None:
        if predict is None:
            raise ModelError("neither a network nor workers to run the scene were given")
        workers = partial(strips_here, predict)
    folder = marks.work_folder or out.with_name(f".{out.name}.work")
    # Strips were once counted along rows; a map that is complete is the same by either order.
    with limited_cache(), open_shards(folder, [strips_of, "downwards"]) as shards:
        if known.get("PIXELS") == pixels:
            rows = map_rows(out, job)
        else:
            _make_strips(job, workers, shards)
            rows = strip_rows(shards, job, stored)
        assemble(job, info, rows, shards.folder, out, stored, {**tags, **known_by})
    return out


def _fitting(
    network: Network,
    predict: LoadedBundle | Committee | None,
    budget: int,
    layout: memory.Layout,
    window: tuple[int, int],
    running: Running,
) -> tuple[int, int]:
    """The window that fits; one that was asked for, or is the network's own, is only checked.

    Workers of this machine share its GPU.
    """
    loaded = predict or network.load()
    cost = memory.measure_cost(loaded, layout, network.pool_use)
    most_px = window_choice.LARGEST_PX
    if loaded.most_px is not None:
        most_px = min(most_px, loaded.most_px // layout.batch_size // (running.workers or 1))
    if layout.bounded and running.window_px is None:
        return window_choice.best_window(budget, cost, layout, most_px)
    if layout.bounded:
        side = max(running.window_px or 0, least_window(layout.halo_px, layout.stride_px))
        window = side, side
    memory.check_window(budget, window, cost, layout)
    return window


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
