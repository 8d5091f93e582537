"""The bridge between run configs and Keras Tuner: build from a trial's values, fit with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import keras
import keras_tuner

from keras_landslide.config import RunConfig
from keras_landslide.tuning.oracle import register
from keras_landslide.tuning.space import SearchSpace

History = Mapping[str, Sequence[float]]
"""Metric name -> its value after each epoch, from the first epoch on."""


class Trainer(Protocol):
    """What a search needs to know of training; the command line hands in the real one."""

    def build(self, config: RunConfig) -> keras.Model:
        """A model for this run config, its weights drawn with `config.training.seed`."""

    def fit(
        self,
        model: keras.Model,
        config: RunConfig,
        run_folder: Path,
        callbacks: list[keras.callbacks.Callback],
    ) -> History:
        """Train, going on from what an earlier, killed call left in `run_folder`.

        Returns the history of all epochs, those before the kill included.
        """


class RunConfigHyperModel(keras_tuner.HyperModel):
    """Builds and fits the run config of a trial.

    The whole space, batch size included, is declared before the first trial.
    """

    def __init__(self, space: SearchSpace, trainer: Trainer):
        super().__init__(name=space.settings.name)
        self.space = space
        self.trainer = trainer

    def declare_hyperparameters(self, hp: keras_tuner.HyperParameters) -> None:
        """Register every parameter with all its values."""
        register(self.space, hp)

    def build(self, hp: keras_tuner.HyperParameters, seed: int | None = None) -> keras.Model:
        """The model for `hp`; `seed` as in `config`."""
        return self.trainer.build(self.config(hp, seed))

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: Any, **kwargs: Any):
        """Train `model`; keywords `run_folder`, `seed` and `callbacks` come from the tuner."""
        config = self.config(hp, kwargs["seed"])
        return self.trainer.fit(model, config, kwargs["run_folder"], kwargs["callbacks"])

    def config(self, hp: keras_tuner.HyperParameters, seed: int | None = None) -> RunConfig:
        """The run config for the values that `hp` holds now, by default with the first seed."""
        values = register(self.space, hp)
        return self.space.trial_config(values, self.space.seed(0) if seed is None else seed)
