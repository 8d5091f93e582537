"""What `search.py` searches over: a small U-Net on simulated patches of noise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from keras_landslide.config import RunConfig
from keras_landslide.tuning.space import SearchSettings, SearchSpace

GRID = {"filters": (4, 8), "learning_rate": (1e-2, 3e-3, 1e-3, 3e-4), "batch_size": (8,)}
KEYS = {
    "filters": "model.options.filters",
    "learning_rate": "training.learning_rate",
    "batch_size": "training.batch_size",
}


def space_of(epochs: int, grid: dict = GRID, levels: int = 2, **settings: object) -> SearchSpace:
    base = RunConfig().with_values(
        data={"image_model": "rgb"},
        model={"options": {"filters": 4, "levels": levels}},
        training={"epochs": epochs, "patience": epochs},
    )
    known = SearchSettings(objective="val_best_f1", epochs=epochs, patience=epochs)
    return SearchSpace(replace(known, **settings), base, grid, KEYS)


@dataclass(frozen=True)
class Batches:
    """Batches of patches held in memory."""

    images: np.ndarray
    labels: np.ndarray
    batch_size: int

    def __len__(self) -> int:
        return -(-len(self.images) // self.batch_size)

    def batch(self, epoch: int, index: int) -> tuple[np.ndarray, np.ndarray]:
        """As `training.batches.BatchSource` asks."""
        chosen = slice(index * self.batch_size, (index + 1) * self.batch_size)
        return self.images[chosen], self.labels[chosen]


class NoiseTrainer:
    """Trains on simulated patches as a run would."""

    def __init__(self, patches: int, size: int):
        # As the real trainer: in the process that trials are forked from, not in each of them.
        import keras_landslide.models.registry
        import keras_landslide.training.run  # noqa: F401

        rng = np.random.default_rng(0)
        self.labels = np.kron(
            rng.random((patches, size // 8, size // 8, 1)) < 0.1, np.ones((1, 8, 8, 1))
        )
        noise = rng.normal(0.2, 0.1, (patches, size, size, 3))
        self.images = (noise + 0.15 * self.labels).astype("float32")
        self.labels = self.labels.astype("float32")

    def batches(self, batch_size: int) -> tuple[Batches, Batches]:
        """Three quarters to learn from, one to score on."""
        cut = len(self.images) * 3 // 4
        parts = (slice(None, cut), slice(cut, None))
        train, val = (Batches(self.images[p], self.labels[p], batch_size) for p in parts)
        return train, val

    def build(self, config: RunConfig):
        """The network with seeded weights."""
        from keras_landslide import models
        from keras_landslide.training.compiling import fix_seeds

        fix_seeds(config.training.seed)
        shape = self.images.shape[1:]
        return models.build(config.model.name, shape, **config.model.options)

    def fit(self, model, config: RunConfig, run_folder: Path, callbacks: list):
        """Train with all that a run keeps: checkpoints, history, threshold."""
        from keras_landslide.training.history import History
        from keras_landslide.training.run import train
        from keras_landslide.tuning.job import Outcome

        batches = self.batches(config.training.batch_size)
        metrics = train(model, *batches, run_folder, config, callbacks=callbacks, quiet=True)
        rows = History(run_folder / "history.csv").rows
        history = {key: [row[key] for row in rows] for key in rows[0] if key != "epoch"}
        final = {"val_best_f1": metrics["val"]["f1"] or 0.0}
        return Outcome(history, metrics["best_epoch"] + 1, final)
