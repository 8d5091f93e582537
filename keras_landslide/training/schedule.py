"""The learning rate of the next epoch, from the history of those before it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from keras_landslide.config import TrainingConfig

MIN_DELTA = 1e-4
"""A validation loss counts as lower when it is so much lower, as in `ReduceLROnPlateau`."""


def learning_rate(config: TrainingConfig, rows: Sequence[Mapping[str, float]]) -> float:
    """The rate after the epochs in `rows`: halved, or so, on each plateau of the validation loss.

    The rule is that of `keras.callbacks.ReduceLROnPlateau`. It is a function of the history alone,
    so that a resumed run goes on at the rate of one that was never stopped. With `cosine` it falls
    with the number of epochs instead (Loshchilov and Hutter 2017, arXiv:1608.03983, without
    restarts).

    Args:
        config: `learning_rate`, `plateau_patience` (0: constant), `plateau_factor`, and `cosine`
            with `epochs`.
        rows: finished epochs, each with `val_loss`.
    """
    rate, best, waited = config.learning_rate, float("inf"), 0
    if config.cosine:
        return rate * (1 + math.cos(math.pi * len(rows) / config.epochs)) / 2
    if config.plateau_patience:
        for row in rows:
            if row["val_loss"] < best - MIN_DELTA:
                best, waited = row["val_loss"], 0
                continue
            waited += 1
            if waited >= config.plateau_patience:
                rate, waited = rate * config.plateau_factor, 0
    return rate
