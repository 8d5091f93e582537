"""Every training in a process of its own, forked from one that has all imports and the data.

A trial that runs out of memory, crashes or leaks takes nothing with it. A fork costs some
milliseconds where a new interpreter would import TensorFlow for seconds, and all trials share the
memory-mapped patches.
"""

from __future__ import annotations

import multiprocessing
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras_tuner

from keras_landslide.errors import TrialError
from keras_landslide.runtime.environment import environment
from keras_landslide.tuning.fork_server_process import serve
from keras_landslide.tuning.job import GivenUpError, Job, OnEpoch, Outcome, Trainer

_FORKED_LATER = {"PYTORCH_NVML_BASED_CUDA_CHECK": "1"}
"""PyTorch otherwise opens CUDA when Keras asks for a GPU on import, and no fork may use it then."""


@dataclass(frozen=True)
class Surroundings:
    """What a fork server and its trials run in.

    Attributes:
        environment: variables set before anything heavy is imported: the Keras backend, the
            device, the number of threads.
        memory_gb: most memory (address space, 1e9 bytes) that a trial may take on top of what its
            process starts with; 0 = no limit.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    memory_gb: float = 0.0


class ForkServer:
    """Runs jobs one at a time, each in a fork of a waiting process.

    When this process ends in any way, kill -9 included, the waiting one and the running job end.

    Args:
        make_trainer: picklable; called once in the waiting process.
        surroundings: of that process.

    Raises:
        LandslideError: from `make_trainer`, when `ready` or the first `run` is called.
    """

    def __init__(self, make_trainer: Callable[[], Trainer], surroundings: Surroundings):
        self._make_trainer = pickle.dumps(make_trainer)
        self._surroundings = surroundings
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._line, other = context.Pipe()
        # A daemon is ended with this process; the line says so even after kill -9.
        arguments = (other, self._make_trainer)
        self._process = context.Process(target=serve, args=arguments, daemon=True)
        with environment({**_FORKED_LATER, **self._surroundings.environment}):
            self._process.start()
        other.close()
        self._is_ready = False

    def ready(self) -> None:
        """Wait until the process has imported everything and read the data.

        Raises:
            LandslideError: what the making of the trainer raised.
        """
        if self._is_ready:
            return
        try:
            problem = self._line.recv()
        except EOFError:
            raise TrialError("the process that trials start from ended at once") from None
        if problem is not None:
            raise problem
        self._is_ready = True

    def run(self, job: Job, on_epoch: OnEpoch) -> tuple[Outcome, float | None]:
        """Train in a new process; see `job.Runner`.

        Raises:
            GivenUpError: `on_epoch` raised it; the job was ended.
            keras_tuner.errors.FailedTrialError: the training failed or its process was ended.
            LandslideError: the input or output files are at fault.
        """
        for attempt in (1, 2):
            self.ready()
            try:
                self._line.send((job, self._surroundings.memory_gb))
                return self._follow(on_epoch)
            except GivenUpError:
                self.close()
                self._start()
                raise
            except (EOFError, BrokenPipeError, ConnectionResetError):
                # The waiting process itself is gone: a new one goes on with the job, once.
                self.close()
                self._start()
                if attempt == 2:
                    break
        raise keras_tuner.errors.FailedTrialError("the process that trials start from was ended")

    def _follow(self, on_epoch: OnEpoch) -> tuple[Outcome, float | None]:
        while True:
            kind, *content = self._line.recv()
            if kind == "epoch":
                on_epoch(*content)
                continue
            result, peak_mb = content
            if kind == "done":
                return result, peak_mb
            if kind == "fatal":
                raise result
            failed = keras_tuner.errors.FailedTrialError(result)
            failed.peak_mb = peak_mb
            raise failed

    def close(self) -> None:
        """End the waiting process, and a job that runs."""
        self._line.close()
        self._process.join(5)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def backend_environment(backend: str, threads: int, devices: str | None = None) -> dict[str, str]:
    """Variables for a Keras backend, a number of threads per trial, and visible GPUs.

    Args:
        backend: `tensorflow`, `jax` or `torch`; empty for the one that Keras is set to.
        threads: 0 leaves it to the backend.
        devices: as `CUDA_VISIBLE_DEVICES`; None leaves it as it is.
    """
    variables: dict[str, Any] = {"KERAS_BACKEND": backend} if backend else {}
    if threads:
        names = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "NPROC")
        variables |= dict.fromkeys(names, str(threads))
    if devices is not None:
        variables["CUDA_VISIBLE_DEVICES"] = devices
    return variables
