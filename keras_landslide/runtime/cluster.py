"""A Dask cluster: reach it, give it work, and say in one line what went wrong.

Both stacking and scene inference hand it tasks whose results this process alone stores.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from keras_landslide.errors import ClusterError, LandslideError

ANSWER_S = 20.0
"""How long a scheduler may take to answer, and a first worker to appear."""
RETRIES = 2
"""How often a failing task is tried again, for a network drive that stumbles."""


@contextmanager
def dask_client(scheduler: str | None = None, workers: int | None = None) -> Iterator[Any]:
    """Yield a client of a running cluster, or of processes started here for the block.

    Args:
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
                n_workers=workers, threads_per_worker=1, processes=True, memory_limit=0,
                dashboard_address="127.0.0.1:0", silence_logs=logging.CRITICAL,
            )  # fmt: skip
        client = _connect(Client, cluster or scheduler)
        try:
            yield client
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
            f"{where}: the scheduler has no worker; start some with "
            f"`dask worker {where} --nthreads 1 --memory-limit 0`"
        ) from error
    return client


def in_flight(client: Any) -> int:
    """How many tasks to have with the cluster: a few more than it has workers."""
    return 2 * max(len(client.nthreads()), 1)


def submit(client: Any, function: Callable[..., Any], *arguments: Any) -> Any:
    """Give a task to the cluster: a future for `result_of`."""
    return client.submit(_plainly, function, *arguments, retries=RETRIES, pure=False)


def _plainly(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call on a worker; errors without their cause, since GDAL's errors cannot travel."""
    try:
        return function(*arguments)
    except LandslideError as error:
        failure = type(error)(str(error))
    raise failure


@contextmanager
def connection_errors(kept: str) -> Iterator[None]:
    """Turn a connection that breaks inside the block into one `ClusterError`.

    Args:
        kept: what a second run finds done, for the message (`finished strips are kept`).
    """
    try:
        yield
    except LandslideError:
        raise
    except (OSError, RuntimeError, TimeoutError) as error:
        raise _lost(error, kept) from error


def result_of(future: Any, what: str, kept: str) -> Any:
    """What a task gave.

    Args:
        future: of `submit`.
        what: the task, for the message (`strip 3`).
        kept: as in `connection_errors`.

    Raises:
        LandslideError: what the task raised.
        ClusterError: it took several workers down with it, or the connection is lost.
    """
    from distributed import CancelledError, KilledWorker

    try:
        return future.result()
    except LandslideError:
        raise
    except KilledWorker as error:
        raise ClusterError(
            f"{what} was lost with its worker several times; does it run out of memory? Run again "
            f"with a smaller memory budget: {kept}"
        ) from error
    except CancelledError as error:
        raise _lost(None, kept) from error
    except (OSError, RuntimeError) as error:
        raise _lost(error, kept) from error


def _lost(error: BaseException | None, kept: str) -> ClusterError:
    reason = f" ({str(error).splitlines()[0]})" if error and str(error) else ""
    return ClusterError(f"the connection to the cluster was lost{reason}; run again: {kept}")
