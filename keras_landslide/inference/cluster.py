"""The strips of a scene on a Dask cluster: the same strips, stored by this process alone.

Workers read the stack and send finished strips back, so they need no place to write. A worker
that is lost costs what it had in hand: its strips are given to another.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Any

import numpy as np

from keras_landslide.errors import BundleError, ClusterError, LandslideError
from keras_landslide.files import fingerprint
from keras_landslide.inference.bundle import read_bundle
from keras_landslide.inference.job import SceneJob, StripWorkers, strips_here
from keras_landslide.inference.network import Network
from keras_landslide.inference.run import Predict
from keras_landslide.inference.strips import Store
from keras_landslide.rasters.read import source_state

ANSWER_S = 20.0
"""How long a scheduler may take to answer, and a first worker to appear."""
RETRIES = 2
"""How often a failing strip is tried again, for a network drive that stumbles."""
BLENDED_RUN = 4
"""Blended strips per task: neighbours share a row of windows, which a task computes once."""

_loading = Lock()
_loaded: dict[str, Predict] = {}


@contextmanager
def cluster_workers(
    network: Network, *, scheduler: str | None = None, workers: int | None = None
) -> Iterator[StripWorkers]:
    """Yield what makes strips on a cluster, for `predict_scene(workers=...)`.

    Args:
        network: bundles; their folders have to be readable under the same path on every machine.
        scheduler: address of a running Dask scheduler, such as `tcp://10.0.0.1:8786`.
        workers: else, this many processes are started on this machine.

    Raises:
        ClusterError: Dask is not installed, the scheduler does not answer, or has no worker.
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise ClusterError(
            "Dask is not installed; install it with `pip install keras-landslide[cluster]`"
        ) from error
    # What is worth saying of lost workers is said in one line, by the error.
    for name in ("distributed", "distributed.nanny", "distributed.scheduler", "distributed.core"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    cluster = None
    try:
        if scheduler is None:
            cluster = LocalCluster(
                n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None,
                memory_limit=0, silence_logs=logging.CRITICAL,
            )  # fmt: skip
        client = _connect(Client, cluster or scheduler)
        try:
            yield lambda job, todo, store: _strips(client, network, job, todo, store)
        finally:
            with suppress(Exception):
                client.close(timeout=ANSWER_S)
    finally:
        if cluster is not None:
            with suppress(Exception):
                cluster.close(timeout=ANSWER_S)


def _connect(client_type: Any, where: Any) -> Any:
    try:
        client = client_type(where, timeout=ANSWER_S)
    except (OSError, ValueError, TimeoutError) as error:
        raise ClusterError(
            f"{where}: no Dask scheduler answers there; start one with `dask scheduler` or check "
            "the address"
        ) from error
    try:
        client.wait_for_workers(1, timeout=ANSWER_S)
    except TimeoutError as error:
        client.close(timeout=ANSWER_S)
        raise ClusterError(
            f"{where}: the scheduler has no worker; start some with `dask worker {where}`"
        ) from error
    return client


def _strips(
    client: Any, network: Network, job: SceneJob, todo: list[int], store: Store
) -> Iterator[None]:
    """Give strips to the cluster, a few more than it has workers, and store what comes back."""
    from distributed import as_completed

    state = source_state(job.stack)
    runs = iter(_runs(job, todo))
    given: dict[Any, list[int]] = {}
    finished = as_completed(raise_errors=False)

    def give() -> None:
        while len(given) < 2 * max(len(client.nthreads()), 1) and (run := next(runs, None)):
            future = client.submit(
                make_strips, network, job, run, state, retries=RETRIES, pure=False
            )
            given[future] = run
            finished.add(future)

    counted = 0
    try:
        give()
        for future in finished:
            run = given.pop(future)
            for index, strip in zip(run, _result(future, run), strict=True):
                store(index, strip)
            future.release()
            give()
            for _ in range(job.window_count(run)):
                counted += 1
                if counted <= job.window_count(todo):
                    yield
    except LandslideError:
        raise
    except (OSError, RuntimeError, TimeoutError) as error:
        raise _lost(error) from error
    finally:
        with suppress(Exception):
            client.cancel(list(given))


def _runs(job: SceneJob, todo: list[int]) -> list[list[int]]:
    """Strips by task: one by one, or neighbours together where they share windows."""
    if job.bounded:
        return [[index] for index in todo]
    runs: list[list[int]] = []
    for index in todo:
        if runs and runs[-1][-1] == index - 1 and len(runs[-1]) < BLENDED_RUN:
            runs[-1].append(index)
        else:
            runs.append([index])
    return runs


def _result(future: Any, run: list[int]) -> list[np.ndarray]:
    from distributed import KilledWorker

    if future.status == "finished":
        return future.result()
    if future.status == "cancelled":
        raise _lost(None)
    error = future.exception()
    if isinstance(error, LandslideError):
        raise error
    if isinstance(error, KilledWorker):
        raise ClusterError(
            f"strip {run[0]} was lost with its worker several times; does it run out of memory? "
            "Try a smaller --memory, and run again: finished strips are kept"
        ) from error
    if isinstance(error, OSError | RuntimeError):
        raise _lost(error) from error
    raise error


def _lost(error: BaseException | None) -> ClusterError:
    reason = f" ({str(error).splitlines()[0]})" if error and str(error) else ""
    return ClusterError(
        f"the connection to the cluster was lost{reason}; run again: finished strips are kept"
    )


def make_strips(
    network: Network, job: SceneJob, run: list[int], state: list[Any]
) -> list[np.ndarray]:
    """Make a run of strips; runs on a worker, which loads the network once.

    Raises:
        ClusterError: the worker sees another stack under the same path.
        LandslideError: as `strips_here` does.
    """
    if source_state(job.stack)[0] != state[0]:
        raise ClusterError(f"{job.stack}: is another file on a worker; share one among all")
    strips: dict[int, np.ndarray] = {}
    failure = None
    try:
        for _ in strips_here(_network(network), job, run, strips.__setitem__):
            pass
    except LandslideError as error:
        # Without its cause: GDAL's errors cannot travel, and would take this one with them.
        failure = type(error)(str(error))
    if failure is not None:
        raise failure
    return [strips[index] for index in run]


def _network(network: Network) -> Predict:
    """The loaded network; kept until another one is asked for.

    Raises:
        BundleError: the worker has another bundle under the same path.
    """
    for bundle in network.bundles:
        if read_bundle(bundle.folder) != bundle:
            raise BundleError(f"{bundle.folder}: is another bundle on a worker; share one")
    bundles = [[str(bundle.folder), dict(bundle.contract)] for bundle in network.bundles]
    key = fingerprint([bundles, network.symmetries, network.dropout_draws])
    with _loading:
        if key not in _loaded:
            _loaded.clear()
            _loaded[key] = network.load()
        return _loaded[key]
