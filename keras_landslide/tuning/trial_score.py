"""The score of a training: the objective of the epoch whose weights it keeps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras_tuner

from keras_landslide.errors import RecipeError
from keras_landslide.tuning.job import Outcome
from keras_landslide.tuning.space import SearchSpace


def kept_epoch(outcome: Outcome, space: SearchSpace) -> dict[str, Any]:
    """Score, epoch (from 1) and other validation metrics of the epoch whose weights a run keeps.

    Where the outcome does not say which that is, it is the first with the best objective.

    Raises:
        RecipeError: the objective is not measured.
        keras_tuner.errors.FailedTrialError: the objective is not finite there, or the loss became
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
    kept = outcome.kept_epoch or _best(history[name], space.direction)
    measured = {key: float(values[kept - 1]) for key, values in history.items()} | dict(final)
    if not math.isfinite(measured[name]):
        raise keras_tuner.errors.FailedTrialError(f"{name} is not finite in any epoch")
    return {
        "score": measured[name],
        "best_epoch": kept,
        "epochs": max(map(len, history.values())),
        "metrics": {
            key: value
            for key, value in measured.items()
            if key.startswith("val_") and key != name and math.isfinite(value)
        },
    }


def _best(values: Sequence[float], direction: str) -> int:
    """The first epoch, from 1, with the best value; what is not finite is worst."""
    sign = 1 if direction == "min" else -1
    costs = [sign * value if math.isfinite(value) else math.inf for value in values]
    return costs.index(min(costs)) + 1
