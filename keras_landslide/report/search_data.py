"""What the folder of a search holds, for its page."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_landslide.config import direction_of
from keras_landslide.errors import InputFileError
from keras_landslide.records import entry, read_record
from keras_landslide.toml_files import read_toml
from keras_landslide.training.history import History, Row
from keras_landslide.tuning.results import TrialRow, read_trials_csv
from keras_landslide.tuning.spread import Standing, winner


@dataclass(frozen=True)
class KeptSearch:
    """The table `search` of a `space.toml`."""

    name: str = entry("of the search")
    objective: str = entry("what is compared", least=1)


@dataclass(frozen=True)
class KeptData:
    """The table `base.data`."""

    image_model: str = entry("bands", least=1)


@dataclass(frozen=True)
class KeptBase:
    """The table `base`."""

    data: KeptData = entry("what is learnt from")


@dataclass(frozen=True)
class KeptSpace:
    """What the `space.toml` of a search has to tell."""

    search: KeptSearch = entry("how it is searched")
    base: KeptBase = entry("what all trials have in common")
    learnt_from: Mapping[str, Any] = entry("the data", default={})


@dataclass(frozen=True)
class Search:
    """A search as its files tell of it, finished or not.

    Attributes:
        space: tables of `space.toml`.
        rows: of `trials.csv`.
        curves: trial -> objective after each epoch (first seed); trials without a history are
            left out.
        curve_name: metric of the curves: the objective, or `val_f1` if that has a value only at
            the end.
    """

    space: dict[str, Any]
    rows: list[TrialRow]
    curves: dict[int, list[float]]
    curve_name: str

    @property
    def name(self) -> str:
        """Of the search, with its image model if that is the same for all trials."""
        images = self.space["base"]["data"]["image_model"]
        varies = any("image_model" in name for name in self.varying)
        return self.space["search"]["name"] + ("" if varies else f", {images}")

    @property
    def objective(self) -> str:
        """Name of the score."""
        return self.space["search"]["objective"]

    @property
    def direction(self) -> str:
        """`min` or `max`."""
        return direction_of(self.objective)

    @property
    def simulated(self) -> bool:
        """Whether the data are."""
        return bool(self.space.get("learnt_from", {}).get("simulated"))

    @property
    def winner(self) -> Standing | None:
        """Who won."""
        return winner(self.rows, self.direction)

    @property
    def varying(self) -> dict[str, list[Any]]:
        """Parameters with more than one value among the trials, in order of size."""
        found = {
            name: sorted({row.values[name] for row in self.rows}, key=lambda v: (str(type(v)), v))
            for name in self.rows[0].values
        }
        return {name: values for name, values in found.items() if len(values) > 1}


def read_search(folder: str | Path) -> Search:
    """Read the folder of a search.

    Raises:
        InputFileError: it holds no search, or none of its trials has ended.
    """
    folder = Path(folder)
    file = folder / "space.toml"
    space, rows = read_toml(file), read_trials_csv(folder / "trials.csv")
    read_record(KeptSpace, space, file, remedy="search in a new folder")
    if not rows:
        raise InputFileError(f"{folder / 'trials.csv'}: holds no trial; search first")
    histories: dict[int, list[Row]] = {}
    # A trial that runs has its assignment's claim behind the name, and another name when it ends.
    for path in (folder / "trials").glob("trial_*/run_0*/history.csv"):
        with contextlib.suppress(FileNotFoundError):
            histories[int(path.parts[-3].removeprefix("trial_"))] = History(path).rows
    objective = space["search"]["objective"]
    per_epoch = any(objective in row for rows_ in histories.values() for row in rows_[:1])
    name = objective if per_epoch else "val_f1"
    curves = {
        number: [row[name] for row in epochs]
        for number, epochs in sorted(histories.items())
        if epochs and name in epochs[0]
    }
    return Search(space, rows, curves, name)
