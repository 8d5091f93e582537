"""Keras Tuner's loop, with seeds, resumable run folders and failures that say why."""

from __future__ import annotations

import contextlib
import io
import math
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import keras_tuner
from keras_tuner.src import config as tuner_config  # has no public switch

from keras_landslide.errors import InputFileError, OutputError, RecipeError
from keras_landslide.files import write_json, write_text
from keras_landslide.tuning.hypermodel import History, RunConfigHyperModel, Trainer
from keras_landslide.tuning.live import Live
from keras_landslide.tuning.oracle import GridOracle
from keras_landslide.tuning.space import SearchSpace

PROJECT = "trials"
KEPT = ("config.toml", "history.csv", "metrics.json")
"""What stays of a finished trial's run folder; weights of a whole grid would fill the disk."""


class SearchTuner(keras_tuner.Tuner):
    """Runs the trials of a space in `folder/trials`.

    A trial that was running at a kill goes on from what its run folder holds.

    Args:
        space: the whole search.
        trainer: builds and fits a run config.
        folder: parent of `trials`.
        live: shows the running trial, if given.
        after_trial: called with the number of each trial that ended, once it is recorded.
    """

    def __init__(
        self,
        space: SearchSpace,
        trainer: Trainer,
        folder: str | Path,
        live: Live | None = None,
        after_trial: Callable[[int], None] = lambda number: None,
    ):
        self.space, self.live, self.after_trial = space, live, after_trial
        with contextlib.redirect_stdout(io.StringIO()):  # "Reloading Tuner from ..."
            super().__init__(
                oracle=GridOracle(space),
                hypermodel=RunConfigHyperModel(space, trainer),
                directory=str(folder),
                project_name=PROJECT,
                executions_per_trial=space.settings.executions_per_trial,
            )

    def _populate_initial_space(self) -> None:
        """Nothing to find out: Keras Tuner would build a model here to discover the space."""

    def on_search_begin(self) -> None:
        """Leave the tuner's file before the first trial, so that a kill in it is resumed too."""
        # A failed trial is a row with its reason, and its file keeps the traceback.
        tuner_config.DEBUG = False
        self.save()

    def on_trial_begin(self, trial: Any) -> None:
        """Show the trial."""
        if self.live:
            self.live.trial_begins(int(trial.trial_id), trial.hyperparameters.values)

    def run_trial(self, trial: Any, *fit_args: Any, **fit_kwargs: Any) -> list[dict[str, float]]:
        """Train the trial's run config once per execution; returns the best epochs' metrics.

        Raises:
            keras_tuner.errors.FatalError: the input or output files are at fault, not the
                trial: the search stops.
        """
        folder = Path(self.get_trial_dir(trial.trial_id))
        record: dict[str, Any] = {"executions": [], "reason": ""}
        started = time.monotonic()
        try:
            for execution in range(self.executions_per_trial):
                record["executions"].append(self._execute(trial, folder, execution))
        except (InputFileError, OutputError, RecipeError) as error:
            raise keras_tuner.errors.FatalError from error
        except Exception as error:
            record["reason"] = _reason(error)
            raise
        finally:
            record["seconds"] = round(time.monotonic() - started, 3)
            write_json(folder / "run.json", record)
            # The next trial's model must not come on top of this one's.
            keras.backend.clear_session(free_memory=True)
        name = self.space.settings.objective
        return [{name: run["score"], **run["metrics"]} for run in record["executions"]]

    def _execute(self, trial: Any, folder: Path, execution: int) -> dict[str, Any]:
        seed = self.space.seed(int(trial.trial_id), execution)
        model = self.hypermodel.build(trial.hyperparameters, seed=seed)
        history = self.hypermodel.fit(
            trial.hyperparameters,
            model,
            seed=seed,
            run_folder=folder / f"run_{execution}",
            callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=self._show_epoch)],
        )
        return {"seed": seed, **best_epoch(history, self.space)}

    def _show_epoch(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if self.live:
            self.live.epoch_ends(epoch + 1, (logs or {}).get(self.space.settings.objective))

    def on_trial_end(self, trial: Any) -> None:
        """Record the trial, then drop its weights: in this order, a kill between loses nothing."""
        super().on_trial_end(trial)
        for run in Path(self.get_trial_dir(trial.trial_id)).glob("run_*"):
            for entry in run.iterdir():
                if entry.name not in KEPT:
                    shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        self.after_trial(int(trial.trial_id))

    def save(self) -> None:
        """Write the state atomically."""
        self.oracle.save()
        write_text(self._get_tuner_fname(), "{}")

    def reload(self) -> None:
        """Everything worth reading is with the oracle."""
        self.oracle.reload()


def best_epoch(history: History, space: SearchSpace) -> dict[str, Any]:
    """Score, epoch (from 1) and other validation metrics of the best epoch of a history.

    Raises:
        RecipeError: the objective is not in the history.
        keras_tuner.errors.FailedTrialError: no epoch has a finite objective, or the loss became
            NaN.
    """
    name = space.settings.objective
    if name not in history:
        raise RecipeError(
            f"objective '{name}' is not measured; choose one of: "
            + ", ".join(sorted(key for key in history if key.startswith("val_")))
        )
    for epoch, loss in enumerate(history.get("loss", ()), start=1):
        if not math.isfinite(loss):
            raise keras_tuner.errors.FailedTrialError(f"the loss became {loss} in epoch {epoch}")
    scores = [float(value) for value in history[name]]
    finite = [epoch for epoch, score in enumerate(scores) if math.isfinite(score)]
    if not finite:
        raise keras_tuner.errors.FailedTrialError(f"{name} is not finite in any epoch")
    sign = 1 if space.direction == "min" else -1
    best = min(finite, key=lambda epoch: sign * scores[epoch])
    return {
        "score": scores[best],
        "best_epoch": best + 1,
        "epochs": len(scores),
        "metrics": {
            key: float(values[best])
            for key, values in history.items()
            if key.startswith("val_") and key != name and math.isfinite(values[best])
        },
    }


def _reason(error: Exception) -> str:
    """The error in one line that fits a table."""
    words = " ".join(str(error).split())
    if not isinstance(error, keras_tuner.errors.FailedTrialError):
        words = f"{type(error).__name__}: {words}".removesuffix(": ")
    return words if len(words) <= 300 else words[:297] + "..."
