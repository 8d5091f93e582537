"""Run a search in a folder, or go on with the one that is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras_tuner
import tomli_w

from keras_landslide.config import read_toml
from keras_landslide.errors import RecipeError, TrialError
from keras_landslide.files import write_text
from keras_landslide.lock import folder_lock
from keras_landslide.tuning import results
from keras_landslide.tuning.hypermodel import Trainer
from keras_landslide.tuning.live import Live
from keras_landslide.tuning.space import SearchSpace
from keras_landslide.tuning.tuner import PROJECT, SearchTuner


@dataclass(frozen=True)
class SearchResult:
    """What a search leaves.

    Attributes:
        folder: holds `trials.csv`, `best.toml`, `space.toml` and `trials/`.
        rows: all trials, in the order of the grid.
        best: the best of them.
    """

    folder: Path
    rows: list[results.TrialRow]
    best: results.TrialRow


def run_search(
    space: SearchSpace,
    folder: str | Path,
    make_trainer: Callable[[], Trainer],
    learnt_from: Mapping[str, Any] | None = None,
) -> SearchResult:
    """Run every trial of `space` that has not ended yet and write the results.

    After kill -9 the same call completes the search: each trial counts once, under its own number
    and seed. A trial that fails is a result and the search goes on.

    Args:
        space: the whole search.
        folder: where results go; made if need be.
        make_trainer: called once, with the folder locked, unless every trial has ended.
        learnt_from: what is kept with the space about the data, such as their fingerprint and
            whether they are simulated; a search goes on only with the same.

    Raises:
        LockedError: another process is searching in `folder`.
        RecipeError: `folder` holds a search over another space or other data.
        OutputError, InputFileError: from the trials; the search stops.
        TrialError: every trial failed; `trials.csv` is written, `best.toml` is not.
    """
    folder = Path(folder)
    with folder_lock(folder, "search"):
        _keep_space(space, folder, learnt_from or {})
        rows = results.read_trials(space, folder / PROJECT)
        if len(rows) < len(space.combinations):
            _run_trials(space, folder, make_trainer(), len(rows))
        rows = _publish(space, folder)
        best = results.best_row(rows, space.direction)
        if best is None:
            raise TrialError(
                f"{folder}: all {len(rows)} trials failed, the first with: {rows[0].reason}; "
                "see trials.csv there"
            )
        results.write_best(space, best, folder / "best.toml")
        return SearchResult(folder, rows, best)


def _run_trials(space: SearchSpace, folder: Path, trainer: Trainer, done: int) -> None:
    settings = space.settings
    live = Live(len(space.combinations), done, settings.objective, settings.epochs)

    def after_trial(number: int) -> None:
        rows = _publish(space, folder)
        row = next(row for row in rows if row.trial == number)
        live.trial_ends(row, results.best_row(rows, space.direction))

    try:
        SearchTuner(space, trainer, folder, live, after_trial).search()
    except keras_tuner.errors.FatalError as stop:
        raise (stop.__cause__ or stop) from None
    finally:
        live.close()


def _publish(space: SearchSpace, folder: Path) -> list[results.TrialRow]:
    rows = results.read_trials(space, folder / PROJECT)
    results.write_trials_csv(rows, list(space.grid), folder / "trials.csv")
    return rows


def _keep_space(space: SearchSpace, folder: Path, learnt_from: Mapping[str, Any]) -> None:
    """Store the space with its first search, and refuse to mix another one into the folder."""
    file = folder / "space.toml"
    new = {**space.to_dict(), "learnt_from": dict(learnt_from)}
    if not file.exists():
        write_text(file, tomli_w.dumps(new))
        return
    old = read_toml(file)
    changed = [
        f"{table}.{key}"
        for table in new
        for key in {**old.get(table, {}), **new[table]}
        if old.get(table, {}).get(key) != new[table].get(key)
    ]
    if changed:
        raise RecipeError(
            f"{folder}: holds another search (it differs in {', '.join(changed)}); "
            "choose another folder, or delete this one to start again"
        )
