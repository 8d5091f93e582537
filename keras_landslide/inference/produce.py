"""From bundles and a stack to the map: choose the window, choose who works, run."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from keras_landslide.files import fingerprint
from keras_landslide.inference import memory, window_choice
from keras_landslide.inference.committee import Committee
from keras_landslide.inference.engines.base import LoadedBundle, pool_use
from keras_landslide.inference.network import Network
from keras_landslide.inference.scene import WINDOW_PX, predict_scene
from keras_landslide.inference.windows import least_window
from keras_landslide.rasters.read import stack_info


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


def produce_map(
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
        missing: as in `predict_scene`.
        stored_as: as in `predict_scene`.
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
            halo_px=network.halo_px,
            stride_px=network.stride_px,
            window_px=window,
            bounded=network.bounded,
            batch_size=running.batch_size,
            estimates=network.estimates,
            missing=missing,
            stored_as=stored_as,
            workers=workers,
            work_folder=work,
            identity=identity,
            tags=notes,
        )


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
    cost = memory.measure_cost(loaded, layout, partial(pool_use, network.engine))
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
