"""A worker: asks the chief for trials and trains them. Imports nothing heavy by itself."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from keras_landslide.errors import ClusterError, LandslideError, RecipeError
from keras_landslide.tuning.space import SearchSpace

if TYPE_CHECKING:
    from keras_landslide.tuning.job import Trainer


def work(
    space: SearchSpace,
    folder: Path,
    make_trainer: Callable[[], Trainer],
    address: str,
    tuner_id: str,
    environment: Mapping[str, str],
    memory_gb: float = 0.0,
) -> None:
    """Run trials of the chief at `address` until it has none left.

    Args:
        space: the chief's.
        folder: the chief's, on a file system that both see.
        make_trainer: picklable.
        address: host:port.
        tuner_id: name of this worker, unlike all others, made by `kept_space.named`.
        environment: variables of the trials' processes.
        memory_gb: as in `fork_server.Surroundings`.

    Raises:
        ClusterError: the chief does not answer.
        RecipeError: the chief leads another search.
        LandslideError: from the trials.
    """
    host, _, port = address.rpartition(":")
    names = ("KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT", "KERASTUNER_TUNER_ID")
    os.environ.update(zip(names, (host, port, tuner_id), strict=True))
    import grpc
    import keras_tuner
    from keras_tuner.src.distribute import oracle_client

    from keras_landslide.tuning import oracles
    from keras_landslide.tuning.chief import BEAT_S, SILENCE_S
    from keras_landslide.tuning.fork_server import ForkServer, Surroundings
    from keras_landslide.tuning.worker_tuner import Beat, WorkerTuner, is_given_up

    oracle_client.TIMEOUT = SILENCE_S  # Keras Tuner's own is an hour
    oracle, beat, stop = oracles.get(space), Beat(), threading.Event()
    fork_server = ForkServer(make_trainer, Surroundings(environment, memory_gb))
    try:
        fork_server.ready()
        tuner = WorkerTuner(oracle, fork_server, folder, beat)

        def show_life() -> None:
            while not stop.wait(BEAT_S):
                if claim := beat.claim:
                    try:
                        tuner.oracle.get_trial(claim)
                    except grpc.RpcError as error:
                        # Else the chief may be back soon; the main thread says if it is not.
                        if is_given_up(error):
                            beat.lost = claim

        threading.Thread(target=show_life, daemon=True).start()
        tuner.search()
    except keras_tuner.errors.FatalError as error:
        raise (error.__cause__ or error) from None
    except grpc.RpcError as error:
        if error.code() is grpc.StatusCode.FAILED_PRECONDITION:
            raise RecipeError(f"{address}: {error.details()}") from None
        raise ClusterError(
            f"{address}: the chief of the search does not answer ({error.details()})"
        ) from error
    finally:
        stop.set()
        fork_server.close()


def local_worker(line: Connection, arguments: tuple, backend: str) -> None:
    """A worker process of this machine's chief; it ends with it, kill -9 included."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches us as a closed line

    def end_with_chief() -> None:
        try:
            line.recv()
        except (EOFError, OSError):
            os._exit(1)

    threading.Thread(target=end_with_chief, daemon=True).start()
    # The worker itself trains nothing, so it needs no TensorFlow: less memory, a quicker start.
    os.environ["KERAS_BACKEND"] = "numpy"
    import keras_tuner  # noqa: F401

    os.environ["KERAS_BACKEND"] = backend
    try:
        work(*arguments)
    except LandslideError as error:
        line.send(error)
