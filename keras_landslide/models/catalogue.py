"""What the papers say of each network, beside which our own counts are put."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from keras_landslide.errors import UnknownNameError


@dataclass(frozen=True)
class Paper:
    """A paper.

    Attributes:
        short: its authors, for tables.
        citation: authors, title, where and when.
        counts: where it prints parameters and operations; empty where it does not.
    """

    short: str
    citation: str
    counts: str


@dataclass(frozen=True)
class Entry:
    """What is known of a network from its paper.

    Attributes:
        paper: where it comes from.
        image_shape: (height, width, channels) that its counts are for.
        reading: why the printed numbers and ours differ, or what had to be read into the paper.
        what: one line on the network.
        use: one line on when to take it.
        options: options of the builder at the paper's configuration, where not the defaults.
        size_is_read: the paper does not state the input size; `image_shape` is our reading.
        functional: names of layers that the profiler of the printed operations does not see.
        parameters_millions: as printed; empty where the paper has none.
        operations_billions: the "GFLOPs" as printed; empty where the paper has none.
    """

    paper: Paper
    image_shape: tuple[int, int, int]
    reading: str
    what: str
    use: str
    options: dict[str, Any] = field(default_factory=dict)
    size_is_read: bool = False
    functional: tuple[str, ...] = ()
    parameters_millions: str = ""
    operations_billions: str = ""


@cache
def catalogue() -> dict[str, Entry]:
    """An entry per network, from `catalogue.toml`."""
    text = resources.files(__package__).joinpath("catalogue.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    papers = {key: Paper(**paper) for key, paper in data["papers"].items()}
    return {
        name: Entry(
            **{
                **facts,
                "paper": papers[facts["paper"]],
                "image_shape": tuple(facts["image_shape"]),
            }
        )
        for name, facts in data["models"].items()
    }


def entry(name: str) -> Entry:
    """The catalogue's entry of a network.

    Raises:
        UnknownNameError: listing the networks.
    """
    if name not in catalogue():
        raise UnknownNameError.among("model", name, catalogue())
    return catalogue()[name]
