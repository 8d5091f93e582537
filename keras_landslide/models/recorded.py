"""What every network costs, from a file: nothing is built, Keras is not imported.

`facts.json` is written by `scripts/models_page.py` from the networks themselves; a test holds it
against them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from keras_landslide.errors import UnknownNameError
from keras_landslide.files import write_text
from keras_landslide.models.catalogue import Entry, entry

FILE = "facts.json"


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


@dataclass(frozen=True)
class ReceptiveField:
    """What scene inference has to know of a network.

    Attributes:
        radius_px: the farthest that any output pixel looks, in input pixels, to any side; of the
            bounded layers alone where `bounded` is false.
        stride_px: total stride; the network gives the same output for an image shifted by any
            multiple of it, away from the border.
        bounded: false where a layer sees the whole image (global pooling, attention) or is not
            known here; windows are then blended, since no margin makes them exact.
    """

    radius_px: int
    stride_px: int
    bounded: bool

    @property
    def halo_px(self) -> int:
        """The radius rounded up to a multiple of the stride."""
        return math.ceil(self.radius_px / self.stride_px) * self.stride_px


@dataclass(frozen=True)
class Facts:
    """A network at one image size, with its default options or its paper's.

    Attributes:
        name: key of the registry.
        title: what it is, in a line.
        entry: what the paper says.
        image_shape: (height, width, channels) of `complexity`.
        complexity: operations, memory and parameters.
        field: stride and receptive field.
        options: keyword options and their defaults.
    """

    name: str
    title: str
    entry: Entry
    image_shape: tuple[int, int, int]
    complexity: Complexity
    field: ReceptiveField
    options: dict[str, Any]


@cache
def recorded_facts() -> dict[str, Facts]:
    """The facts of every network at its paper's size, in the order of the registry."""
    text = resources.files(__package__).joinpath(FILE).read_text(encoding="utf-8")
    return {name: _facts(name, record) for name, record in json.loads(text).items()}


def recorded(name: str) -> Facts:
    """The facts of one network at its paper's size.

    Raises:
        UnknownNameError: listing the networks.
    """
    if name not in recorded_facts():
        raise UnknownNameError.among("model", name, recorded_facts())
    return recorded_facts()[name]


def write_facts(rows: Iterable[Facts], path: str | Path | None = None) -> Path:
    """Write the facts of networks at their papers' sizes, a line per figure.

    Args:
        rows: measured facts, see `analysis.facts.facts`.
        path: the file; the package's own by default.

    Raises:
        OutputError: the file cannot be written.
    """
    path = Path(__file__).with_name(FILE) if path is None else Path(path)
    records = {
        row.name: {
            "title": row.title,
            "complexity": asdict(row.complexity),
            "field": asdict(row.field),
            "options": row.options,
        }
        for row in rows
    }
    write_text(path, json.dumps(records, indent=1) + "\n")
    recorded_facts.cache_clear()
    return path


def _facts(name: str, record: dict[str, Any]) -> Facts:
    return Facts(
        name=name,
        title=record["title"],
        entry=entry(name),
        image_shape=entry(name).image_shape,
        complexity=Complexity(**record["complexity"]),
        field=ReceptiveField(**record["field"]),
        options={key: _default(value) for key, value in record["options"].items()},
    )


def _default(value: Any) -> Any:
    # JSON has no tuples, and no option has a list.
    return tuple(value) if isinstance(value, list) else value
