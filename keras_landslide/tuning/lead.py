"""Leading several workers: what they may use, and the chief's own loop."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_landslide.errors import InputFileError
from keras_landslide.training.history import History
from keras_landslide.tuning.chief import LOOPBACK, Chief, serving
from keras_landslide.tuning.job import Trainer
from keras_landslide.tuning.live import Live
from keras_landslide.tuning.local_workers import LocalWorkers
from keras_landslide.tuning.oracle import SearchOracle
from keras_landslide.tuning.tuner import PROJECT

_LOOK_S = 0.1
_SHUTDOWN_S = 5.0


@dataclass(frozen=True)
class Resources:
    """What a search may use; none of it changes which trials there are.

    Attributes:
        workers: local processes that train at the same time.
        listen: host:port for workers of other machines; empty for none.
        backend: Keras backend of the trials; empty for the one that Keras is set to.
        threads: per trial; 0 leaves it to the backend.
        memory_gb: most memory that a trial may take, see `fork_server.Surroundings`; 0 = no limit.
        in_process: train in this process, one trial after another: for toys and for debugging.
    """

    workers: int = 1
    listen: str = ""
    backend: str = ""
    threads: int = 0
    memory_gb: float = 0.0
    in_process: bool = False


def with_workers(
    oracle: SearchOracle,
    folder: Path,
    make_trainer: Callable[[], Trainer],
    resources: Resources,
    make_live: Callable[[], Live],
    search_id: str,
) -> None:
    """Hand out trials as the chief, until all have ended and the workers know it.

    Args:
        oracle: of the search, reloaded.
        folder: of the search.
        make_trainer: picklable.
        resources: how many local workers, and the address for others.
        make_live: called once the chief listens.
        search_id: of the folder's search; workers have to know it.

    Raises:
        ClusterError: the address cannot be used, or workers die one after another.
        LandslideError: what a worker raised.
    """
    r = resources
    oracle.save()
    with serving(oracle, r.listen or LOOPBACK, search_id) as chief:
        live = make_live()
        arguments = (oracle.space, folder, make_trainer, search_id)
        workers = LocalWorkers(
            r.workers, arguments, chief.address, r.backend, r.threads, r.memory_gb
        )
        try:
            if r.listen:
                live.console.print(f"waiting for workers at {chief.address}")
            _lead(chief, workers, live, folder)
        finally:
            workers.close()
            live.close()


def _lead(chief: Chief, workers: LocalWorkers, live: Live, folder: Path) -> None:
    known = set(chief.ended())
    complete, shutdown_ends = False, 0.0
    while not complete or workers.workers or (chief.workers() and time.monotonic() < shutdown_ends):
        time.sleep(_LOOK_S)
        for name in {*workers.look(complete), *chief.silent()}:
            lost = chief.give_up(name)
            if lost is not None:
                live.console.print(f"a worker was lost; trial {int(lost)} will run again")
                live.lost(int(lost))
        running = {trial.trial_id: trial for trial in chief.ongoing().values()}
        for trial_id in chief.ended():
            if trial_id not in known:
                known.add(trial_id)
                workers.ended_trial()
                live.ended(int(trial_id))
        for trial_id, trial in running.items():
            if trial_id not in known:
                _show(live, chief.oracle, trial, folder / PROJECT / f"trial_{trial_id}")
        if not complete and chief.is_complete():
            complete, shutdown_ends = True, time.monotonic() + _SHUTDOWN_S


def _show(live: Live, oracle: SearchOracle, trial: Any, folder: Path) -> None:
    """The last epoch of a trial that a worker runs, from the file that it writes."""
    plan = oracle.plan(trial)
    if plan.number not in live.running:
        live.begins(plan)
    histories = sorted(folder.glob("run_*/history.csv"))
    try:
        rows = History(histories[-1]).rows if histories else []
    except (OSError, InputFileError):  # its folder has just got another name
        return
    if rows:
        live.epoch(plan.number, len(rows), rows[-1])
