"""Go on learning from a few patches of a new place."""

from __future__ import annotations

import math
from dataclasses import replace

import keras

from keras_landslide.config import TrainingConfig
from keras_landslide.training.batches import BatchSource, KerasBatches
from keras_landslide.training.compiling import compile_model, fix_seeds


def fine_tune(
    model: keras.Model,
    batches: BatchSource,
    config: TrainingConfig,
    *,
    steps: int,
    learning_rate: float,
) -> keras.Model:
    """Train all weights for a fixed number of steps, however few patches there are; return `model`.

    With so few labels none can be spared to stop by, so the number of steps is the user's.

    Args:
        model: a trained network; its weights change.
        batches: labelled patches of the new place.
        config: of the run that it comes from: loss, optimizer, seed.
        steps: gradient steps, at least; the last epoch is finished.
        learning_rate: lower than the run's, so that what it knows is not lost.

    Raises:
        UnknownNameError: the loss is unknown.
    """
    fix_seeds(config.seed, config.jit_compile)
    compile_model(model, replace(config, learning_rate=learning_rate))
    source = KerasBatches(batches)
    model.fit(
        source,
        epochs=math.ceil(steps / len(batches)),
        callbacks=[source.follow_epochs()],
        shuffle=False,
        verbose=0,
    )
    return model
