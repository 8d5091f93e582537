"""Where a trial's runs lie: under an assignment's claim while it runs, then under its own name.

A trial that is handed out again moves on in a folder of the new claim. A process of the assignment
before, should it still live, then writes where nobody reads.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable
from pathlib import Path

KEPT = ("config.toml", "history.csv", "metrics.json")
"""What stays of a finished trial's run folder; weights of a whole grid would fill the disk."""
FOR_NEXT_ROUND = "checkpoints"
_SEEN_S = 10.0
"""A network file system shows a folder of another machine so late at most."""


def run_folder(trial: Path, execution: int, claim: str = "") -> Path:
    """Folder of an execution: of an assignment that runs, or of the trial once that has ended."""
    return trial / (f"run_{execution}.{claim}" if claim else f"run_{execution}")


def take_up(trial: Path, execution: int, claim: str) -> Path:
    """The folder for this assignment, with the epochs of those before; returns its path."""
    mine = run_folder(trial, execution, claim)
    found = [
        path
        for path in (*trial.glob(f"run_{execution}"), *trial.glob(f"run_{execution}.*"))
        if (path / "history.csv").exists() and _is_whole(path)
    ]
    if found:
        max(found, key=lambda path: (path / "history.csv").stat().st_size).rename(mine)
    return mine


def settle(trial: Path, claim: str, executions: Iterable[int]) -> None:
    """Give the runs of an accepted assignment their lasting names, and remove all others.

    Args:
        trial: its folder.
        claim: of the assignment.
        executions: those that it made a folder for.
    """
    deadline = time.monotonic() + _SEEN_S
    for execution in executions:
        mine, lasting = run_folder(trial, execution, claim), run_folder(trial, execution)
        while not mine.exists() and time.monotonic() < deadline:
            time.sleep(0.2)
        if mine.exists():
            shutil.rmtree(lasting, ignore_errors=True)
            mine.rename(lasting)
    remove_claimed(trial)


def remove_claimed(trial: Path) -> None:
    """Remove the runs of assignments that count for nothing."""
    for path in trial.glob("run_*.*"):
        shutil.rmtree(path, ignore_errors=True)


def remove_strays(trial: Path, claim: str) -> None:
    """Remove what a late assignment wrote after its runs had moved on to another one."""
    for path in trial.glob(f"run_*.{claim}"):
        if not _is_whole(path):
            shutil.rmtree(path, ignore_errors=True)


def drop_weights(trial: Path, keep_last: bool = False) -> None:
    """Remove the weights of a trial that ended, but with `keep_last` those of its last epoch."""
    kept = (*KEPT, FOR_NEXT_ROUND) if keep_last else KEPT
    for run in trial.glob("run_*"):
        for entry in run.iterdir():
            if entry.name not in kept:
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def _is_whole(run: Path) -> bool:
    """Whether the folder began as a run: one that a late process made anew lacks the config."""
    return (run / "config.toml").exists()
