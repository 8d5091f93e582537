"""What a network costs at a given image size: multiply-adds, memory, parameters."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import keras

from keras_landslide.models.analysis.operations import multiply_adds, profiler_operations
from keras_landslide.models.analysis.steps import Step, steps

FLOAT32_BYTES = 4


@dataclass(frozen=True)
class Complexity:
    """Cost of one image at prediction.

    Attributes:
        multiply_adds: multiplications of an input by a weight, each with its addition, in all
            convolutions and dense layers; those with padding zeros included, as everywhere.
            Biases, normalisation, activations, pooling and interpolation are left out.
        profiler_operations: the same network by the rules of the profiler behind the "GFLOPs" of
            Zhou et al. 2024, see `operations.profiler_operations`.
        activation_bytes: the largest sum of tensors that are alive at once, float32, when the
            layers run in Keras's order, every layer writes a tensor of its own, and a tensor goes
            after its last reader. Weights and a convolution's workspace come on top; a runtime that
            works in place needs less, one that runs branches side by side more.
        trainable_parameters: weights that training changes (batch normalisation's moving
            statistics and the band statistics are not).
        parameters: all weights.
    """

    multiply_adds: int
    profiler_operations: int
    activation_bytes: int
    trainable_parameters: int
    parameters: int


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
