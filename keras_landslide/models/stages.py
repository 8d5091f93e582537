"""A network's graph at the level of its stages: what a reader wants to see of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import keras

from keras_landslide.models.analysis.operations import multiply_adds
from keras_landslide.models.analysis.steps import Step, steps

# Words in layer names that say what a single layer does, not which stage it belongs to.
_PART = re.compile(
    r"(conv|bn|relu|prelu|pool|unpool|up|add|skip|concat|expand|project|depthwise|pointwise|pad|"
    r"dropout|shortcut|block|branch|rate|scale|reduce|fuse|merge|resize|transposed?|mean|max|join|"
    r"squeeze|excite|weights|multiply|statistics|out|channel|spatial|magnitude|share|threshold|"
    r"soft|dilated|pooled|far|near|point|\d+x)\d*$"
)
# Smaller tensors, at the sizes that the papers give, are means over bins and gates, not images.
SMALLEST_PX = 8
LARGEST_STRIDE = 32
# What has no box of its own: the image's, or the head's.
_WITHIN = {"normalise": "image", "probability": "head", "landslide": "head"}


@dataclass
class Stage:
    """Layers that belong together.

    Attributes:
        name: what their names begin with.
        height: of the stage's last tensor, px.
        channels: of the same.
        multiply_adds: of all its layers.
        layers: how many have weights.
        sources: positions of the stages that it reads from, in their order.
    """

    name: str
    height: int = 0
    channels: int = 0
    multiply_adds: int = 0
    layers: int = 0
    sources: list[int] = field(default_factory=list)


def stages(model: keras.Model, image_shape: Sequence[int]) -> list[Stage]:
    """Group a network's layers by the first words of their names.

    `encoder1_conv1` and `encoder1_conv2_bn` belong to the stage `encoder1`. Numbered blocks of the
    same size in a row (`block_7`, `block_8`) are one stage.

    Args:
        model: functional, with one input.
        image_shape: (height, width, channels) to state sizes for.

    Returns:
        The stages in the order of the network; the first is the image.
    """
    called = steps(model, image_shape)
    names = [stage_name(step.layer.name) for step in called]
    image = Stage("image", image_shape[0], image_shape[-1])
    found, position = [image], {"image": 0}
    origin: dict[int, int] = {}
    smallest = max(min(SMALLEST_PX, image_shape[0] // LARGEST_STRIDE), 2)
    for step, name in zip(called, names, strict=True):
        name = _WITHIN.get(name, name)
        at = position.setdefault(name, len(found))
        if at == len(found):
            found.append(Stage(name))
        _add(found[at], step, smallest)
        for tensor in step.inputs:
            source = origin.get(id(tensor), 0)
            if source < at and source not in found[at].sources:
                found[at].sources.append(source)
        origin.update((id(tensor), at) for tensor in step.outputs)
    # Enlarging after the last weights is the last stage's work.
    found[-1].height = called[-1].outputs[0].shape[1]
    return _joined(found)


def _joined(found: Sequence[Stage]) -> list[Stage]:
    """Numbered blocks in a row that have the same size, as one stage each."""
    kept: list[Stage] = []
    place: list[int] = []
    for stage in found:
        stage.sources = sorted({place[source] for source in stage.sources})
        word, _, number = stage.name.rpartition("_")
        last = kept[-1] if kept else stage
        series = number.isdigit() and last.name.partition("_")[0] == word
        if series and last.height == stage.height and stage.sources == [len(kept) - 1]:
            last.name = f"{last.name.partition(' to ')[0]} to {number}"
            last.channels = stage.channels
            last.multiply_adds += stage.multiply_adds
            last.layers += stage.layers
        else:
            kept.append(stage)
        place.append(len(kept) - 1)
    return kept


def stage_name(layer_name: str) -> str:
    """First words of a layer's name, up to the first that says what the layer does."""
    words = layer_name.removeprefix("bn_").split("_")
    kept = [words[0]]
    for word in words[1:]:
        if _PART.match(word):
            break
        kept.append(word)
        if word[-1].isdigit():
            break
    return "_".join(kept)


def _add(stage: Stage, step: Step, smallest: int) -> None:
    weighted = bool(getattr(step.layer, "weights", ()))
    shape: Any = step.outputs[0].shape
    image = len(shape) == 4 and shape[1] >= smallest
    # Pooling at the end of a stage already has the next one's size.
    if image and (weighted or not stage.layers or shape[1] == stage.height or not stage.height):
        stage.height, stage.channels = shape[1], shape[-1]
    stage.layers += weighted
    stage.multiply_adds += multiply_adds(step)
