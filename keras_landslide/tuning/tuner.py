"""Keras Tuner's loop, with seeds, resumable run folders and failures that say why."""

from __future__ import annotations

import contextlib
import io
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras_tuner
from keras_tuner.src import config as tuner_config  # has no public switch

from keras_landslide.errors import InputFileError, OutputError, RecipeError
from keras_landslide.files import write_text
from keras_landslide.tuning.fork_server_process import reason_of
from keras_landslide.tuning.job import Job, Runner
from keras_landslide.tuning.oracle import SearchOracle
from keras_landslide.tuning.places import run_folder, take_up
from keras_landslide.tuning.plan import RECORD, TrialPlan, plan_of
from keras_landslide.tuning.trial_score import kept_epoch

PROJECT = "trials"
_IDLE_S = 0.2


class Watcher:
    """Is told how trials go; a child shows it."""

    def begins(self, plan: TrialPlan) -> None:
        """A trial starts."""

    def epoch(self, number: int, epoch: int, metrics: Mapping[str, float]) -> None:
        """Trial `number` finished `epoch` (from 1)."""

    def ended(self, number: int) -> None:
        """Trial `number` is recorded."""


class SearchTuner(keras_tuner.Tuner):
    """Runs the trials of a space in `folder/trials`.

    A trial that was running at a kill goes on from what its run folder holds. Where Keras Tuner's
    environment variables name a chief, trials come from there.

    Args:
        oracle: of the space.
        runner: trains.
        folder: parent of `trials`.
        watcher: is told how it goes.
    """

    def __init__(self, oracle: SearchOracle, runner: Runner, folder: str | Path, watcher: Watcher):
        self.space, self.runner, self.watcher = oracle.space, runner, watcher
        self._asked = 0
        with contextlib.redirect_stdout(io.StringIO()):  # "Reloading Tuner from ..."
            super().__init__(
                oracle=oracle,
                directory=str(folder),
                project_name=PROJECT,
                executions_per_trial=self.space.settings.executions_per_trial,
            )

    def _populate_initial_space(self) -> None:
        """Nothing to find out: the whole space is declared."""

    def on_search_begin(self) -> None:
        """Leave the tuner's file before the first trial, so that a kill in it is resumed too."""
        # A failed trial is a row with its reason, and its log keeps the traceback.
        tuner_config.DEBUG = False
        self.save()

    def pre_create_trial(self) -> None:
        """Wait a little if the last answer was "idle": Keras Tuner would ask without a pause."""
        if self._asked:
            time.sleep(_IDLE_S)
        self._asked += 1

    def on_trial_begin(self, trial: Any) -> None:
        """Tell the watcher."""
        self._asked = 0
        self.watcher.begins(self.plan(trial))

    def plan(self, trial: Any) -> TrialPlan:
        """What `trial` is to do."""
        return plan_of(self.space, trial.trial_id, trial.hyperparameters.values)

    def run_trial(self, trial: Any, *fit_args: Any, **fit_kwargs: Any) -> None:
        """Train the trial's run config once per execution.

        What the oracle records of it travels with the trial.

        Raises:
            keras_tuner.errors.FatalError: the input or output files are at fault, not the
                trial: the search stops.
        """
        plan, folder = self.plan(trial), Path(self.get_trial_dir(trial.trial_id))
        record: dict[str, Any] = {"executions": [], "reason": "", "peak_mb": None}
        started, executions = time.monotonic(), range(self.executions_per_trial)
        try:
            for execution in executions:
                self._execute(plan, folder, execution, record)
        except (InputFileError, OutputError, RecipeError) as error:
            raise keras_tuner.errors.FatalError from error
        except Exception as error:
            record["reason"] = reason_of(error)
            record["peak_mb"] = _larger(record["peak_mb"], getattr(error, "peak_mb", None))
            raise
        finally:
            record["seconds"] = round(time.monotonic() - started, 3)
            record["runs"] = [e for e in executions if run_folder(folder, e, plan.claim).exists()]
            trial.hyperparameters.values[RECORD] = json.dumps(record)

    def _execute(
        self, plan: TrialPlan, folder: Path, execution: int, record: dict[str, Any]
    ) -> None:
        config = plan.config(self.space, execution)
        before = plan.continues
        job = Job(
            config=config,
            run_folder=take_up(folder, execution, plan.claim),
            continues=None
            if before is None
            else run_folder(Path(self.get_trial_dir(before)), execution),
            log=folder / "log.txt",
        )
        outcome, peak_mb = self.runner.run(
            job, lambda epoch, metrics: self.watcher.epoch(plan.number, epoch, metrics)
        )
        record["peak_mb"] = _larger(record["peak_mb"], peak_mb)
        done = {"seed": config.training.seed, **kept_epoch(outcome, self.space)}
        record["executions"].append(done)

    def _run_and_update_trial(self, trial: Any, *fit_args: Any, **fit_kwargs: Any) -> None:
        """Without Keras Tuner's report before the end: the trial's end brings all there is."""
        self.run_trial(trial, *fit_args, **fit_kwargs)

    def on_trial_end(self, trial: Any) -> None:
        """Hand the trial's results to the oracle."""
        super().on_trial_end(trial)
        self.watcher.ended(int(trial.trial_id))

    def save(self) -> None:
        """Write the state atomically; a worker has none."""
        if not self._is_worker():
            self.oracle.save()
            write_text(self._get_tuner_fname(), "{}")

    def reload(self) -> None:
        """Everything worth reading is with the oracle."""
        self.oracle.reload()


def _larger(first: float | None, second: float | None) -> float | None:
    return max((v for v in (first, second) if v is not None), default=None)
