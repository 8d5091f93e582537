"""Monte Carlo dropout: a trained network whose dropout stays on, drawn from a given seed.

Gal and Ghahramani, "Dropout as a Bayesian Approximation", ICML 2016: answers with dropout left on
are draws from an approximate posterior, and their spread is the uncertainty of the weights.
Everything else of the network, batch normalisation above all, works as at prediction. The seed
comes with the call and not from a generator's state, so that a draw can be repeated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import layers


class _GivenSeed(keras.random.SeedGenerator):
    """A seed that a caller gave, where Keras takes a generator."""

    def __init__(self, seed: Any) -> None:  # the parent would make a variable
        self.given = seed

    def next(self, ordered: bool = True) -> Any:
        return self.given


class _DrawnDropout(layers.Layer):
    """Dropout that is always on; `seed` is set while a call is traced."""

    def __init__(self, rate: float, index: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate, self.index = rate, index
        self.seed: Any = None

    def call(self, x: Any) -> Any:
        # A number of its own for each layer, so that no two drop the same places.
        seed = _GivenSeed(keras.ops.stack([self.seed[0] + self.index, self.seed[1]]))
        return keras.random.dropout(x, self.rate, seed=seed)

    def compute_output_spec(self, x: Any) -> Any:
        return keras.KerasTensor(x.shape, dtype=x.dtype)


def dropout_draws(model: keras.Model) -> Callable[[Any, Any], Any] | None:
    """The network with its dropout left on.

    Args:
        model: functional; dropout layers inside inner models stay off.

    Returns:
        A function of images (B, H, W, C) and a seed (2,), int32 or as the backend draws with, that
        shares the weights of `model` and returns what it returns; None without dropout.
    """
    drawn: list[_DrawnDropout] = []

    def copied(layer: Any) -> Any:
        if not isinstance(layer, layers.Dropout):
            return layer
        drawn.append(
            _DrawnDropout(layer.rate, len(drawn), name=layer.name, dtype=layer.dtype_policy)
        )
        return drawn[-1]

    copy = keras.models.clone_model(model, clone_function=copied)
    if not drawn:
        return None

    def draw(images: Any, seed: Any) -> Any:
        for layer in drawn:
            layer.seed = seed
        try:
            return copy(images, training=False)
        finally:
            for layer in drawn:
                layer.seed = None

    return draw
