"""The strips of a scene on a Dask cluster: the same strips, stored by this process alone.

Workers read the stack and send finished strips back, so they need no place to write. A worker
that is lost costs what it had in hand: its strips are given to another.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import fields
from threading import Lock
from typing import Any

import numpy as np

from keras_landslide.bundle.read import read_bundle
from keras_landslide.errors import BundleError, ClusterError
from keras_landslide.evaluation.answers import Predict
from keras_landslide.files import fingerprint
from keras_landslide.inference.network import Network
from keras_landslide.inference.strips import SceneJob, Store, StripWorkers, strips_here
from keras_landslide.rasters.read import source_state
from keras_landslide.runtime.cluster import (
    connection_errors,
    dask_client,
    in_flight,
    result_of,
    submit,
)

RUN = 4
"""Strips per task, at most: the next window is read while one is in the network, and blended
neighbours share a row of windows, which a task computes once."""
KEPT = "finished strips are kept"

_loading = Lock()
_loaded: dict[str, Predict] = {}


@contextmanager
def cluster_workers(
    network: Network, *, scheduler: str | None = None, workers: int | None = None
) -> Iterator[StripWorkers]:
    """Yield what makes strips on a cluster, for `predict_scene(workers=...)`.

    Args:
        network: bundles; their folders have to be readable under the same path on every machine.
        scheduler: as in `dask_client`.
        workers: as in `dask_client`.

    Raises:
        ClusterError: as `dask_client` does.
    """
    with dask_client(scheduler, workers) as client:
        yield lambda job, todo, store: _strips(client, network, job, todo, store)


def _strips(
    client: Any, network: Network, job: SceneJob, todo: list[int], store: Store
) -> Iterator[None]:
    """Give strips to the cluster, a few more than it has workers, and store what comes back."""
    from distributed import as_completed

    state, device = source_state(job.stack), network.device
    runs = iter(_runs(job, todo, in_flight(client)))
    given: dict[Any, list[int]] = {}
    finished = as_completed(raise_errors=False)

    def give() -> None:
        while len(given) < in_flight(client) and (run := next(runs, None)):
            future = submit(client, make_strips, network, job, run, state, device)
            given[future] = run
            finished.add(future)

    counted, total = 0, job.window_count(todo)
    try:
        with connection_errors(KEPT):
            give()
            for future in finished:
                run = given.pop(future)
                strips = result_of(future, f"strip {run[0]}", KEPT)
                for index, strip in zip(run, strips, strict=True):
                    store(index, strip)
                future.release()
                give()
                for _ in range(job.window_count(run)):
                    counted += 1
                    if counted <= total:
                        yield
    finally:
        with suppress(Exception):
            client.cancel(list(given))


def _runs(job: SceneJob, todo: list[int], tasks: int) -> list[list[int]]:
    """Strips by task: neighbours together, of exact ones no more than give so many tasks."""
    most = max(1, min(RUN, len(todo) // tasks)) if job.bounded else RUN
    runs: list[list[int]] = []
    for index in todo:
        if runs and runs[-1][-1] == index - 1 and len(runs[-1]) < most:
            runs[-1].append(index)
        else:
            runs.append([index])
    return runs


def make_strips(
    network: Network, job: SceneJob, run: list[int], state: list[Any], device: str | None
) -> list[np.ndarray]:
    """Make a run of strips; runs on a worker, which loads the network once.

    Raises:
        ClusterError: the worker sees another stack under the same path, or computes on another
            kind of device than the one that strips are stored under.
        LandslideError: as `strips_here` does.
    """
    if source_state(job.stack)[0] != state[0]:
        raise ClusterError(f"{job.stack}: is another file on a worker; share one among all")
    if network.device != device:
        raise ClusterError(
            f"a worker's {network.engine} computes on {network.device}, that of this process on "
            f"{device}, and their answers differ; use one kind of device"
        )
    strips: dict[int, np.ndarray] = {}
    for _ in strips_here(_network(network), job, run, strips.__setitem__):
        pass
    return [strips[index] for index in run]


def _network(network: Network) -> Predict:
    """The loaded network; kept until another one is asked for.

    Raises:
        BundleError: the worker has another bundle under the same path.
    """
    for bundle in network.bundles:
        if read_bundle(bundle.folder).contract != bundle.contract:
            raise BundleError(f"{bundle.folder}: is another bundle on a worker; share one")
    rest = {each.name: getattr(network, each.name) for each in fields(network)}
    bundles = [
        [str(each.folder), each.contract.to_dict(), each.calibrated] for each in rest.pop("bundles")
    ]
    key = fingerprint([bundles, rest])
    with _loading:
        if key not in _loaded:
            _loaded.clear()
            _loaded[key] = network.load()
        return _loaded[key]
