"""What a search trains on: the patches of a stack, read once for all trials."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from keras_landslide.config import RunConfig
from keras_landslide.errors import RecipeError
from keras_landslide.patches.cache import PatchCache
from keras_landslide.samples.batches import PatchBatches
from keras_landslide.training.history import History
from keras_landslide.training.run import train
from keras_landslide.tuning.job import Outcome
from keras_landslide.tuning.space import SearchSpace
from keras_landslide.workflows.train import TrainingData, load_data, new_model, training_batches


class PatchTrainer:
    """Builds and trains the run config of a trial, as `keras-landslide train` would.

    See `tuning.job.Trainer`.

    Args:
        space: the search.

    Raises:
        LandslideError: stack, patch table, bands or splits are wrong.
    """

    def __init__(self, space: SearchSpace):
        # A new network per trial is traced anew each time; TensorFlow warns of that.
        logging.getLogger("tensorflow").setLevel(logging.ERROR)
        self.limit, self.seed = space.settings.max_patches, space.settings.seed
        self.data: dict[tuple[str, ...], TrainingData] = {}
        if space.base.is_ensemble:
            raise RecipeError(
                "a search trains one network for each trial; leave [ensemble] out, and give "
                "data.fold with data.folds"
            )
        for values in space.combinations:
            config = space.trial_config(values, seed=0)
            if config.band_names not in self.data:
                self.data[config.band_names] = load_data(config)

    def build(self, config: RunConfig) -> keras.Model:
        """The network with seeded weights and the training split's statistics."""
        return new_model(config, self.data[config.band_names])

    def fit(
        self,
        model: keras.Model,
        config: RunConfig,
        run_folder: Path,
        callbacks: list[keras.callbacks.Callback],
    ) -> Outcome:
        """Train, going on after the last epoch in `run_folder`; the history of all epochs."""
        data = self._batches(config)
        metrics = train(
            model, data.train, data.val, run_folder, config, callbacks=callbacks, quiet=True
        )
        rows = History(run_folder / "history.csv").rows
        return Outcome(
            {name: [row[name] for row in rows] for name in rows[0] if name != "epoch"},
            kept_epoch=metrics["best_epoch"] + 1,
            final={"val_best_f1": metrics["val"]["f1"] or 0.0},
        )

    def _batches(self, config: RunConfig) -> TrainingData:
        data, size = self.data[config.band_names], config.training.batch_size
        chosen = {s: limited(data.cache, s, self.limit, self.seed) for s in ("train", "val")}
        return replace(
            data,
            train=training_batches(data.cache, chosen["train"], config),
            val=PatchBatches(data.cache, chosen["val"], batch_size=size, shuffle=False),
            scored={},
        )


def limited(cache: PatchCache, split: str, limit: int, seed: int) -> np.ndarray:
    """At most `limit` patches of a split (0 = all), as many of them with landslides as in it.

    Returns positions in the cache, int64, in table order. At least one patch with landslide pixels
    is among them if the split has one.
    """
    indices = cache.indices(split)
    if not 0 < limit < len(indices):
        return indices
    rng = np.random.default_rng(seed)
    positive = cache.positive(indices)
    wanted = max(round(limit * positive.mean()), int(positive.any()))
    chosen = [
        rng.choice(indices[positive], wanted, replace=False),
        rng.choice(indices[~positive], limit - wanted, replace=False),
    ]
    return np.sort(np.concatenate(chosen))
