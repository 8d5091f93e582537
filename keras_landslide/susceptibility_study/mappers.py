"""What makes a map, window by window: networks, a peer, or the mean of several models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from scipy.special import expit, logit

from keras_landslide.evaluation.answers import Predict, answers, as_predict
from keras_landslide.files import fingerprint
from keras_landslide.models.analysis.receptive_field import receptive_field
from keras_landslide.susceptibility_study.features import Features
from keras_landslide.susceptibility_study.peers import predict_peer

_LEAST = float(np.finfo(np.float32).eps)


class Mapper(NamedTuple):
    """A model over windows of stored bands.

    Attributes:
        predict: bands in raw units (B, h, w, len(bands)), NaN where missing, to probability
            (B, h, w).
        bands: stored bands in order.
        halo_px: how far it looks, a multiple of the stride.
        stride_px: of its poolings.
        identity: digest of all that the answer depends on.
    """

    predict: Predict
    bands: tuple[str, ...]
    halo_px: int
    stride_px: int
    identity: str


def network_mapper(model: keras.Model, features: Features) -> Mapper:
    """A network from `mapping.deploy`, which takes the stored bands of `features`."""
    found = receptive_field(model)
    return Mapper(
        as_predict(model),
        features.stored,
        found.halo_px,
        found.stride_px,
        fingerprint([float(np.abs(w).sum()) for w in model.get_weights()]),
    )


def peer_mapper(peer: Any, features: Features, identity: str) -> Mapper:
    """A fitted peer on local features; `identity` stands for what it was fitted to."""
    graph = features.model()

    def predict(images: np.ndarray) -> np.ndarray:
        batches = ((image[None], ~np.isnan(image).any(axis=-1)) for image in images)
        features_of = answers(graph.predict_on_batch, batches)
        return np.stack([predict_peer(peer, values[0], valid) for values, valid in features_of])

    return Mapper(predict, features.stored, 0, 1, identity)


def mean_mapper(mappers: Sequence[Mapper]) -> Mapper:
    """The mean of log-odds of several models, each on its own bands.

    All look as far as the farthest; the strides of all have to divide that of one.
    """
    bands = tuple(dict.fromkeys(band for mapper in mappers for band in mapper.bands))
    stride = max(mapper.stride_px for mapper in mappers)
    halo = max(mapper.halo_px for mapper in mappers)

    def predict(images: np.ndarray) -> np.ndarray:
        return mean_of_log_odds(
            [m.predict(images[..., [bands.index(band) for band in m.bands]]) for m in mappers]
        )

    identity = fingerprint([mapper.identity for mapper in mappers])
    return Mapper(predict, bands, -(-halo // stride) * stride, stride, identity)


def mean_of_log_odds(probabilities: Sequence[np.ndarray]) -> np.ndarray:
    """The probability whose log-odds are the mean of those given; NaN where one is NaN, float32."""
    odds = [logit(np.clip(p.astype(np.float64), _LEAST, 1 - _LEAST)) for p in probabilities]
    return expit(np.mean(odds, axis=0)).astype(np.float32)
