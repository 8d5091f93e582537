"""The ways to walk a space: grid, random, Bayesian; `get(space)` gives the one it names."""

from __future__ import annotations

from typing import Any

import keras_tuner
import numpy as np

from keras_landslide.tuning.halving import HalvingOracle, HyperbandOracle
from keras_landslide.tuning.oracle import STOPPED, SearchOracle
from keras_landslide.tuning.space import SearchSpace


class GridOracle(SearchOracle):
    """Every combination once, in the order of `space.combinations`: trial i has the i-th."""

    def planned(self) -> int:
        """One trial per combination."""
        return len(self.space.combinations)

    def next_values(self, trial_id: str) -> dict[str, Any]:
        """The combination of that number."""
        number = int(trial_id)
        if number >= self.planned():
            return STOPPED
        return {"status": "RUNNING", "values": dict(self.space.combinations[number])}


class RandomOracle(SearchOracle, keras_tuner.oracles.RandomSearchOracle):
    """Combinations drawn at random, none twice."""

    def next_values(self, trial_id: str) -> dict[str, Any]:
        """A combination that was not tried."""
        if int(trial_id) >= self.planned():
            return STOPPED
        return keras_tuner.oracles.RandomSearchOracle.populate_space(self, trial_id)


class BayesianOracle(SearchOracle, keras_tuner.oracles.BayesianOptimizationOracle):
    """Keras Tuner's Gaussian process over the trials so far; no combination twice."""

    def next_values(self, trial_id: str) -> dict[str, Any]:
        """The most promising combination, or a random one in its place if that was tried."""
        if int(trial_id) >= self.planned():
            return STOPPED
        # The saved state of Keras Tuner lacks this one: a resumed search would go another way.
        self._random_state = np.random.RandomState([self.space.settings.seed, int(trial_id)])
        response = keras_tuner.oracles.BayesianOptimizationOracle.populate_space(self, trial_id)
        tried = [self.plan(trial).values for trial in self.trials.values()]
        if response["values"] and self.space.own_values(response["values"]) in tried:
            response["values"] = self._random_values()
        return response if response["values"] else STOPPED


ORACLES: dict[str, type[SearchOracle]] = {
    "grid": GridOracle,
    "random": RandomOracle,
    "bayesian": BayesianOracle,
    "hyperband": HyperbandOracle,
    "halving": HalvingOracle,
}
"""By the names of `space.KINDS`."""


def get(space: SearchSpace) -> SearchOracle:
    """The oracle that walks this space."""
    return ORACLES[space.settings.kind](space)
