"""What a search found: trials.csv, best.toml and tables, all made from the trials' own files."""

from __future__ import annotations

import csv
import io
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from keras_landslide.cells import as_cells, from_cell
from keras_landslide.errors import InputFileError, RecipeError
from keras_landslide.files import write_text
from keras_landslide.records import entry, read_json
from keras_landslide.tuning.plan import plan_of
from keras_landslide.tuning.space import SearchSpace

BEFORE = ("trial",)
RESULT = ("status", "score", "best_epoch", "epochs")
RUN_AGAIN = "run the search again, which writes it anew"
AFTER = ("seconds", "peak_mb", "seed", "origin", "reason")


@dataclass(frozen=True)
class TrialRow:
    """One trial as a row of `trials.csv`.

    Attributes:
        trial: its number, from 0; in a grid that of its combination.
        values: value of each parameter.
        status: `completed` or `failed`.
        score: the objective at its best epoch (mean over executions); None if it failed.
        best_epoch: epoch of the score, from 1; epochs: epochs run. Both of the first execution.
        metrics: the other validation metrics at the best epoch (mean over executions).
        seconds: wall time of the process that finished the trial.
        peak_mb: most memory that its process held, MB (1e6 bytes); None if it had none of its own.
        seed: seed of the first execution.
        origin: empty, `continues 3` (a later round of trial 3) or `repeats 3` (further seeds).
        reason: why it failed, one line; empty otherwise.
    """

    trial: int
    values: dict[str, Any]
    status: str
    score: float | None
    best_epoch: int | None
    epochs: int | None
    seconds: float | None
    seed: int
    reason: str = ""
    peak_mb: float | None = None
    origin: str = ""
    metrics: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Hyperparameters:
    """The part of Keras Tuner's `trial.json` that says what was tried."""

    values: Mapping[str, Any] = entry("value of each parameter")


@dataclass(frozen=True)
class StartedTrial:
    """What Keras Tuner's `trial.json` has to tell."""

    trial_id: str = entry("its name", least=1)
    hyperparameters: Hyperparameters = entry("what was tried")
    status: str = entry("where it is", least=1)


@dataclass(frozen=True)
class Execution:
    """A training of a trial."""

    score: float = entry("the objective")
    metrics: Mapping[str, float] = entry("the other validation metrics")
    best_epoch: int | None = entry("epoch of the score, from 1", default=None, low=0)
    epochs: int | None = entry("epochs that ran", default=None, low=0)


@dataclass(frozen=True)
class TrialRun:
    """What `run.json` of a trial has to tell."""

    executions: tuple[Execution, ...] = entry("its trainings")
    reason: str = entry("why it failed")
    seconds: float = entry("wall time", low=0)
    peak_mb: float | None = entry("most memory, MB", default=None, low=0)


def read_trials(space: SearchSpace, trials_folder: str | Path) -> list[TrialRow]:
    """The finished trials in `trials_folder`, by their numbers."""
    rows = []
    for folder in Path(trials_folder).glob("trial_*"):
        finished = read_finished(folder)
        if finished is None:
            continue
        trial, run = finished
        plan = plan_of(space, trial["trial_id"], trial["hyperparameters"]["values"])
        executions = run["executions"]
        done = trial["status"] == "COMPLETED"
        first = executions[0] if done else {}
        rows.append(
            TrialRow(
                trial=plan.number,
                values=plan.values,
                status=trial["status"].lower(),
                score=statistics.fmean(e["score"] for e in executions) if done else None,
                best_epoch=first.get("best_epoch"),
                epochs=first.get("epochs"),
                seconds=run["seconds"],
                seed=plan.seed(space, 0),
                reason=run["reason"],
                peak_mb=run.get("peak_mb"),
                origin=plan.origin,
                metrics=_means([e["metrics"] for e in executions]) if done else {},
            )
        )
    return sorted(rows, key=lambda row: row.trial)


def read_started(folder: Path) -> dict[str, Any] | None:
    """Keras Tuner's state of the trial in `folder`; None if it is missing or damaged."""
    try:
        _, values = read_json(StartedTrial, folder / "trial.json", remedy="it runs again")
    except InputFileError:
        return None
    return values


