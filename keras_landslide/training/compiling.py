"""Fixed seeds, and the optimizer, loss and metrics that every run and every trial shares."""

from __future__ import annotations

import keras

from keras_landslide import losses, metrics
from keras_landslide.config import OPTIMIZERS, TrainingConfig
from keras_landslide.errors import UnknownNameError


def fix_seeds(seed: int) -> None:
    """Seed Python, NumPy and the backend, and ask TensorFlow for deterministic operations.

    Call it before the model is built: initial weights depend on it.
    """
    keras.utils.set_random_seed(seed)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()


def compile_model(model: keras.Model, config: TrainingConfig) -> keras.Model:
    """Compile with the configured optimizer and loss, and precision, recall and F1 at 0.5.

    Returns:
        `model`.

    Raises:
        UnknownNameError: the loss or the optimizer is unknown.
    """
    _decay(model, config.weight_decay)
    model.compile(
        optimizer=_optimizer(config),
        loss=losses.get(config.loss),
        metrics=[metrics.get(name) for name in metrics.LOGGED],
        # XLA has no deterministic form of some operations on TensorFlow, and is slower there on
        # CPUs; JAX is nothing without it.
        jit_compile=keras.backend.backend() == "jax",
    )
    return model


def _optimizer(config: TrainingConfig) -> keras.optimizers.Optimizer:
    if config.optimizer == "adam":
        return keras.optimizers.Adam(config.learning_rate)
    if config.optimizer == "sgd":
        return keras.optimizers.SGD(config.learning_rate, momentum=config.momentum)
    raise UnknownNameError.among("optimizer", config.optimizer, OPTIMIZERS)


def _decay(model: keras.Model, weight_decay: float) -> None:
    """Put the penalty on every kernel; biases and normalisation are left free.

    The logged losses hold the penalty. It belongs to the training: a saved model has none.
    """
    for variable in model.trainable_variables:
        if variable.name.endswith("kernel"):
            variable.regularizer = keras.regularizers.L2(weight_decay / 2) if weight_decay else None
