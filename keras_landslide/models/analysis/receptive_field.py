"""How far a network sees, and on which grid its windows have to start: read off its layers."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import keras

from keras_landslide.errors import ModelError
from keras_landslide.models.analysis.reach import Interval, reach
from keras_landslide.models.analysis.steps import graph_of
from keras_landslide.models.recorded import ReceptiveField


def receptive_field(model: keras.Model) -> ReceptiveField:
    """Compute stride and receptive-field radius from the graph of a functional model.

    Intervals of pixels are walked from the output back to the input, for each output pixel of one
    period of the total stride, since pooling makes neighbouring pixels look to different sides.
    The result is exact up to holes inside dilated kernels, for images whose sides are multiples of
    the stride, as every network here requires.

    Raises:
        ModelError: the model is not functional, has several inputs or outputs, or its output does
            not have the resolution of its input.
    """
    graph = graph_of(model)
    if graph is None:
        raise ModelError("the receptive field can be computed of functional models alone")
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise ModelError(
            f"the model has {len(graph.inputs)} inputs and {len(graph.outputs)} outputs, not 1 of "
            "each"
        )
    radius, stride, bounded = 0, 1, True
    for axis in (0, 1):
        period = _Walk(axis)
        found = period.through(graph, [Part(Interval(0, 0), Fraction(1))])
        if found is not None and found.scale != 1:
            raise ModelError(
                f"the output's pixels are {float(1 / found.scale):g} times as large as the input's"
            )
        for pixel in range(period.stride):
            found = _Walk(axis).through(graph, [Part(Interval(pixel, pixel), Fraction(1))])
            if found is not None:
                radius = max(radius, pixel - found.pixels.first, found.pixels.last - pixel)
        stride = math.lcm(stride, period.stride)
        bounded = bounded and period.bounded
    return ReceptiveField(radius, stride, bounded)


class Part(NamedTuple):
    """Pixels of a tensor along an axis, and the size of its pixels in output pixels."""

    pixels: Interval
    scale: Fraction


class _Walk:
    """One walk along an image axis from a model's output back to its input.

    Attributes:
        stride: least common multiple of all pixel sizes met.
        bounded: whether all layers met are known and local.
    """

    def __init__(self, axis: int):
        self.axis = axis
        self.stride = 1
        self.bounded = True

    def through(self, graph: Any, wanted: Sequence[Part | None]) -> Part | None:
        """What the graph's input has to hold for the `wanted` parts of its outputs.

        None where no output depends on the input.
        """
        parts: dict[int, Part] = {}
        for tensor, part in zip(graph.outputs, wanted, strict=True):
            _need(parts, tensor, part)
        # Depth 0 is the output: when a node's turn comes, all that read its result had theirs.
        for depth in sorted(graph._nodes_by_depth):
            for node in graph._nodes_by_depth[depth]:
                outputs = [parts.get(id(tensor)) for tensor in node.outputs]
                if node.is_input or not any(outputs):
                    continue
                needed = self._before(node.operation, outputs)
                for tensor in node.input_tensors:
                    _need(parts, tensor, needed)
        return parts.get(id(graph.inputs[0]))

    def _before(self, layer: keras.Operation, outputs: Sequence[Part | None]) -> Part | None:
        inner = graph_of(layer)
        if inner is not None:
            return self.through(inner, outputs)
        known = [part for part in outputs if part is not None]
        # The outputs of a layer that is not a model have pixels of one size.
        pixels = functools.reduce(operator.or_, (part.pixels for part in known))
        out = Part(pixels, known[0].scale)
        step = reach(layer, self.axis)
        if step is None:
            self.bounded = False
            return out
        scale = out.scale * step.scale
        self.stride = math.lcm(self.stride, scale.numerator)
        return Part(step.before(out.pixels), scale)


def _need(parts: dict[int, Part], tensor: keras.KerasTensor, part: Part | None) -> None:
    if part is None:
        return
    known = parts.get(id(tensor), part)
    parts[id(tensor)] = Part(known.pixels | part.pixels, part.scale)
