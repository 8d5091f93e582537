"""The search on the screen: a table of the running trials, and a line per finished one."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console, Group
from rich.live import Live as RichLive
from rich.table import Table
from rich.text import Text
from tqdm import tqdm

from keras_landslide.tuning.plan import TrialPlan
from keras_landslide.tuning.results import TrialRow, best_row
from keras_landslide.tuning.space import SearchSpace
from keras_landslide.tuning.tuner import Watcher


@dataclass
class _Running:
    plan: TrialPlan
    epoch: int = 0
    score: float | None = None


class Live(Watcher):
    """Shows a search on standard error, with an ETA from the trials run so far.

    On a terminal a table shows the running trials; in a log file there are only the lines.

    Args:
        space: the search.
        total: trials in it, at most.
        done: trials that an earlier call finished.
        rows: reads the finished trials anew.
        file: where to, by default standard error.
    """

    def __init__(
        self,
        space: SearchSpace,
        total: int,
        done: int,
        rows: Callable[[], Sequence[TrialRow]],
        file: Any = None,
    ):
        self.space, self.total, self.done, self.run_here = space, total, done, 0
        self.rows = rows
        self.running: dict[int, _Running] = {}
        self.best: TrialRow | None = None
        self.started = time.monotonic()
        self.console = Console(file=file or sys.stderr, soft_wrap=True, highlight=False)
        self.screen: RichLive | None = None
        if self.console.is_terminal:
            self.screen = RichLive(
                console=self.console, get_renderable=self.table, refresh_per_second=2
            )
            self.screen.start()

    def begins(self, plan: TrialPlan) -> None:
        """Show the trial that starts."""
        self.running[plan.number] = _Running(plan)

    def epoch(self, number: int, epoch: int, metrics: Mapping[str, float]) -> None:
        """Show the epoch just done (from 1) and its score."""
        if number in self.running:
            self.running[number].epoch = epoch
            self.running[number].score = metrics.get(self.space.settings.objective)

    def lost(self, number: int) -> None:
        """A worker was lost: its trial runs no more."""
        self.running.pop(number, None)

    def ended(self, number: int) -> None:
        """Print one line for a finished trial."""
        rows = self.rows()
        row = next(row for row in rows if row.trial == number)
        self.best = best_row(rows, self.space.direction)
        self.running.pop(number, None)
        self.done, self.run_here = self.done + 1, self.run_here + 1
        if row.score is None:
            outcome = f"failed: {row.reason}"
        else:
            mark = " (best so far)" if self.best is row else ""
            objective = self.space.settings.objective
            outcome = f"{objective} {row.score:.4f} at epoch {row.best_epoch}{mark}"
        origin = f" ({row.origin})" if row.origin else ""
        line = f"trial {row.trial}{origin}  {words(row.values)}  {outcome}  {row.seconds:.1f} s"
        self.console.print(Text(f"{line}  [{self.done}/{self.total}, {self.eta()} to go]"))

    def eta(self) -> str:
        """How long the rest takes if its trials are like those so far."""
        if not self.run_here:
            return "?"
        mean_s = (time.monotonic() - self.started) / self.run_here
        return tqdm.format_interval(mean_s * (self.total - self.done))

    def table(self) -> Group:
        """The running trials, and the best so far."""
        s = self.space.settings
        table = Table(box=None, pad_edge=False)
        for name in ("trial", *self.space.grid, "epoch", s.objective):
            table.add_column(name, justify="right")
        for number, running in sorted(self.running.items()):
            values = [str(value) for value in running.plan.values.values()]
            score = "" if running.score is None else f"{running.score:.4f}"
            epoch = f"{running.epoch}/{running.plan.epochs}"
            table.add_row(str(number), *values, epoch, score)
        best = "none yet"
        if self.best is not None:
            best = f"trial {self.best.trial}, {self.best.score:.4f} with {words(self.best.values)}"
        rest = f"{s.name}: {self.done} of {self.total} trials, {self.eta()} to go; best: {best}"
        return Group(table, Text(rest))

    def close(self) -> None:
        """Take the table off the terminal."""
        if self.screen:
            self.screen.stop()


def words(values: Mapping[str, Any]) -> str:
    """Parameters as `name=value name=value`."""
    return " ".join(f"{name}={value}" for name, value in values.items())
