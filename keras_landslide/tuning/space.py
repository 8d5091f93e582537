"""Search spaces: a run config as template, and the values that a search tries in it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from keras_landslide.config import RunConfig, direction_of

Values = dict[str, Any]

KINDS = ("grid", "random", "bayesian", "hyperband", "halving")
"""The ways to walk a space."""


@dataclass(frozen=True)
class SearchSettings:
    """The `[search]` table of a space.

    Attributes:
        name: shown in tables and figures.
        kind: how the space is walked, one of `KINDS`; `grid` tries every combination.
        objective: a validation metric; `val_loss` is minimised, others maximised. A run keeps the
            epoch where it is best; with `val_best_f1`, known at the end alone, that of the base's
            `training.monitor`.
        seed: trial `i` runs with the seed `seed + i`.
        epochs: at most so many epochs per trial.
        patience: epochs without a better `training.monitor` before a trial stops.
        max_patches: at most so many patches of each split (0 = all of them).
        executions_per_trial: trainings of each trial, with a seed each; the score is their mean.
        max_trials: how many combinations `random` and `bayesian` try (0 = all of them).
        factor: `halving` and `hyperband` keep one trial in so many from round to round, and train
            it so many times longer.
        finalists: so many of the best trials are repeated when all have ended; 0 = none.
        repeats: trials with further seeds for each finalist.
    """

    name: str = "search"
    kind: str = "grid"
    objective: str = "val_f1"
    seed: int = 0
    epochs: int = 150
    patience: int = 20
    max_patches: int = 0
    executions_per_trial: int = 1
    max_trials: int = 0
    factor: int = 3
    finalists: int = 0
    repeats: int = 0


@dataclass(frozen=True)
class SearchSpace:
    """A whole search, known before its first trial.

    Attributes:
        settings: the `[search]` table.
        base: the run config that every trial starts from; its epochs and patience are for the
            final training with the best values.
        grid: values of each parameter, by the name used in the file, in the file's order.
        keys: the run config entry of each parameter, such as `model.options.filters`.
    """

    settings: SearchSettings
    base: RunConfig
    grid: dict[str, tuple[Any, ...]]
    keys: dict[str, str]

    @cached_property
    def combinations(self) -> tuple[Values, ...]:
        """Every combination, the last parameter changing fastest: trial `i` has entry `i`."""
        return tuple(
            dict(zip(self.grid, values, strict=True))
            for values in itertools.product(*self.grid.values())
        )

    @property
    def direction(self) -> str:
        """`min` or `max`, from the objective's name."""
        return direction_of(self.settings.objective)

    def own_values(self, values: Mapping[str, Any]) -> Values:
        """The entries of `values` that belong to the grid, as the grid writes them.

        On its way between processes Keras Tuner turns true into 1.
        """
        return {
            name: next(choice for choice in choices if choice == values[name])
            for name, choices in self.grid.items()
        }

    def seed(self, trial: int, execution: int = 0) -> int:
        """The seed of a trial's execution: a pure function of their numbers."""
        return self.settings.seed + trial + len(self.combinations) * execution

    def trial_config(
        self, values: Mapping[str, Any], seed: int, epochs: int | None = None
    ) -> RunConfig:
        """The run config of one trial: template, values, seed, and the search's epochs."""
        s = self.settings
        training = {"seed": seed, "epochs": epochs or s.epochs, "patience": s.patience}
        return self._with(values).with_values(training=training)

    def best_config(self, values: Mapping[str, Any], seed: int) -> RunConfig:
        """The run config for the final training: template's epochs, the best values and seed."""
        return self._with(values).with_values(training={"seed": seed})

    def to_dict(self) -> dict[str, Any]:
        """The space as tables, paths absolute: kept beside the results, compared on resume."""
        return {
            "search": asdict(self.settings),
            "base": self.base.to_dict(),
            "grid": {self.keys[name]: list(values) for name, values in self.grid.items()},
        }

    def _with(self, values: Mapping[str, Any]) -> RunConfig:
        config = self.base
        for name, value in values.items():
            section, _, entry = self.keys[name].partition(".")
            if entry.startswith("options."):
                options = {**config.model.options, entry.removeprefix("options."): value}
                config = config.with_values(model={"options": options})
            else:
                config = config.with_values(**{section: {entry: value}})
        return config
