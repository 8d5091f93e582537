"""What one trial does, read from the values that the oracle gave it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keras_landslide.config import RunConfig
from keras_landslide.tuning.space import SearchSpace, Values

EPOCHS, CONTINUES = "tuner/epochs", "tuner/trial_id"
"""Keras Tuner's own names (Hyperband)."""
FIRST, REPEAT = "tuner/first", "tuner/repeat"
"""Ours: the trial whose combination and seeds are meant, and the how manieth repeat of it."""
CLAIM, RECORD = "tuner/claim", "tuner/record"
"""Ours: the word that this assignment of the trial goes by, and what its run gives back (JSON)."""


@dataclass(frozen=True)
class TrialPlan:
    """A trial: a combination, its seeds, and how long to train.

    Attributes:
        number: of the trial, from 0, in the order in which trials were begun.
        values: value of each parameter of the grid.
        first: the trial that had this combination first; its seeds go on from there.
        repeat: 0, or the how manieth repeat of `first` with further seeds.
        epochs: at most so many, those before included.
        continues: id of the trial that this one trains on, or None.
        claim: of this assignment; results under another one are not taken.
    """

    number: int
    values: Values
    first: int
    repeat: int
    epochs: int
    continues: str | None
    claim: str = ""

    @property
    def origin(self) -> str:
        """Empty, `continues 3` or `repeats 3`."""
        if self.repeat:
            return f"repeats {self.first}"
        return f"continues {int(self.continues)}" if self.continues is not None else ""

    def seed(self, space: SearchSpace, execution: int) -> int:
        """The seed of an execution, which no other combination or repeat shares."""
        per_trial = space.settings.executions_per_trial
        return space.seed(self.first, self.repeat * per_trial + execution)

    def config(self, space: SearchSpace, execution: int) -> RunConfig:
        """The run config of an execution."""
        return space.trial_config(self.values, self.seed(space, execution), self.epochs)


def plan_of(space: SearchSpace, trial_id: str, values: Mapping[str, Any]) -> TrialPlan:
    """The plan of trial `trial_id` with these values of Keras Tuner's hyperparameters."""
    number = int(trial_id)
    return TrialPlan(
        number=number,
        values=space.own_values(values),
        first=int(values.get(FIRST, number)),
        repeat=int(values.get(REPEAT, 0)),
        epochs=int(values.get(EPOCHS, space.settings.epochs)),
        continues=values.get(CONTINUES),
        claim=values.get(CLAIM, ""),
    )
