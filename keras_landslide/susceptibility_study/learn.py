"""Train one network of the LACNN family on the features of a region."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from keras_landslide.errors import TrainingError
from keras_landslide.losses.crossentropy import BinaryCrossentropyLoss
from keras_landslide.models.registry import build
from keras_landslide.susceptibility_study.sampling import Cutting, Patches
from keras_landslide.susceptibility_study.whole import predict_whole


@dataclass(frozen=True)
class Learning:
    """How a network learns.

    Attributes:
        optimizer: `adam` or `sgd`.
        learning_rate: at the start.
        epochs: passes over the patches.
        batch_size: patches per step.
        l2: weight decay as a penalty, lambda * sum(w^2) over kernels; 1e-3 in the study.
        schedule: `cosine` to zero over the epochs, or `plateau`: halved after 2 epochs without a
            better validation loss, as in the study.
        options: of the network's function, such as `filters` and `levels`.
        cutting: of the patches.
    """

    optimizer: str = "adam"
    learning_rate: float = 1e-3
    epochs: int = 20
    batch_size: int = 8
    l2: float = 1e-3
    schedule: str = "cosine"
    options: dict[str, Any] = field(default_factory=dict)
    cutting: Cutting = field(default_factory=Cutting)


class Learner:
    """Trains networks of one shape again and again; compiled once, since that takes seconds.

    Args:
        name: `naive`, `llr`, `nn`, `lann`, `cnn` or `lacnn`.
        continuous: which of its channels are z-scored; the others are 0 and 1.
        learning: how.
    """

    def __init__(self, name: str, continuous: Sequence[bool], learning: Learning) -> None:
        self.name, self.continuous, self.learning = name, tuple(continuous), learning
        self.model: keras.Model | None = None

    def train(
        self,
        features: np.ndarray,
        label: np.ndarray,
        *,
        seed: int = 0,
        validation: np.ndarray | None = None,
        start: np.ndarray | None = None,
    ) -> list[np.ndarray]:
        """The weights of a trained network.

        Args:
            features: float32 (H, W, C), NaN where there is no data.
            label: uint8 (H, W) of 0, 1 and 255 where not to learn from.
            seed: of weights, order and turns.
            validation: uint8 (H, W), labels for the plateau schedule.
            start: weights of a logistic regression of the first channels and its bias, (C' + 1,),
                for a network whose head sees its features (`features_to_head`): it begins as that
                regression, and learns what is missing.

        Raises:
            SplitError: there is nothing to learn from.
            TrainingError: the loss is no number.
        """
        learning = self.learning
        keras.utils.set_random_seed(seed)
        share = (label == 1).sum() / max((label != 255).sum(), 1)
        fresh = self._build(float(min(max(share, 1e-6), 1 - 1e-6)))
        fresh.get_layer("normalise").set_statistics(*statistics(features, label, self.continuous))
        if self.name == "naive":
            return fresh.get_weights()
        # Landslides are rare: starting at their share saves the first epochs.
        head = fresh.get_layer("head")
        head.bias.assign(np.full(1, np.log(share / (1 - share)), "float32"))
        if start is not None and learning.options.get("features_to_head"):
            kernel = np.zeros(head.kernel.shape, "float32")
            deep = kernel.shape[2] - len(self.continuous)
            kernel[0, 0, deep : deep + start.size - 1, 0] = start[:-1]
            head.kernel.assign(kernel)
            head.bias.assign(start[-1:])
        batches = Patches(
            features, label, learning.cutting, batch_size=learning.batch_size, seed=seed
        )
        watched = None
        if learning.schedule == "plateau" and validation is not None:
            still = Cutting(learning.cutting.size_px, learning.cutting.margin_px, 1, False, False)
            watched = Patches(features, validation, still, batch_size=learning.batch_size)
        model = self._compiled(fresh)
        try:
            history = model.fit(
                batches,
                epochs=learning.epochs,
                verbose=0,
                callbacks=[keras.callbacks.TerminateOnNaN(), *self._schedule(watched is not None)],
                validation_data=watched,
            )
        finally:
            for used in (batches, watched):
                if used is not None:
                    used.release()
        if not np.isfinite(history.history["loss"]).all():
            raise TrainingError(
                f"{self.name}: the loss is no number; choose a smaller learning rate than "
                f"{learning.learning_rate:g}"
            )
        return model.get_weights()

    def network(self, weights: list[np.ndarray]) -> keras.Model:
        """A network of its own with these weights: features to probability."""
        model = self._build(0.5)
        model.set_weights(weights)
        return model

    def predict(
        self,
        weights: list[np.ndarray],
        features: np.ndarray,
        rows: tuple[int, int] | None = None,
        cols: tuple[int, int] | None = None,
    ) -> np.ndarray:
        """Probability of a part of a region, as `predict_whole`."""
        if self.model is None:
            self.model = self._build(0.5)
        self.model.set_weights(weights)
        return predict_whole(self.model, features, rows=rows, cols=cols)

    def _build(self, share: float) -> keras.Model:
        options = {"probability": share} if self.name == "naive" else self.learning.options
        return build(self.name, (None, None, len(self.continuous)), **options)

    def _compiled(self, fresh: keras.Model) -> keras.Model:
        """The compiled network with the weights of `fresh`, as if it had never been trained."""
        learning = self.learning
        if self.model is None or self.model.optimizer is None:
            self.model = fresh
            for layer in fresh.layers:
                if learning.l2 and hasattr(layer, "kernel"):
                    layer.kernel.regularizer = keras.regularizers.L2(learning.l2)
            kinds = {"adam": keras.optimizers.Adam, "sgd": keras.optimizers.SGD}
            optimizer = kinds[learning.optimizer](learning.learning_rate)
            fresh.compile(optimizer, BinaryCrossentropyLoss())
            optimizer.build(fresh.trainable_variables)
            return fresh
        self.model.set_weights(fresh.get_weights())
        optimizer = self.model.optimizer
        for variable in optimizer.variables:
            if variable.name != "learning_rate":
                variable.assign(np.zeros(variable.shape, variable.dtype))
        optimizer.learning_rate = learning.learning_rate
        return self.model

    def _schedule(self, validated: bool) -> list[keras.callbacks.Callback]:
        """What moves the learning rate, epoch by epoch: a fold's size does not change it."""
        first, epochs = self.learning.learning_rate, self.learning.epochs
        if self.learning.schedule == "plateau":
            plateau = keras.callbacks.ReduceLROnPlateau(patience=2, factor=0.5)
            return [plateau] if validated else []
        cosine = [first * (1 + math.cos(math.pi * (e + 0.5) / epochs)) / 2 for e in range(epochs)]
        return [keras.callbacks.LearningRateScheduler(lambda epoch: cosine[epoch])]


def logistic_weights(weights: list[np.ndarray]) -> np.ndarray:
    """Kernel and bias of a trained `llr`, (C + 1,): the last of its weights."""
    kernel, bias = sorted(weights, key=np.ndim)[-1], weights[-1]
    return np.concatenate([kernel.reshape(-1), bias])


def statistics(
    features: np.ndarray, label: np.ndarray, continuous: Sequence[bool]
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of the labelled pixels; 0 and 1 for channels of 0 and 1."""
    known = (label == 0) | (label == 1)
    mean, std = np.zeros(features.shape[-1]), np.ones(features.shape[-1])
    for channel in np.flatnonzero(continuous):
        values = features[..., channel][known].astype(np.float64)
        mean[channel], std[channel] = np.nanmean(values), np.nanstd(values)
    return mean, std
