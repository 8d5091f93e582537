"""Run a search in a folder, or go on with the one that is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import keras_tuner

from keras_landslide.errors import TrialError
from keras_landslide.runtime.lock import folder_lock
from keras_landslide.tuning import kept_space, oracles, results, spread
from keras_landslide.tuning.best import write_best
from keras_landslide.tuning.fork_server import ForkServer, Surroundings, backend_environment
from keras_landslide.tuning.job import InProcess, Runner, Trainer
from keras_landslide.tuning.lead import Resources, with_workers
from keras_landslide.tuning.live import Live
from keras_landslide.tuning.oracle import SearchOracle
from keras_landslide.tuning.places import drop_weights, remove_claimed
from keras_landslide.tuning.space import SearchSpace
from keras_landslide.tuning.tuner import PROJECT, SearchTuner


@dataclass(frozen=True)
class SearchResult:
    """What a search leaves.

    Attributes:
        folder: holds `trials.csv`, `best.toml`, `space.toml` and `trials/`.
        rows: all trials, by their numbers.
        best: the trial that won.
    """

    folder: Path
    rows: list[results.TrialRow]
    best: results.TrialRow


def run_search(
    space: SearchSpace,
    folder: str | Path,
    make_trainer: Callable[[], Trainer],
    learnt_from: Mapping[str, Any] | None = None,
    resources: Resources | None = None,
) -> SearchResult:
    """Run every trial of `space` that has not ended yet and write the results.

    After kill -9 the same call completes the search: each trial counts once, under its own number
    and seed. A trial that fails is a result and the search goes on.

    Args:
        space: the whole search.
        folder: where results go; made if need be.
        make_trainer: called once in each process that trials start from, so picklable (unless
            `resources.in_process`); not called if every trial has ended.
        learnt_from: what is kept with the space about the data, such as their fingerprint and
            whether they are simulated; a search goes on only with the same.
        resources: one process at a time by default.

    Raises:
        LockedError: another process is searching in `folder`.
        RecipeError: `folder` holds a search over another space or other data.
        OutputError, InputFileError: from the trials; the search stops.
        ClusterError: the address cannot be used, or workers die one after another.
        TrialError: every trial failed; `trials.csv` is written, `best.toml` is not.
    """
    folder, resources = Path(folder), resources or Resources()
    if not resources.backend:
        resources = replace(resources, backend=keras.backend.backend())
    with folder_lock(folder, "search"):
        search_id = kept_space.keep(space, folder, learnt_from or {})
        oracle = oracles.get(space)
        oracle._set_project_dir(str(folder), PROJECT)
        oracle.reload()
        if not oracle.is_complete():
            _run_trials(oracle, folder, make_trainer, resources, search_id)
        for trial in (folder / PROJECT).glob("trial_*"):
            remove_claimed(trial)
            drop_weights(trial)
        rows = _publish(space, folder)
        best = spread.winner(rows, space.direction)
        if best is None:
            raise TrialError(
                f"{folder}: all {len(rows)} trials failed, the first with: {rows[0].reason}; "
                "see trials.csv there"
            )
        write_best(space, best, folder / "best.toml")
        return SearchResult(folder, rows, best.row)


def _run_trials(
    oracle: SearchOracle,
    folder: Path,
    make_trainer: Callable[[], Trainer],
    r: Resources,
    search_id: str,
) -> None:
    def live() -> Live:
        done = len(oracle.end_order)
        return Live(oracle.space, oracle.max_trials, done, lambda: _publish(oracle.space, folder))

    if r.workers != 1 or r.listen:
        with_workers(oracle, folder, make_trainer, r, live, search_id)
        return
    runner: Runner
    if r.in_process:
        runner = InProcess(make_trainer())
    else:
        environment = backend_environment(r.backend, r.threads)
        runner = fork_server = ForkServer(make_trainer, Surroundings(environment, r.memory_gb))
    try:
        if not r.in_process:
            fork_server.ready()
        watcher = live()
        try:
            SearchTuner(oracle, runner, folder, watcher).search()
        finally:
            watcher.close()
    except keras_tuner.errors.FatalError as stop:
        raise (stop.__cause__ or stop) from None
    finally:
        runner.close()


def _publish(space: SearchSpace, folder: Path) -> list[results.TrialRow]:
    rows = results.read_trials(space, folder / PROJECT)
    results.write_trials_csv(rows, list(space.grid), folder / "trials.csv")
    return rows
