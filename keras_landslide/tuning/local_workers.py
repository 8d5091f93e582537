"""The chief's local workers: started, watched, replaced when they die."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from keras_landslide.errors import ClusterError, LandslideError
from keras_landslide.tuning.fork_server import backend_environment
from keras_landslide.tuning.job import Trainer
from keras_landslide.tuning.kept_space import named
from keras_landslide.tuning.space import SearchSpace
from keras_landslide.tuning.worker import local_worker

_DEATHS = 5
"""So many workers in a row may die without a trial ended between."""


@dataclass
class _Worker:
    process: Any
    line: Connection
    place: int


class LocalWorkers:
    """Local worker processes; each has its place, with its share of GPUs and threads.

    Args:
        count: workers.
        arguments: of each: the space, the folder, the picklable maker of trainers, and the id of
            the search.
        address: the chief's.
        backend: Keras backend of the trials.
        threads: per trial; 0 leaves it to the backend.
        memory_gb: as in `fork_server.Surroundings`.
    """

    def __init__(
        self,
        count: int,
        arguments: tuple[SearchSpace, Path, Callable[[], Trainer], str],
        address: str,
        backend: str,
        threads: int,
        memory_gb: float,
    ):
        self.arguments, self.address, self.backend = arguments, address, backend
        self.threads, self.memory_gb = threads, memory_gb
        self.count = count
        self.started = self.deaths = 0
        self.workers: dict[str, _Worker] = {}
        for place in range(count):
            self._start(place)

    def _start(self, place: int) -> None:
        *same, search_id = self.arguments
        tuner_id = named(f"local-{os.getpid()}-{self.started}", search_id)
        self.started += 1
        environment = environment_of(place, self.count, self.threads)
        every = (*same, self.address, tuner_id, environment, self.memory_gb)
        context = multiprocessing.get_context("spawn")
        line, other = context.Pipe()
        # Not a daemon: a worker has a process of its own to start.
        process = context.Process(target=local_worker, args=(other, every, self.backend))
        process.start()
        other.close()
        self.workers[tuner_id] = _Worker(process, line, place)

    def ended_trial(self) -> None:
        """Say that a trial ended: the workers are able to work."""
        self.deaths = 0

    def look(self, complete: bool) -> list[str]:
        """Names of the workers that died since the last look; they are replaced.

        Args:
            complete: no trial is left, so that workers may end.

        Raises:
            LandslideError: what a worker raised.
            ClusterError: too many died in a row.
        """
        gone = [name for name, worker in self.workers.items() if not worker.process.is_alive()]
        for name in gone:
            worker = self.workers.pop(name)
            error = _said(worker.line)
            worker.line.close()
            if error is not None:
                raise error
            if complete or worker.process.exitcode == 0:
                continue
            self.deaths += 1
            if self.deaths > _DEATHS:
                raise ClusterError(
                    f"{self.deaths} workers died in a row without ending a trial (the last one by "
                    f"status {worker.process.exitcode}); run fewer `workers`, which need less "
                    "memory, and look at log.txt in the folders of the trials"
                )
            self._start(worker.place)
        return gone

    def close(self) -> None:
        """End all workers, at once."""
        for worker in self.workers.values():
            worker.line.close()
        for worker in self.workers.values():
            worker.process.join(10)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()


def environment_of(place: int, count: int, threads: int) -> dict[str, str]:
    """Variables for the trials at one of `count` places: threads, and its GPU if there are some."""
    gpus = visible_gpus()
    if not gpus:
        return backend_environment("", threads)
    shared = {}
    if count > len(gpus):  # TensorFlow and JAX each take a GPU's whole memory by themselves
        shared = {"TF_FORCE_GPU_ALLOW_GROWTH": "true", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    return backend_environment("", threads, gpus[place % len(gpus)]) | shared


def visible_gpus() -> list[str]:
    """The GPUs that a process may use, as `CUDA_VISIBLE_DEVICES` names them."""
    names = os.environ.get("CUDA_VISIBLE_DEVICES")
    if names is not None:
        # As CUDA does: what follows a number that there is not is not seen.
        return list(takewhile(lambda name: name not in ("", "-1"), names.split(",")))
    folder = Path("/proc/driver/nvidia/gpus")
    return [str(number) for number in range(len(list(folder.iterdir())))] if folder.is_dir() else []


def _said(line: Connection) -> LandslideError | None:
    try:
        return line.recv() if line.poll() else None
    except (EOFError, OSError):
        return None
