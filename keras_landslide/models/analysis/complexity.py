"""What a network costs at a given image size: multiply-adds, memory, parameters."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence

import keras

from keras_landslide.models.analysis.operations import multiply_adds, profiler_operations
from keras_landslide.models.analysis.steps import Step, steps
from keras_landslide.models.recorded import Complexity

FLOAT32_BYTES = 4


def complexity(
    model: keras.Model, image_shape: Sequence[int], *, functional: Collection[str] = ()
) -> Complexity:
    """Count from the layers; nothing is run.

    Args:
        model: functional, with one input (B, H, W, C).
        image_shape: (height, width, channels) to count at.
        functional: names of layers that the paper's code calls as plain functions, which its
            profiler does not see.

    Raises:
        ModelError: the model is not functional, takes other channels, or has a layer with weights
            that no rule covers.
    """
    called = steps(model, image_shape)
    return Complexity(
        multiply_adds=sum(multiply_adds(step) for step in called),
        profiler_operations=sum(
            profiler_operations(step) for step in called if step.layer.name not in functional
        ),
        activation_bytes=FLOAT32_BYTES * _largest_live(called),
        trainable_parameters=count(model.trainable_weights),
        parameters=count(model.weights),
    )


def count(weights: Iterable[keras.Variable]) -> int:
    """Numbers in these weights; each weight once, however often its layer is called."""
    return sum(math.prod(w.shape) for w in {id(w): w for w in weights}.values())


def _largest_live(called: Sequence[Step]) -> int:
    """Largest number of values in tensors that are alive while a step runs."""
    last_use = {id(t): i for i, step in enumerate(called) for t in step.inputs}
    # What a step reads, including the image, is alive until its last reader is done.
    alive: dict[int, int] = {}
    largest = 0
    for i, step in enumerate(called):
        for tensor in (*step.inputs, *step.outputs):
            alive[id(tensor)] = math.prod(tensor.shape)
        largest = max(largest, sum(alive.values()))
        for key in [k for k in alive if last_use.get(k, len(called)) <= i]:
            del alive[key]
    return largest
