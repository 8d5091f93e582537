"""A network's graph as a list of steps at a given image size, inner models laid open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import keras

from keras_landslide.errors import ModelError


class Step(NamedTuple):
    """One call of a layer or operation.

    Attributes:
        layer: what is called.
        inputs: symbolic tensors that go in, with their sizes filled in.
        outputs: those that come out.
    """

    layer: Any
    inputs: list[keras.KerasTensor]
    outputs: list[keras.KerasTensor]


def graph_of(layer: Any) -> Any:
    """The functional graph inside `layer` where it is a model (functional or Sequential)."""
    # A Sequential keeps its graph in an inner functional model.
    inner = getattr(layer, "_functional", None) or layer
    return inner if hasattr(inner, "_nodes_by_depth") else None


def steps(model: keras.Model, image_shape: Sequence[int]) -> list[Step]:
    """All calls of `model` for one image, in the order in which Keras makes them.

    Nothing is computed: shapes alone are carried through the graph.

    Args:
        model: functional, with one input.
        image_shape: (height, width, channels), whole numbers.

    Raises:
        ModelError: the model is not functional, has several inputs, or takes other channels.
    """
    graph = graph_of(model)
    if graph is None or len(graph.inputs) != 1:
        raise ModelError("operations can be counted of functional models with one input alone")
    shape = tuple(image_shape)
    channels = graph.inputs[0].shape[-1]
    if len(shape) != 3 or not all(isinstance(n, int) and n > 0 for n in shape):
        raise ModelError(f"image_shape is (height, width, channels) in numbers, not {shape}")
    if shape[-1] != channels:
        raise ModelError(f"the model takes {channels} bands, not {shape[-1]}")
    found: list[Step] = []
    _walk(graph, [keras.KerasTensor((1, *shape), dtype=graph.inputs[0].dtype)], found)
    return found


def _walk(graph: Any, inputs: Sequence[Any], found: list[Step]) -> list[Any]:
    known = {id(t): given for t, given in zip(graph.inputs, inputs, strict=True)}
    for depth in sorted(graph._nodes_by_depth, reverse=True):
        for node in graph._nodes_by_depth[depth]:
            if node.is_input or any(id(t) not in known for t in node.input_tensors):
                continue
            entering = [known[id(t)] for t in node.input_tensors]
            inner = graph_of(node.operation)
            if inner is not None:
                leaving = _walk(inner, entering, found)
            else:
                args, kwargs = node.arguments.fill_in(known)
                spec = node.operation.compute_output_spec(*args, **kwargs)
                leaving = list(_flat(spec))
                found.append(Step(node.operation, entering, leaving))
            known.update((id(t), out) for t, out in zip(node.outputs, leaving, strict=True))
    return [known[id(t)] for t in graph.outputs]


def _flat(spec: Any) -> Iterator[keras.KerasTensor]:
    yield from keras.tree.flatten(spec)
