"""Every model on the same pixels and folds: held-out probabilities, kept fold by fold."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from keras_landslide.errors import TerrainError
from keras_landslide.files import replacing
from keras_landslide.susceptibility.features import Features
from keras_landslide.susceptibility.folds import held_out, make_folds
from keras_landslide.susceptibility.learn import Learner, Learning, logistic_weights
from keras_landslide.susceptibility.peers import PEERS, predict_peer, train_peer
from keras_landslide.susceptibility.rates import Trial, search_rates
from keras_landslide.susceptibility.region import heavy_channels, read_features, usable
from keras_landslide.susceptibility.settings import ALIGNED, LEAST_WEIGHT, StudySettings


class Trainer:
    """Trains the models of a study on parts of one region.

    Args:
        stack: the region.
        features: its local features.
        label: uint8 (H, W).
        settings: of the study.
    """

    def __init__(
        self, stack: Path, features: Features, label: np.ndarray, settings: StudySettings
    ) -> None:
        self.stack, self.settings = stack, settings
        self.local = features
        self.values = read_features(stack, features)
        self.label = usable(label, self.values)
        self._aligned: tuple[tuple[str, ...], np.ndarray] | None = None
        self._regression: tuple[str, np.ndarray] | None = None
        self.rates: dict[str, list[Trial]] = {}
        self._learners: dict[tuple[str, tuple[str, ...]], Learner] = {}

    def networks(self, name: str, learn: np.ndarray) -> tuple[Features, list[keras.Model]]:
        """An ensemble of one network, each of its own, and the features that they take."""
        features, learner, values = self._prepared(name, learn)
        return features, [learner.network(w) for w in self._members(name, learner, values, learn)]

    def probability(
        self, name: str, learn: np.ndarray, where: np.ndarray, validation: np.ndarray | None = None
    ) -> np.ndarray:
        """Probability float32 (H, W) at `where`, bool, of a model that learnt from `learn`."""
        if name in PEERS:
            peer = train_peer(name, self.values, learn, seed=self.settings.seed)
            return predict_peer(peer, self.values, where)
        _, learner, values = self._prepared(name, learn)
        rows, cols = (np.flatnonzero(where.any(axis=axis)) for axis in (1, 0))
        box = (rows[0], rows[-1] + 1), (cols[0], cols[-1] + 1)
        answers = [
            learner.predict(weights, values, *box)
            for weights in self._members(name, learner, values, learn, validation)
        ]
        return np.where(where, np.mean(answers, axis=0), np.nan).astype(np.float32)

    def _prepared(self, name: str, learn: np.ndarray) -> tuple[Features, Learner, np.ndarray]:
        features, values = self.local, self.values
        if name in ALIGNED:
            features = self._align(learn)
            values = self._values(features)
        key = name, features.channels
        if key not in self._learners:
            learning = self._learning(name, features, values)
            learner = Learner(name, features.continuous, learning)
            self._learners = {k: v for k, v in self._learners.items() if k[0] != name}
            self._learners[key] = learner
        return features, self._learners[key], values

    def _learning(self, name: str, features: Features, values: np.ndarray) -> Learning:
        """How a network learns: as set, or at the rate that cross-validation chose, once."""
        own = self.settings.learning(name)
        if not self.settings.search_rates or name == "naive":
            return own
        if name not in self.rates:
            fold = make_folds(self.label, "blocks", 5, block_px=self.settings.block_px)
            self.rates[name] = search_rates(
                name, values, self.label, fold, features.continuous, own, seed=self.settings.seed
            )
        best = self.rates[name][0]
        return replace(own, optimizer=best.optimizer, learning_rate=best.learning_rate)

    def _members(
        self,
        name: str,
        learner: Learner,
        values: np.ndarray,
        learn: np.ndarray,
        validation: np.ndarray | None = None,
    ) -> Iterator[list[np.ndarray]]:
        """Weights of networks that learnt alike but for their seed."""
        # Where the optimum is one, and where there is nothing to learn, one does.
        for number in range(1 if name in ("naive", "llr") else self.settings.members):
            seed = self.settings.seed + number
            yield learner.train(
                values, learn, seed=seed, validation=validation, start=self._start(name, learn)
            )

    def _start(self, name: str, learn: np.ndarray) -> np.ndarray | None:
        """The logistic regression that a network begins as; None where it does not."""
        wide = self.settings.learning(name).options.get("features_to_head")
        return self._logistic(learn) if wide else None

    def _logistic(self, learn: np.ndarray) -> np.ndarray:
        """Weights and bias of a logistic regression on the same pixels, kept for the fold."""
        mark = hashlib.sha256(learn.tobytes()).hexdigest()
        if self._regression is None or self._regression[0] != mark:
            _, learner, values = self._prepared("llr", learn)
            weights = next(self._members("llr", learner, values, learn))
            self._regression = mark, logistic_weights(weights)
        return self._regression[1]

    def _align(self, learn: np.ndarray) -> Features:
        """The features with those aligned that were named, or that a logistic regression chose."""
        names = self.settings.align
        if names is None:
            names = heavy_channels(self._logistic(learn), self.local, LEAST_WEIGHT)
        relative = self.settings.protocol != "published"
        features = self.local.with_aligned(names, relative=relative)
        self._check_reach(features)
        return features

    def _check_reach(self, features: Features) -> None:
        margin = self.settings.learning("lacnn").cutting.margin_px
        cell = min(features.cell_size_m)
        for range_m in features.ranges_m:
            if range_m / cell > margin + 0.5:
                raise TerrainError(
                    f"an uphill range of {range_m:g} m is {range_m / cell:.0f} pixels, more than "
                    f"the patch margin of {margin}; raise --margin, or leave out that uphill band"
                )

    def _values(self, features: Features) -> np.ndarray:
        """Features of the whole region; those of the last alignment are kept."""
        if self._aligned is None or self._aligned[0] != features.channels:
            self._aligned = None  # the old ones may go before the new ones come
            self._aligned = features.channels, read_features(self.stack, features)
        return self._aligned[1]


def held_out_maps(
    trainer: Trainer, fold: np.ndarray, names: list[str], folder: Path, key: str
) -> Iterator[tuple[str, int]]:
    """Fill `folder` with a held-out probability per model and fold; yields each when it is there.

    What an earlier call with the same `key` left complete is not made again. Under the published
    protocol fold 0 alone is scored and fold 1 is for validation.
    """
    published = trainer.settings.protocol == "published"
    for number in range(1 if published else int(fold.max()) + 1):
        learn, score = held_out(trainer.label, fold, number)
        validation = None
        if published:
            learn, validation = held_out(learn, fold, 1)
        for name in names:
            path = held_path(folder, key, name, number)
            if not path.exists():
                found = trainer.probability(name, learn, score != 255, validation)
                with replacing(path) as part:
                    np.save(part.open("wb"), found[fold == number])
            yield name, number


def held_path(folder: Path, key: str, name: str, number: int) -> Path:
    """Where the probabilities of one model on one fold lie."""
    return folder / f"{key}-{name}-{number}.npy"


def gather(fold: np.ndarray, name: str, folder: Path, key: str) -> np.ndarray:
    """All held-out probabilities of a model, float32 (H, W), NaN where there is none."""
    out = np.full(fold.shape, np.nan, np.float32)
    for number in range(int(fold.max()) + 1):
        path = held_path(folder, key, name, number)
        if path.exists():
            out[fold == number] = np.load(path)
    return out
