"""Fixed seeds, and the optimizer, loss and metrics that every run and every trial shares."""

from __future__ import annotations

import keras

from keras_landslide import losses, metrics
from keras_landslide.config import TrainingConfig


def fix_seeds(seed: int) -> None:
    """Seed Python, NumPy and the backend, and ask TensorFlow for deterministic operations.

    Call it before the model is built: initial weights depend on it.
    """
    keras.utils.set_random_seed(seed)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()


def compile_model(model: keras.Model, config: TrainingConfig) -> keras.Model:
    """Compile with Adam, the configured loss, and precision, recall and F1 at 0.5; return it.

    Raises:
        UnknownNameError: the loss is unknown.
    """
    model.compile(
        optimizer=keras.optimizers.Adam(config.learning_rate),
        loss=losses.get(config.loss),
        metrics=[metrics.get(name) for name in metrics.LOGGED],
        # XLA has no deterministic form of some operations on TensorFlow, and is slower there on
        # CPUs; JAX is nothing without it.
        jit_compile=keras.backend.backend() == "jax",
    )
    return model
