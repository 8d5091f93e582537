"""What all searches share of a Keras Tuner oracle: numbered trials, true resume, repeats."""

from __future__ import annotations

import json
import secrets
import statistics
from pathlib import Path
from typing import Any

import keras_tuner
import numpy as np

from keras_landslide.files import write_json, write_text
from keras_landslide.tuning.places import drop_weights, settle
from keras_landslide.tuning.plan import CLAIM, RECORD, TrialPlan, plan_of
from keras_landslide.tuning.repeats import next_repeat
from keras_landslide.tuning.results import read_finished, read_started
from keras_landslide.tuning.space import SearchSpace, Values

Trial = keras_tuner.engine.trial.Trial
STOPPED: dict[str, Any] = {"status": "STOPPED", "values": None}
IDLE: dict[str, Any] = {"status": "IDLE", "values": None}


def register(space: SearchSpace, hp: keras_tuner.HyperParameters) -> None:
    """Declare the whole space to Keras Tuner, batch size and all."""
    for name, values in space.grid.items():
        hp.Choice(name, list(values))


class SearchOracle(keras_tuner.Oracle):
    """The oracle of a space; a child says in `next_values` which combination comes next.

    Keras Tuner 1.4.8's oracles keep what they need to go on in fields that their saved state
    lacks: the place in the grid (keras-tuner issue 1055), the random state of the Bayesian one.
    Here a trial's values follow from its number and from the trials before it, and the files of
    each trial are the only record that a reload trusts: trials that ended are kept, all others
    run again under the same number.
    """

    def __init__(self, space: SearchSpace, **more: Any):
        parameters = keras_tuner.HyperParameters()
        register(space, parameters)
        self.space = space
        self.claims: dict[str, str] = {}
        """The claim under which each running trial was handed out last."""
        s = space.settings
        super().__init__(
            objective=keras_tuner.Objective(s.objective, space.direction),
            hyperparameters=parameters,
            allow_new_entries=False,
            # Keras Tuner takes 0 for "none given" and would draw one.
            seed=s.seed or 1,
            # A failed trial is a result: never let a run of them end the search.
            max_consecutive_failed_trials=2**31,
            **more,
        )
        self.max_trials = self.planned() + s.finalists * s.repeats
        self.verbose = 0

    def planned(self) -> int:
        """At most so many trials, repeats left out."""
        limit, every = self.space.settings.max_trials, len(self.space.combinations)
        return min(limit, every) if limit else every

    def next_values(self, trial_id: str) -> dict[str, Any]:
        """What `keras_tuner.Oracle.populate_space` returns, repeats left out."""
        raise NotImplementedError

    def trial_id(self, number: int) -> str:
        """The id that `keras_tuner.Oracle.create_trial` gives to trial `number`."""
        return f"{number:0{len(str(self.max_trials))}d}"

    def plan(self, trial: Any) -> TrialPlan:
        """What `trial` is to do."""
        return plan_of(self.space, trial.trial_id, trial.hyperparameters.values)

    def ended(self, trial: Any) -> bool:
        """Whether the trial completed or failed for good."""
        return trial.trial_id in self.end_order

    def ranked(self, trials: list[Any]) -> list[Any]:
        """The completed ones of `trials`, best first."""
        sign = -1 if self.space.direction == "max" else 1
        done = [t for t in trials if t.status == "COMPLETED"]
        return sorted(done, key=lambda t: (sign * t.score, t.trial_id))

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Status and values of trial `trial_id`, as Keras Tuner asks for them."""
        response = self.next_values(trial_id)
        if response["status"] != "STOPPED":
            return response
        if not all(self.ended(trial) for trial in self.trials.values()):
            return IDLE
        values = next_repeat(self.space, self.trials, self.ranked)
        return STOPPED if values is None else {"status": "RUNNING", "values": values}

    @keras_tuner.synchronized
    def create_trial(self, tuner_id: str) -> Any:
        """The next trial, with a claim of its own each time that it is handed out.

        A worker waits while others run, since one of them may be lost.
        """
        trial = super().create_trial(tuner_id)
        if trial.status == "STOPPED" and self.ongoing_trials:
            self.tuner_ids.add(tuner_id)
            trial.status = "IDLE"
        if trial.status == "RUNNING":
            claim = self.claims[trial.trial_id] = secrets.token_hex(4)
            trial.hyperparameters.values[CLAIM] = claim
        return trial

    def holds(self, trial: Any) -> bool:
        """Whether `trial` comes from its latest assignment."""
        claim = trial.hyperparameters.values.get(CLAIM)
        return claim is not None and claim == self.claims.get(trial.trial_id)

    @keras_tuner.synchronized
    def end_trial(self, trial: Any) -> None:
        """Record the end of a trial: the files of its run first, its state last.

        What comes from an earlier assignment than the latest is not taken.
        """
        if not self.holds(trial):
            return
        if trial.trial_id in self._retry_queue:  # given up, and back before anybody took it
            self._retry_queue.remove(trial.trial_id)
        kept, folder = self.trials[trial.trial_id], self._folder(trial.trial_id)
        record = json.loads(trial.hyperparameters.values.pop(RECORD))
        settle(folder, self.claims.pop(trial.trial_id), record.pop("runs"))
        write_json(folder / "run.json", record)
        trial.hyperparameters = kept.hyperparameters
        if trial.status == "COMPLETED":
            kept.score = statistics.fmean(run["score"] for run in record["executions"])
        super().end_trial(trial)
        rounds = self.space.settings.kind in ("halving", "hyperband")
        drop_weights(folder, keep_last=rounds)

    def score_trial(self, trial: Any) -> None:
        """Nothing: Keras Tuner asks for the score when `end_trial` has set it."""

    @keras_tuner.synchronized
    def give_up(self, tuner_id: str) -> str | None:
        """Queue the trial of a lost worker to run again; returns its id if it had one."""
        self.tuner_ids.discard(tuner_id)
        trial = self.ongoing_trials.pop(tuner_id, None)
        if trial is None:
            return None
        self._retry_queue.append(trial.trial_id)
        return trial.trial_id

    def is_complete(self) -> bool:
        """Whether no trial is left to run."""
        if self._retry_queue or self.ongoing_trials:
            return False
        full = len(self.trials) >= self.max_trials
        return full or self.populate_space(self.trial_id(len(self.trials)))["status"] == "STOPPED"

    def reload(self) -> None:
        """Take up the trials that ended; queue earlier ones that did not to run again."""
        numbers = [
            int(path.name.removeprefix("trial_"))
            for path in Path(self._project_dir).glob("trial_*")
            if read_started(path)
        ]
        self.trials, self.end_order = {}, []
        for number in range(max(numbers, default=-1) + 1):
            trial = self._load(self.trial_id(number))
            if trial is None:  # its folder was deleted, and others have to end before it
                break
            self.trials[trial.trial_id] = trial
            if trial.status in ("COMPLETED", "FAILED"):
                self.end_order.append(trial.trial_id)
            self._record_values(trial)
        self.start_order = list(self.trials)
        self.ongoing_trials: dict[str, Any] = {}
        # Keras Tuner takes from the end of the queue: lowest number last.
        self._retry_queue = [i for i in reversed(self.start_order) if i not in self.end_order]

    def save(self) -> None:
        """Write `oracle.json` atomically (Keras Tuner's own writing can leave half a file)."""
        write_text(self._get_oracle_fname(), json.dumps(self.get_state()))

    def _save_trial(self, trial: Any) -> None:
        write_text(self._folder(trial.trial_id) / "trial.json", json.dumps(trial.get_state()))

    def _folder(self, trial_id: str) -> Path:
        return Path(self._project_dir) / f"trial_{trial_id}"

    def _load(self, trial_id: str) -> Any:
        if finished := read_finished(self._folder(trial_id)):
            return Trial.from_state(finished[0])
        if started := read_started(self._folder(trial_id)):
            values = started["hyperparameters"]["values"]
        else:
            values = self.populate_space(trial_id)["values"]
        if values is None:
            return None
        parameters = self.hyperparameters.copy()
        parameters.values = dict(values)
        return Trial(parameters, trial_id=trial_id)

    def _random_values(self) -> Values | None:
        """A combination that no trial has had, drawn by the number of the trial; None: all had.

        Keras Tuner's own draws give up after 20 that were tried before.
        """
        tried = [self.plan(trial).values for trial in self.trials.values()]
        left = [values for values in self.space.combinations if values not in tried]
        if not left:
            return None
        rng = np.random.default_rng([self.space.settings.seed, len(self.trials)])
        return dict(left[rng.integers(len(left))])
