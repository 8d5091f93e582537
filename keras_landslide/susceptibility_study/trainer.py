"""Trains any model of a study, network or peer, on a part of one region."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_landslide.bands import UNLABELLED
from keras_landslide.errors import TerrainError, TrainingError
from keras_landslide.files import fingerprint, write_json
from keras_landslide.rasters.read import source_state
from keras_landslide.susceptibility_study.features import Features
from keras_landslide.susceptibility_study.folds import make_folds
from keras_landslide.susceptibility_study.learn import Learner, Learning, logistic_weights
from keras_landslide.susceptibility_study.peers import PEERS, predict_peer, train_peer
from keras_landslide.susceptibility_study.rates import read_rates, search_rates
from keras_landslide.susceptibility_study.region import heavy_channels, read_features, usable
from keras_landslide.susceptibility_study.settings import ALIGNED, LEAST_WEIGHT, Held, StudySettings

FORMAT = 2
"""Of what lies in `held_out/`: raise it where the same settings give other probabilities."""


class Trainer:
    """Trains the models of a study on parts of one region.

    Args:
        stack: the region.
        features: its local features.
        label: uint8 (H, W).
        settings: of the study.

    Raises:
        BandError: a network aligns and the stack has no uphill bands.
        TerrainError: an uphill range goes beyond the margin of the patches.
        UnknownNameError: a feature to align is none of the stack's.
    """

    def __init__(
        self, stack: Path, features: Features, label: np.ndarray, settings: StudySettings
    ) -> None:
        self.stack, self.settings = stack, settings
        self.local = features
        if set(settings.models) & set(ALIGNED):
            # What cannot be aligned is said before anything is learnt.
            some = features.names[:1] if settings.align is None else settings.align
            self._check_reach(features.with_aligned(some))
        self.values = read_features(stack, features)
        self.label = usable(label, self.values)
        self._aligned: tuple[tuple[str, ...], np.ndarray] | None = None
        self._regressions: dict[str, np.ndarray] = {}
        self._learners: dict[tuple, Learner] = {}

    def key(self, name: str, held: Held | None) -> str:
        """What the probabilities of a model depend on, but for the fold; None is the map."""
        own = self.settings
        # Networks may begin as the logistic regression, and it chooses what is aligned.
        parts = PEERS.get(name) or [asdict(own.learning(network)) for network in (name, "llr")]
        chosen = [own.protocol, own.align, own.members, own.search_rates, own.seed]
        where = [held and asdict(held), own.block_px, own.buffer_px]
        state = source_state(self.stack)
        return fingerprint([FORMAT, name, parts, chosen, where, self.local.bands, state])

    def peer(self, name: str, learn: np.ndarray) -> Any:
        """A peer fitted to the local features."""
        return train_peer(name, self.values, learn, seed=self.settings.seed)

    def networks(
        self,
        name: str,
        learn: np.ndarray,
        validation: np.ndarray | None = None,
        rates: Path | None = None,
    ) -> tuple[Features, list[keras.Model]]:
        """An ensemble of one network, each of its own, and the features that they take."""
        features, learner, values = self._prepared(name, learn, rates)
        members = self._members(name, learner, values, learn, validation)
        return features, [learner.network(weights) for weights in members]

    def probability(
        self,
        name: str,
        learn: np.ndarray,
        validation: np.ndarray | None = None,
        rates: Path | None = None,
    ) -> np.ndarray:
        """Probability float32 (H, W) of a model that learnt from `learn`, NaN where unlabelled.

        Args:
            name: network or peer.
            learn: uint8 (H, W), 255 where not to learn from.
            validation: labels for the plateau schedule.
            rates: file where the search of rates keeps what it found.
        """
        where = self.label != UNLABELLED
        if name in PEERS:
            return predict_peer(self.peer(name, learn), self.values, where)
        _, learner, values = self._prepared(name, learn, rates)
        rows, cols = (np.flatnonzero(where.any(axis=axis)) for axis in (1, 0))
        box = (rows[0], rows[-1] + 1), (cols[0], cols[-1] + 1)
        answers = [
            learner.predict(weights, values, *box)
            for weights in self._members(name, learner, values, learn, validation)
        ]
        return np.where(where, np.mean(answers, axis=0), np.nan).astype(np.float32)

    def _prepared(
        self, name: str, learn: np.ndarray, rates: Path | None
    ) -> tuple[Features, Learner, np.ndarray]:
        features, values = self.local, self.values
        if name in ALIGNED:
            features = self._align(learn)
            values = self._values(features)
        learning = self._learning(name, features, values, learn, rates)
        key = name, features.channels, learning.optimizer, learning.learning_rate
        if key not in self._learners:
            learner = Learner(name, features.continuous, learning)
            self._learners = {k: v for k, v in self._learners.items() if k[0] != name}
            self._learners[key] = learner
        return features, self._learners[key], values

    def _learning(
        self,
        name: str,
        features: Features,
        values: np.ndarray,
        learn: np.ndarray,
        rates: Path | None,
    ) -> Learning:
        """How a network learns: as set, or at the rate found by cross-validation within `learn`."""
        own = self.settings.learning(name)
        if not self.settings.search_rates or name == "naive" or rates is None:
            return own
        if not rates.exists():
            fold = make_folds(learn, "blocks", 5, block_px=self.settings.block_px)
            trials = search_rates(
                Learner(name, features.continuous, own), values, learn, fold,
                start=lambda part: self._start(name, part), seed=self.settings.seed,
            )  # fmt: skip
            known = [trial._asdict() for trial in trials if np.isfinite(trial.nll)]
            if not known:
                raise TrainingError(f"{name}: the loss is no number at any rate of the search")
            write_json(rates, known)
        best = read_rates(rates)[0]
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
        start = self._start(name, learn)
        # Where the optimum is one, and where there is nothing to learn, one does.
        for number in range(1 if name in ("naive", "llr") else self.settings.members):
            seed = self.settings.seed + number
            yield learner.train(values, learn, seed=seed, validation=validation, start=start)

    def _start(self, name: str, learn: np.ndarray) -> np.ndarray | None:
        """The logistic regression that a network begins as; None where it does not."""
        wide = self.settings.learning(name).options.get("features_to_head")
        return self._logistic(learn) if wide else None

    def _logistic(self, learn: np.ndarray) -> np.ndarray:
        """Weights and bias of a logistic regression on the same pixels, at its own rate."""
        mark = hashlib.sha256(learn.tobytes()).hexdigest()
        if mark not in self._regressions:
            learner = Learner("llr", self.local.continuous, self.settings.learning("llr"))
            weights = learner.train(self.values, learn, seed=self.settings.seed)
            self._regressions[mark] = logistic_weights(weights)
        return self._regressions[mark]

    def _align(self, learn: np.ndarray) -> Features:
        """The features with those aligned that were named, or that a logistic regression chose."""
        names = self.settings.align
        if names is None:
            names = heavy_channels(self._logistic(learn), self.local, LEAST_WEIGHT)
        relative = self.settings.protocol != "published"
        return self.local.with_aligned(names, relative=relative)

    def _check_reach(self, features: Features) -> None:
        margin = self.settings.learning("lacnn").cutting.margin_px
        cell = min(features.cell_size_m)
        for range_m in features.ranges_m:
            if range_m / cell > margin + 0.5:
                raise TerrainError(
                    f"an uphill range of {range_m:g} m is {range_m / cell:.0f} pixels, more than "
                    f"the patch margin of {margin}; raise `margin_px`, or leave that uphill "
                    "band out"
                )

    def _values(self, features: Features) -> np.ndarray:
        """Features of the whole region; those of the last alignment are kept."""
        if self._aligned is None or self._aligned[0] != features.channels:
            self._aligned = None  # the old ones may go before the new ones come
            self._aligned = features.channels, read_features(self.stack, features)
        return self._aligned[1]
