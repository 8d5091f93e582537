"""Optimizer and learning rate by cross-validation, as in the LACNN study: one epoch, five folds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from keras_landslide.errors import InputFileError, TrainingError
from keras_landslide.evaluation.distribution import Distribution
from keras_landslide.evaluation.ranking import nll
from keras_landslide.records import entry, parse_json, read_record
from keras_landslide.susceptibility_study.folds import held_out
from keras_landslide.susceptibility_study.learn import Learner

RATES = tuple(2.0**-power for power in range(1, 16, 2))
"""Every other power of two from 1/2 to 2^-15; those of the study's Table 1 are powers of two."""
OPTIMIZERS = ("adam", "sgd")


class Trial(NamedTuple):
    """One optimizer and rate.

    Attributes:
        optimizer: `adam` or `sgd`.
        learning_rate: at the start.
        nll: mean held-out negative log-likelihood after one epoch; infinite where it diverged.
    """

    optimizer: str
    learning_rate: float
    nll: float


@dataclass(frozen=True)
class KeptTrial:
    """A trial in a file of rates."""

    optimizer: str = entry("of the trial", choices=OPTIMIZERS)
    learning_rate: float = entry("at the start", above=0, high=100)
    nll: float = entry("mean held-out negative log-likelihood")


def read_rates(path: str | Path) -> list[Trial]:
    """What a search of rates found and kept in a file, the best first.

    Raises:
        InputFileError: the file is missing or damaged.
    """
    remedy = "remove it and run again"
    try:
        text = Path(path).read_bytes()
    except OSError as error:
        raise InputFileError(f"{path}: cannot be read ({error.strerror}); {remedy}") from error
    values = parse_json(text, path, remedy=remedy)
    if not isinstance(values, list) or not values:
        raise InputFileError(f"{path}: should hold a list of trials; {remedy}")
    kept = [read_record(KeptTrial, each, path, remedy=remedy) for each in values]
    return [Trial(each.optimizer, each.learning_rate, each.nll) for each in kept]


def search_rates(
    learner: Learner,
    features: np.ndarray,
    label: np.ndarray,
    fold: np.ndarray,
    *,
    start: Callable[[np.ndarray], np.ndarray | None] = lambda learn: None,
    rates: Sequence[float] = RATES,
    seed: int = 0,
) -> list[Trial]:
    """Train one epoch per optimizer, rate and fold; the least negative log-likelihood first.

    Args:
        learner: the network and how it learns, but for what is searched.
        features: float32 (H, W, C).
        label: uint8 (H, W) of 0, 1, 255: what may be learnt from, without any held-out pixel.
        fold: int (H, W), see `folds.make_folds`; 5 in the study.
        start: what a network that learns from a label begins as, see `Learner.train`.
        rates: learning rates to try.
        seed: of the weights.
    """
    parts = [held_out(label, fold, number) for number in range(int(fold.max()) + 1)]
    starts = [start(learn) for learn, _ in parts]
    trials = []
    for optimizer in OPTIMIZERS:
        for rate in rates:
            own = replace(
                learner.learning,
                optimizer=optimizer,
                learning_rate=rate,
                epochs=1,
                schedule="plateau",
            )
            trained = Learner(learner.name, learner.continuous, own)
            losses = []
            for (learn, score), begin in zip(parts, starts, strict=True):
                try:
                    weights = trained.train(features, learn, seed=seed, start=begin)
                except TrainingError:
                    losses.append(np.inf)
                    break
                loss = nll(Distribution.of(trained.predict(weights, features), score))
                losses.append(np.inf if loss is None else loss)
            trials.append(Trial(optimizer, rate, float(np.mean(losses))))
    return sorted(trials, key=lambda trial: trial.nll)
