"""Everything measured of a network, beside what its paper prints."""

from __future__ import annotations

import inspect

from keras_landslide.models.analysis.complexity import complexity
from keras_landslide.models.analysis.receptive_field import receptive_field
from keras_landslide.models.catalogue import entry
from keras_landslide.models.recorded import Facts
from keras_landslide.models.registry import MODELS, build, get, options


def facts(name: str, *, size: int | None = None, channels: int | None = None) -> Facts:
    """Build a network at its paper's configuration and measure it; nothing is run.

    Args:
        name: key of the registry.
        size: height and width to count at; the paper's by default.
        channels: bands; the paper's by default.

    Raises:
        UnknownNameError: the network is unknown.
        ModelError: the size is no multiple of the stride, or the channels are not positive.
    """
    known_options = options(name)
    known = entry(name)
    height, width, bands = known.image_shape
    bands = bands if channels is None else channels
    shape = (height, width, bands) if size is None else (size, size, bands)
    model = build(name, shape, **known.options)
    return Facts(
        name=name,
        title=title(name),
        entry=known,
        image_shape=shape,
        complexity=complexity(model, shape, functional=known.functional),
        field=receptive_field(model),
        options=known_options,
    )


def title(name: str) -> str:
    """What a network is, in a line: the first of its module, or of its own where they share one."""
    builder = get(name)
    alone = sum(other.__module__ == builder.__module__ for other in MODELS.values()) == 1
    text = documentation(name) if alone else inspect.getdoc(builder)
    return (text or name).splitlines()[0]


def documentation(name: str) -> str:
    """The text at the head of the module that builds a network: its paper and its reading."""
    return inspect.getdoc(inspect.getmodule(get(name))) or name
