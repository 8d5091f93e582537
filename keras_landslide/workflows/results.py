"""What a use case gives back: the paths that it wrote, and its numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


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

    @property
    def files(self) -> list[Path]:
        """The paths that were written."""
        return list(self.paths.values())


@dataclass(frozen=True, eq=False)
class Prediction(Result):
    """A map and the landslides in it."""

    @property
    def probability(self) -> Path:
        """The probability map."""
        return self.paths["probability"]

    @property
    def inventory(self) -> Path:
        """The landslides as polygons."""
        return self.paths["inventory"]

    @property
    def landslides(self) -> int:
        """How many landslides were traced."""
        return self.numbers["landslides"]

    @property
    def area_m2(self) -> float:
        """Their area together, m2."""
        return self.numbers["area_m2"]


def by_name(*files: Path) -> dict[str, Path]:
    """Paths under their file names."""
    return {path.name: path for path in files}
