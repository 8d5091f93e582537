"""Fixed seeds, and the optimizer, loss and metrics that every run and every trial shares."""

from __future__ import annotations

import keras

from keras_landslide import losses, metrics
from keras_landslide.config import OPTIMIZERS, TrainingConfig
from keras_landslide.errors import TrainingError, UnknownNameError


def fix_seeds(seed: int, jit_compile: bool = False) -> None:
    """Seed Python, NumPy and the backend, and ask TensorFlow for deterministic operations.

    Call it before the model is built: initial weights depend on it. With `jit_compile` TensorFlow's
    switch for determinism is off, since Keras does not compile with XLA under it.
    """
    keras.utils.set_random_seed(seed)
    if keras.backend.backend() == "tensorflow":
        from tensorflow.python.framework import config  # only one way is public

        config.disable_op_determinism() if jit_compile else config.enable_op_determinism()


def compile_model(model: keras.Model, config: TrainingConfig) -> keras.Model:
    """Compile with the configured optimizer and loss, and precision, recall and F1 at 0.5.

    Returns:
        `model`.

    Raises:
        UnknownNameError: the loss or the optimizer is unknown.
        TrainingError: `jit_compile` is asked for, and the network cannot be compiled.
    """
    _decay(model, config.weight_decay)
    model.compile(
        optimizer=_optimizer(config),
        loss=losses.get(config.loss),
        metrics=[metrics.get(name) for name in metrics.LOGGED],
        # Not by itself on TensorFlow: XLA is slower there on CPUs, and on GPUs some operations
        # have no deterministic form in it. JAX is nothing without it.
        jit_compile=config.jit_compile or keras.backend.backend() == "jax",
    )
    if config.jit_compile and not model.jit_compile:  # Keras would warn and go on without
        raise TrainingError(
            f"{model.name} cannot be compiled with XLA here; leave out training.jit_compile"
        )
    # Left to the first step, TensorFlow would trace that step twice.
    model.optimizer.build(model.trainable_variables)
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
