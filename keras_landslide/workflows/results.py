"""What a use case gives back: the paths that it wrote, and its numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import geopandas
    import xarray


@dataclass(frozen=True, eq=False)
class Result(Mapping[str, Any]):
    """Paths and numbers of a use case; `result["f1"]` reads a number, and `in` asks for one.

    Attributes:
        numbers: what was counted or measured, JSON-like; what iterating goes through.
        paths: what was written, by name.
        warnings: sentences that the user should read.
    """

    numbers: Mapping[str, Any] = field(default_factory=dict)
    paths: Mapping[str, Path] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Any:
        return self.numbers[name] if name in self.numbers else self.paths[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.numbers)

    def __len__(self) -> int:
        return len(self.numbers)

    def _repr_html_(self) -> str:
        """A table for Jupyter: the numbers, one level deep, and the paths."""
        rows = [*_flat(self.numbers), *((name, str(path)) for name, path in self.paths.items())]
        cells = (f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>" for name, text in rows)
        said = (f"<p>warning: {escape(each)}</p>" for each in self.warnings)
        return f"<table>{''.join(cells)}</table>{''.join(said)}"

    @property
    def files(self) -> list[Path]:
        """The paths that were written."""
        return list(self.paths.values())


@dataclass(frozen=True, eq=False)
class Prediction(Result):
    """A map and the landslides in it."""

    @cached_property
    def probability(self) -> xarray.DataArray:
        """The map, (band, y, x), NaN where there are no data; needs the extra `notebook`.

        Raises:
            OptionError: rioxarray is not installed.
        """
        from keras_landslide.workflows.open_stack import open_stack

        return open_stack(self.paths["probability"])

    @cached_property
    def inventory(self) -> geopandas.GeoDataFrame:
        """The landslides as polygons with their attributes; needs the extra `notebook`.

        Raises:
            OptionError: GeoPandas is not installed.
        """
        from keras_landslide.workflows.notebook_libraries import library

        return library("geopandas").read_file(self.paths["inventory"], layer="landslides")

    @property
    def landslides(self) -> int:
        """How many landslides were traced."""
        return self.numbers["landslides"]

    @property
    def area_m2(self) -> float:
        """Their area together, m2."""
        return self.numbers["area_m2"]


def _flat(numbers: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What a table shows of JSON-like numbers: single values, with those of groups beside them."""
    for name, value in numbers.items():
        if isinstance(value, Mapping):
            inner = {k: v for k, v in value.items() if isinstance(v, (bool, int, float, str))}
            yield from _flat({f"{name}: {key}": each for key, each in inner.items()})
        elif isinstance(value, float):
            yield name, f"{value:.6g}"
        elif isinstance(value, (bool, int, str)):
            yield name, str(value)


def by_name(*files: Path) -> dict[str, Path]:
    """Paths under their file names."""
    return {path.name: path for path in files}
