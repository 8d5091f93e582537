"""Keras Tuner's loop, with seeds, resumable run folders and failures that say why."""

from __future__ import annotations

import contextlib
import io
import math
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras_tuner
from keras_tuner.src import config as tuner_config  # has no public switch

from keras_landslide.errors import InputFileError, OutputError, RecipeError
from keras_landslide.files import write_json, write_text
from keras_landslide.tuning.job import Job, Outcome, Runner
from keras_landslide.tuning.nursery_process import reason_of
from keras_landslide.tuning.oracle import SearchOracle
from keras_landslide.tuning.plan import TrialPlan, plan_of
from keras_landslide.tuning.space import SearchSpace

PROJECT = "trials"
KEPT = ("config.toml", "history.csv", "metrics.json")
"""What stays of a finished trial's run folder; weights of a whole grid would fill the disk."""
FOR_NEXT_ROUND = "checkpoints"
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

    def run_trial(self, trial: Any, *fit_args: Any, **fit_kwargs: Any) -> list[dict[str, float]]:
        """Train the trial's run config once per execution; returns the best epochs' metrics.

        Raises:
            keras_tuner.errors.FatalError: the input or output files are at fault, not the
                trial: the search stops.
        """
        folder = Path(self.get_trial_dir(trial.trial_id))
        record: dict[str, Any] = {"executions": [], "reason": "", "peak_mb": None}
        started = time.monotonic()
        try:
            for execution in range(self.executions_per_trial):
                self._execute(self.plan(trial), folder, execution, record)
        except (InputFileError, OutputError, RecipeError) as error:
            raise keras_tuner.errors.FatalError from error
        except Exception as error:
            record["reason"] = reason_of(error)
            record["peak_mb"] = _larger(record["peak_mb"], getattr(error, "peak_mb", None))
            raise
        finally:
            record["seconds"] = round(time.monotonic() - started, 3)
            write_json(folder / "run.json", record)
        name = self.space.settings.objective
        return [{name: run["score"], **run["metrics"]} for run in record["executions"]]

    def _execute(
        self, plan: TrialPlan, folder: Path, execution: int, record: dict[str, Any]
    ) -> None:
        config = plan.config(self.space, execution)
        name = f"run_{execution}"
        before = plan.continues
        job = Job(
            config=config,
            run_folder=folder / name,
            continues=Path(self.get_trial_dir(before)) / name if before is not None else None,
            log=folder / "log.txt",
        )
        outcome, peak_mb = self.runner.run(
            job, lambda epoch, metrics: self.watcher.epoch(plan.number, epoch, metrics)
        )
        record["peak_mb"] = _larger(record["peak_mb"], peak_mb)
        done = {"seed": config.training.seed, **best_epoch(outcome, self.space)}
        record["executions"].append(done)

    def on_trial_end(self, trial: Any) -> None:
        """Record the trial, then drop its weights: in this order, a kill between loses nothing."""
        super().on_trial_end(trial)
        rounds = self.space.settings.kind in ("halving", "hyperband")
        drop_weights(Path(self.get_trial_dir(trial.trial_id)), keep_last=rounds)
        self.watcher.ended(int(trial.trial_id))

    def save(self) -> None:
        """Write the state atomically; a worker has none."""
        if not self._is_worker():
            self.oracle.save()
            write_text(self._get_tuner_fname(), "{}")

    def reload(self) -> None:
        """Everything worth reading is with the oracle."""
        self.oracle.reload()


def drop_weights(trial_folder: Path, keep_last: bool = False) -> None:
    """Remove the weights of a trial that ended, but with `keep_last` those of its last epoch."""
    kept = (*KEPT, FOR_NEXT_ROUND) if keep_last else KEPT
    for run in trial_folder.glob("run_*"):
        for entry in run.iterdir():
            if entry.name not in kept:
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def best_epoch(outcome: Outcome, space: SearchSpace) -> dict[str, Any]:
    """Score, epoch (from 1) and other validation metrics of the best epoch of a history.

    Raises:
        RecipeError: the objective is not in the history.
        keras_tuner.errors.FailedTrialError: no epoch has a finite objective, or the loss became
            NaN.
    """
    name, history, final = space.settings.objective, outcome.history, outcome.final
    if name not in history and name not in final:
        raise RecipeError(
            f"objective '{name}' is not measured; choose one of: "
            + ", ".join(sorted(key for key in {**history, **final} if key.startswith("val_")))
        )
    for epoch, loss in enumerate(history.get("loss", ()), start=1):
        if not math.isfinite(loss):
            raise keras_tuner.errors.FailedTrialError(f"the loss became {loss} in epoch {epoch}")
    if name in final:
        scores = [final[name]]
        best, score = (outcome.kept_epoch or 1) - 1, final[name]
    else:
        scores = [float(value) for value in history[name]]
    finite = [epoch for epoch, value in enumerate(scores) if math.isfinite(value)]
    if not finite:
        raise keras_tuner.errors.FailedTrialError(f"{name} is not finite in any epoch")
    if name not in final:
        sign = 1 if space.direction == "min" else -1
        best = min(finite, key=lambda epoch: sign * scores[epoch])
        score = scores[best]
    measured = {key: float(values[best]) for key, values in history.items()} | dict(final)
    return {
        "score": score,
        "best_epoch": best + 1,
        "epochs": max(map(len, history.values())),
        "metrics": {
            key: value
            for key, value in measured.items()
            if key.startswith("val_") and key != name and math.isfinite(value)
        },
    }


def _larger(first: float | None, second: float | None) -> float | None:
    return max((v for v in (first, second) if v is not None), default=None)
