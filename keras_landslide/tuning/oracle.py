"""The grid as a Keras Tuner oracle whose i-th trial depends on i alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras_tuner

from keras_landslide.files import write_text
from keras_landslide.tuning.results import read_finished
from keras_landslide.tuning.space import SearchSpace


def register(space: SearchSpace, hp: keras_tuner.HyperParameters) -> dict[str, Any]:
    """Declare the whole space to Keras Tuner; returns the current value of each parameter."""
    return {name: hp.Choice(name, list(values)) for name, values in space.grid.items()}


class GridOracle(keras_tuner.Oracle):
    """Every combination once, in the order of `space.combinations`.

    Keras Tuner 1.4.8's own grid oracle keeps its place in the grid in two fields that its saved
    state lacks, so that a reloaded search stops or raises (keras-tuner issue 1055). Here the
    place is the trial's number. The files of each trial are the only record that a reload trusts:
    trials that ended are kept, all others run again under the same number.
    """

    def __init__(self, space: SearchSpace):
        parameters = keras_tuner.HyperParameters()
        register(space, parameters)
        self.space = space
        total = len(space.combinations)
        super().__init__(
            objective=keras_tuner.Objective(space.settings.objective, space.direction),
            max_trials=total,
            hyperparameters=parameters,
            allow_new_entries=False,
            # Keras Tuner takes 0 for "none given" and would draw one; the grid draws nothing.
            seed=space.settings.seed or 1,
            # A failed trial is a result: never let a run of them end the search.
            max_consecutive_failed_trials=total + 1,
        )
        self.verbose = 0

    def trial_id(self, number: int) -> str:
        """The id that `keras_tuner.Oracle.create_trial` gives to trial `number`."""
        return f"{number:0{len(str(self.max_trials))}d}"

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """The values of trial `trial_id`, as Keras Tuner asks for them."""
        return {"status": "RUNNING", "values": dict(self.space.combinations[int(trial_id)])}

    def reload(self) -> None:
        """Take up the trials that ended; queue earlier ones that did not to run again."""
        ids = [self.trial_id(number) for number in range(len(self.space.combinations))]
        finished = {i: trial for i in ids if (trial := self._load_finished(i)) is not None}
        started = ids[: ids.index(max(finished)) + 1] if finished else []
        self.trials = {i: finished.get(i) or self._fresh(i) for i in started}
        self.start_order = list(started)
        self.end_order = list(finished)
        self.ongoing_trials: dict[str, Any] = {}
        # Keras Tuner takes from the end of the queue: lowest number last.
        self._retry_queue = [i for i in reversed(started) if i not in finished]
        for trial in self.trials.values():
            self._record_values(trial)

    def save(self) -> None:
        """Write `oracle.json` atomically (Keras Tuner's own writing can leave half a file)."""
        write_text(self._get_oracle_fname(), json.dumps(self.get_state()))

    def _save_trial(self, trial: Any) -> None:
        write_text(self._trial_file(trial.trial_id), json.dumps(trial.get_state()))

    def _trial_file(self, trial_id: str) -> Path:
        return Path(self._project_dir) / f"trial_{trial_id}" / "trial.json"

    def _load_finished(self, trial_id: str) -> Any:
        finished = read_finished(self._trial_file(trial_id).parent)
        return keras_tuner.engine.trial.Trial.from_state(finished[0]) if finished else None

    def _fresh(self, trial_id: str) -> Any:
        parameters = self.hyperparameters.copy()
        parameters.values = self.populate_space(trial_id)["values"]
        return keras_tuner.engine.trial.Trial(parameters, trial_id=trial_id)
