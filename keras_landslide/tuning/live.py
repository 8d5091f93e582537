"""The search on the screen: a line per finished trial, and one that shows the running one."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from tqdm import tqdm

from keras_landslide.tuning.results import TrialRow


class Live:
    """Progress of a search on standard error, with an ETA from the trials run so far.

    Args:
        total: trials in the search.
        done: trials that an earlier call finished.
        objective: name of the score.
        epochs: at most so many epochs per trial.
    """

    def __init__(self, total: int, done: int, objective: str, epochs: int):
        terminal = sys.stderr.isatty()
        self.objective, self.epochs = objective, epochs
        self.best: float | None = None
        self.values = ""
        self.bar = tqdm(
            total=total,
            initial=done,
            desc="search",
            unit="trial",
            smoothing=0,
            file=sys.stderr,
            mininterval=0.2 if terminal else 30.0,
            leave=terminal,
            dynamic_ncols=terminal,
        )

    def trial_begins(self, number: int, values: Mapping[str, Any]) -> None:
        """Show the values of the trial that starts."""
        self.values = f"trial {number} " + " ".join(f"{k}={v}" for k, v in values.items())
        self.bar.set_postfix_str(self.values, refresh=True)

    def epoch_ends(self, epoch: int, score: float | None) -> None:
        """Show the epoch just done (from 1), its score and the best so far."""
        parts = [self.values, f"epoch {epoch}/{self.epochs}"]
        if score is not None:
            parts.append(f"{self.objective} {score:.4f}")
        if self.best is not None:
            parts.append(f"best {self.best:.4f}")
        self.bar.set_postfix_str(", ".join(parts), refresh=False)
        self.bar.update(0)

    def trial_ends(self, row: TrialRow, best: TrialRow | None) -> None:
        """Print one line for a finished trial."""
        self.best = best.score if best else None
        values = " ".join(f"{k}={v}" for k, v in row.values.items())
        if row.score is None:
            outcome = f"failed: {row.reason}"
        else:
            mark = " (best so far)" if best is row else ""
            outcome = f"{self.objective} {row.score:.4f} at epoch {row.best_epoch}{mark}"
        line = f"trial {row.trial}  {values}  {outcome}  {row.seconds:.1f} s"
        tqdm.write(line, file=sys.stderr)
        self.bar.update(1)

    def close(self) -> None:
        """Leave the last state of the bar on a terminal."""
        self.bar.close()
