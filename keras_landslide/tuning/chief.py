"""Several workers: Keras Tuner's chief, which hands out trials and takes up those of lost workers.

The protocol, server and client are Keras Tuner's. Its waiting loop is not: it waits for ever for a
worker that died, and sleeps 20 s at a time.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
import keras_tuner
from keras_tuner.src import protos
from keras_tuner.src.distribute.oracle_chief import OracleServicer

from keras_landslide.errors import ClusterError
from keras_landslide.tuning.kept_space import search_of
from keras_landslide.tuning.oracle import SearchOracle

LOOPBACK = "127.0.0.1:0"
SILENCE_S = 60.0
"""A worker that says nothing for so long is given up for lost; it speaks every `BEAT_S`."""
BEAT_S = 5.0


class Chief(OracleServicer):
    """Keras Tuner's servicer, which also knows its workers: whose they are, when each last spoke.

    Args:
        oracle: of the search.
        search_id: id of the search's folder (`kept_space`), which a worker's name ends with.
    """

    def __init__(self, oracle: SearchOracle, search_id: str = ""):
        super().__init__(oracle)
        self.search_id = search_id
        self.spoke: dict[str, float] = {}
        # One thread for all that touches the oracle: if a call raises, Keras Tuner's lock stays
        # locked for every thread but the one that took it.
        self.thread = ThreadPoolExecutor(max_workers=1)
        self.address = ""

    def CreateTrial(self, request: Any, context: Any) -> Any:
        """A trial for a worker of this search."""
        if search_of(request.tuner_id) != self.search_id:
            context.abort(
                grpc.StatusCode.FAILED_PRECONDITION,
                "the chief there leads the search of another folder; give the chief's own -o, on "
                "a file system that both see",
            )
        self.spoke[request.tuner_id] = time.monotonic()
        return super().CreateTrial(request, context)

    def GetTrial(self, request: Any, context: Any) -> Any:
        """The trial that was handed out under a claim; workers ask for theirs as a sign of life."""
        for tuner_id, trial in self.oracle.ongoing_trials.items():
            if self.oracle.claims.get(trial.trial_id) == request.trial_id:
                self.spoke[tuner_id] = time.monotonic()
                return protos.get_service().GetTrialResponse(trial=trial.to_proto())
        context.abort(grpc.StatusCode.NOT_FOUND, "the trial was given up")

    def EndTrial(self, request: Any, context: Any) -> Any:
        """The end of a trial, unless it was given up before."""
        if not self.oracle.holds(keras_tuner.engine.trial.Trial.from_proto(request.trial)):
            context.abort(grpc.StatusCode.NOT_FOUND, "the trial was given up")
        return super().EndTrial(request, context)

    def ongoing(self) -> dict[str, Any]:
        """The running trial of each worker."""
        return self.thread.submit(lambda: dict(self.oracle.ongoing_trials)).result()

    def ended(self) -> list[str]:
        """Ids of the trials that ended, in that order."""
        return self.thread.submit(lambda: list(self.oracle.end_order)).result()

    def is_complete(self) -> bool:
        """Whether no trial is left to run."""
        return self.thread.submit(self.oracle.is_complete).result()

    def workers(self) -> set[str]:
        """The workers that were not yet told that all is done."""
        return self.thread.submit(lambda: set(self.oracle.tuner_ids)).result()

    def give_up(self, tuner_id: str) -> str | None:
        """Queue the trial of a lost worker; returns its id if it had one."""
        self.spoke.pop(tuner_id, None)
        return self.thread.submit(self.oracle.give_up, tuner_id).result()

    def silent(self) -> list[str]:
        """Workers with a trial that have not spoken for `SILENCE_S`."""
        before = time.monotonic() - SILENCE_S
        return [i for i in self.ongoing() if self.spoke.get(i, before) <= before]


@contextmanager
def serving(oracle: SearchOracle, address: str = LOOPBACK, search_id: str = "") -> Iterator[Chief]:
    """Answer workers at `address` (host:port, port 0 for any free one) inside the block.

    `search_id` is as in `Chief`.

    Raises:
        ClusterError: the address cannot be used.
    """
    chief = Chief(oracle, search_id)
    # Without SO_REUSEPORT off, two chiefs could share a port and each answer every other call.
    server = grpc.server(chief.thread, options=[("grpc.so_reuseport", 0)])
    protos.get_service_grpc().add_OracleServicer_to_server(chief, server)
    host = address.rpartition(":")[0]
    try:
        port = server.add_insecure_port(address)
    except RuntimeError as error:
        raise ClusterError(f"{address}: cannot listen there ({error}); choose another") from error
    if not port:
        raise ClusterError(f"{address}: cannot listen there; choose another address or port")
    chief.address = f"{host}:{port}"
    server.start()
    try:
        yield chief
    finally:
        server.stop(0.5).wait()
        chief.thread.shutdown(wait=False)
