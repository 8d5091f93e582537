"""A search over a toy network with real training."""

import os
import time

import keras
import numpy as np

from keras_landslide.config import RunConfig
from keras_landslide.tuning.job import Outcome
from keras_landslide.tuning.space import SearchSettings, SearchSpace

SPACE = SearchSpace(
    SearchSettings(name="toy", objective="val_loss", seed=7, epochs=2, patience=2),
    RunConfig(),
    {"filters": (2, 4), "learning_rate": (0.1, 0.01), "batch_size": (8, 16)},
    {
        "filters": "model.options.filters",
        "learning_rate": "training.learning_rate",
        "batch_size": "training.batch_size",
    },
)


class ToyTrainer:
    """Fits a line through noise; `crash` names combinations that raise instead."""

    def __init__(self, crash=lambda config: None, pause_s=0.0):
        self.crash, self.pause_s = crash, pause_s
        self.fitted = []
        points = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
        self.x, self.y = points, points.sum(axis=1, keepdims=True)

    def build(self, config):
        keras.utils.set_random_seed(config.training.seed)
        model = keras.Sequential(
            [
                keras.Input((3,)),
                keras.layers.Dense(config.model.options["filters"]),
                keras.layers.Dense(1),
            ]
        )
        optimizer = keras.optimizers.Adam(config.training.learning_rate)
        model.compile(optimizer, loss="mse", jit_compile=False)
        return model

    def fit(self, model, config, run_folder, callbacks):
        self.fitted.append(config)
        print("gpu", os.environ.get("CUDA_VISIBLE_DEVICES"), flush=True)  # in the trial's log
        run_folder.mkdir(parents=True, exist_ok=True)
        (run_folder / "weights.bin").write_bytes(b"0" * 100)
        self.crash(config)
        pause = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: time.sleep(self.pause_s)
        )
        history = model.fit(
            self.x,
            self.y,
            validation_split=0.25,
            batch_size=config.training.batch_size,
            epochs=config.training.epochs,
            verbose=0,
            callbacks=[*callbacks, pause],
        ).history
        return Outcome(history)


class FragileTrainer(ToyTrainer):
    """Networks with three filters end their process as a defect in native code would.

    Those with five get a learning rate that no network survives.
    """

    def build(self, config):
        if config.model.options["filters"] == 5:
            config = config.with_values(training={"learning_rate": 1e30})
        return super().build(config)

    def fit(self, model, config, run_folder, callbacks):
        if config.model.options["filters"] == 3:
            os.abort()
        return super().fit(model, config, run_folder, callbacks)