def read_finished(folder: Path) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Keras Tuner's state of the trial in `folder` and our record of its run.

    None where the trial has not ended, and where either file is missing or damaged: such a trial
    runs again.
    """
    trial = read_started(folder)
    try:
        _, run = read_json(TrialRun, folder / "run.json", remedy="it runs again")
    except InputFileError:
        return None
    if trial and trial["status"] == "COMPLETED" and not run["executions"]:
        return None
    return (trial, run) if trial and trial.get("status") in ("COMPLETED", "FAILED") else None


def best_row(rows: Sequence[TrialRow], direction: str) -> TrialRow | None:
    """The completed trial with the best score, the earliest one on a tie; None without any."""
    scored = [row for row in rows if row.score is not None and math.isfinite(row.score)]
    if not scored:
        return None
    sign = 1 if direction == "min" else -1
    return min(scored, key=lambda row: (sign * (row.score or 0.0), row.trial))


def write_trials_csv(rows: Sequence[TrialRow], names: Sequence[str], path: str | Path) -> None:
    """Write `trials.csv` atomically: trial, one column per parameter, then the results."""
    metrics = sorted({name for row in rows for name in row.metrics})
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*BEFORE, *names, *RESULT, *metrics, *AFTER])
    for row in rows:
        # Not the numbers, which are texts already: a score may be negative.
        writer.writerow(
            [
                row.trial,
                *as_cells(row.values[name] for name in names),
                row.status,
                _number(row.score),
                _number(row.best_epoch),
                _number(row.epochs),
                *(_number(row.metrics.get(name)) for name in metrics),
                "" if row.seconds is None else f"{row.seconds:.1f}",
                "" if row.peak_mb is None else f"{row.peak_mb:.0f}",
                row.seed,
                *as_cells((row.origin, row.reason)),
            ]
        )
    write_text(path, text.getvalue())


def read_trials_csv(path: str | Path) -> list[TrialRow]:
    """Read `trials.csv` back; numbers in parameter columns become int or float.

    Raises:
        InputFileError: the file cannot be read.
        RecipeError: it has not the columns of a `trials.csv`, or a value is none.
    """
    try:
        with Path(path).open(encoding="utf-8", newline="") as stream:
            table = csv.DictReader(stream)
            header, lines = list(table.fieldnames or []), list(table)
    except OSError as error:
        raise InputFileError(f"{path}: cannot be read ({error.strerror})") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise RecipeError(f"{path}: is no table ({error}); {RUN_AGAIN}") from error
    if any(name not in header for name in (*BEFORE, *RESULT, *AFTER)):
        raise RecipeError(f"{path}: is not the trials.csv of a search; its columns are {header}")
    names = header[len(BEFORE) : header.index("status")]
    metrics = header[header.index("epochs") + 1 : header.index("seconds")]
    try:
        return [_row(line, names, metrics) for line in lines]
    except (TypeError, ValueError) as error:
        raise RecipeError(f"{path}: holds a value that is none ({error}); {RUN_AGAIN}") from error


def _row(line: Mapping[str, str], names: Sequence[str], metrics: Sequence[str]) -> TrialRow:
    return TrialRow(
        trial=int(line["trial"]),
        values={name: parse_value(from_cell(line[name])) for name in names},
        status=line["status"],
        score=float(line["score"]) if line["score"] else None,
        best_epoch=int(line["best_epoch"]) if line["best_epoch"] else None,
        epochs=int(line["epochs"]) if line["epochs"] else None,
        seconds=float(line["seconds"]) if line["seconds"] else None,
        seed=int(line["seed"]),
        reason=from_cell(line["reason"]),
        peak_mb=float(line["peak_mb"]) if line["peak_mb"] else None,
        origin=from_cell(line["origin"]),
        metrics={name: float(line[name]) for name in metrics if line[name]},
    )


def parse_value(text: str) -> Any:
    """A parameter's value from its text in a CSV: true or false, int, float, or the text."""
    if text in ("True", "False"):
        return text == "True"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _number(value: float | None) -> str:
    """Six decimals for a float: enough to rank, few enough to be the same on a second run."""
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{value:.6f}"


def _means(runs: Sequence[dict[str, float]]) -> dict[str, float]:
    """Mean of each metric over the executions that have it."""
    names = dict.fromkeys(name for run in runs for name in run)
    return {name: statistics.fmean(run[name] for run in runs if name in run) for name in names}
