"""The last trials of a search: its finalists with further seeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from keras_landslide.tuning.plan import FIRST, REPEAT, plan_of
from keras_landslide.tuning.space import SearchSpace


def next_repeat(
    space: SearchSpace, trials: Mapping[str, Any], ranked: Callable[[list[Any]], list[Any]]
) -> dict[str, Any] | None:
    """Values of the next finalist with the next seed; None if all have had theirs.

    Args:
        space: the search.
        trials: Keras Tuner's, by their ids; every combination has ended.
        ranked: the completed ones of some trials, best first.
    """
    s = space.settings
    plans = {i: plan_of(space, i, trial.hyperparameters.values) for i, trial in trials.items()}
    longest = max((plan.epochs for plan in plans.values()), default=0)
    full = [trials[i] for i, plan in plans.items() if not plan.repeat and plan.epochs == longest]
    done = {(plan.first, plan.repeat) for plan in plans.values()}
    for repeat in range(1, s.repeats + 1):
        for trial in ranked(full)[: s.finalists]:
            plan = plans[trial.trial_id]
            if (plan.first, repeat) not in done:
                return {**plan.values, FIRST: plan.first, REPEAT: repeat}
    return None
