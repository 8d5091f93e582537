"""The search on the screen: a line per finished trial, and one that shows the running one."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

from tqdm import tqdm

from keras_landslide.tuning.results import TrialRow


class Live:
    """Progress of a search on standard error, with an ETA from the trials run so far.

    On a terminal a bar shows the running trial; in a log file there are only the lines.

    Args:
        total: trials in the search.
        done: trials that an earlier call finished.
        objective: name of the score.
        epochs: at most so many epochs per trial.
    """

    def __init__(self, total: int, done: int, objective: str, epochs: int):
        self.objective, self.epochs = objective, epochs
        self.total, self.done, self.run_here = total, done, 0
        self.best: float | None = None
        self.values = ""
        self.started = time.monotonic()
        self.bar = tqdm(
            total=total,
            initial=done,
            desc="search",
            unit="trial",
            smoothing=0,
            file=sys.stderr,
            disable=not sys.stderr.isatty(),
            dynamic_ncols=True,
        )

    def trial_begins(self, number: int, values: Mapping[str, Any]) -> None:
        """Show the values of the trial that starts."""
        self.values = f"trial {number} " + _words(values)
        self.bar.set_postfix_str(self.values, refresh=True)

    def epoch_ends(self, epoch: int, score: float | None) -> None:
        """Show the epoch just done (from 1), its score and the best so far."""
        parts = [self.values, f"epoch {epoch}/{self.epochs}"]
        if score is not None:
            parts.append(f"{self.objective} {score:.4f}")
        if self.best is not None:
            parts.append(f"best {self.best:.4f}")
        self.bar.set_postfix_str(", ".join(parts), refresh=True)

    def trial_ends(self, row: TrialRow, best: TrialRow | None) -> None:
        """Print one line for a finished trial."""
        self.best = best.score if best else None
        self.done, self.run_here = self.done + 1, self.run_here + 1
        if row.score is None:
            outcome = f"failed: {row.reason}"
        else:
            mark = " (best so far)" if best is row else ""
            outcome = f"{self.objective} {row.score:.4f} at epoch {row.best_epoch}{mark}"
        mean_s = (time.monotonic() - self.started) / self.run_here
        left = tqdm.format_interval(mean_s * (self.total - self.done))
        line = f"trial {row.trial}  {_words(row.values)}  {outcome}  {row.seconds:.1f} s"
        tqdm.write(f"{line}  [{self.done}/{self.total}, {left} to go]", file=sys.stderr)
        self.bar.update(1)

    def close(self) -> None:
        """Leave the last state of the bar on a terminal."""
        self.bar.close()


def _words(values: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in values.items())
