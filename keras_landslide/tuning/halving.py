"""Rounds in which the better trials train on: Hyperband, and successive halving of a whole grid.

Li et al. 2018, Hyperband, JMLR 18 (185), https://jmlr.org/papers/v18/16-558.html
"""

from __future__ import annotations

import math
from typing import Any

import keras_tuner

from keras_landslide.tuning.oracle import IDLE, STOPPED, SearchOracle
from keras_landslide.tuning.plan import CONTINUES, EPOCHS, FIRST
from keras_landslide.tuning.space import SearchSpace, Values

BRACKET, ROUND = "tuner/bracket", "tuner/round"
Rounds = list[tuple[int, int]]
"""Trials and epochs of each round."""


class HyperbandOracle(SearchOracle, keras_tuner.oracles.HyperbandOracle):
    """Keras Tuner's brackets; a round begins when all trials of the one before have ended.

    Keras Tuner 1.4.8 counts a failed trial as one that lost, but waits for as many winners as if
    none had failed: a bracket with failures never comes to its last round. Here the best of those
    that completed go on. Sizes and epochs are Keras Tuner's.
    """

    def __init__(self, space: SearchSpace):
        super().__init__(space, max_epochs=space.settings.epochs, factor=space.settings.factor)

    def brackets(self) -> list[Rounds]:
        """The rounds of each bracket, the one with most rounds first."""
        numbers = range(self._get_num_brackets() - 1, -1, -1)
        return [
            [(self._get_size(b, r), self._get_epochs(b, r)) for r in range(b + 1)] for b in numbers
        ]

    def planned(self) -> int:
        """All trials of all rounds, if the space has as many combinations."""
        return sum(size for rounds in self.brackets() for size, _ in rounds)

    def first_values(self, place: int) -> Values | None:
        """A combination for place `place` of a first round; None if there is no more."""
        return self._random_values()

    def next_values(self, trial_id: str) -> dict[str, Any]:
        """A trial that fills a first round, or the best one that has not gone on yet."""
        waiting = False
        for number, rounds in enumerate(self.brackets()):
            members = [self._members(number, place) for place in range(len(rounds))]
            size, epochs = rounds[0]
            values = self.first_values(len(members[0])) if len(members[0]) < size else None
            if values:
                return _running(values, number, 0, epochs)
            for place in range(1, len(rounds)):
                if not all(self.ended(trial) for trial in members[place - 1]):
                    waiting = True
                    break
                size, epochs = rounds[place]
                taken = {t.hyperparameters.values[CONTINUES] for t in members[place]}
                for trial in self.ranked(members[place - 1])[:size]:
                    if trial.trial_id not in taken:
                        plan = self.plan(trial)
                        more = {CONTINUES: trial.trial_id, FIRST: plan.first}
                        return _running({**plan.values, **more}, number, place, epochs)
        return IDLE if waiting else STOPPED

    def _members(self, bracket: int, place: int) -> list[Any]:
        """The trials of a round, repeats left out."""
        wanted = (bracket, place)
        return [
            trial
            for trial in self.trials.values()
            if tuple(trial.hyperparameters.values.get(key) for key in (BRACKET, ROUND)) == wanted
        ]


class HalvingOracle(HyperbandOracle):
    """One bracket whose first round is the whole grid, in its order."""

    def brackets(self) -> list[Rounds]:
        """All combinations for a few epochs, one in `factor` of them for `factor` times more ..."""
        s, trials = self.space.settings, len(self.space.combinations)
        last = min(_whole_log(trials, s.factor), _whole_log(s.epochs, s.factor))
        return [
            [
                (math.ceil(trials / s.factor**r), math.ceil(s.epochs / s.factor ** (last - r)))
                for r in range(last + 1)
            ]
        ]

    def first_values(self, place: int) -> Values | None:
        """The combination of that number."""
        return dict(self.space.combinations[place])


def _running(values: Values, bracket: int, place: int, epochs: int) -> dict[str, Any]:
    tags = {BRACKET: bracket, ROUND: place, EPOCHS: epochs}
    return {"status": "RUNNING", "values": {**values, **tags}}


def _whole_log(value: int, base: int) -> int:
    power = 0
    while base ** (power + 1) <= value:
        power += 1
    return power
