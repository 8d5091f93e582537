"""Who won, and whether by more than the seeds scatter: a lucky seed is not crowned.

Of many trials the best single score is high partly by luck, so it says too much of its combination
(the winner's curse). What is compared is the mean over further seeds, without that score.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keras_landslide.tuning.results import TrialRow


@dataclass(frozen=True)
class Standing:
    """A combination with its scores.

    Attributes:
        row: the trial that had it first, or its last round where trials go on in rounds.
        selected: the score of that trial, for which the combination was chosen to be repeated.
        fresh: those of its completed repeats with further seeds, in order; may be empty.
    """

    row: TrialRow
    selected: float
    fresh: tuple[float, ...] = ()

    @property
    def mean(self) -> float:
        """Mean over the further seeds; without any, the score that the trial was selected for."""
        return statistics.fmean(self.fresh) if self.fresh else self.selected

    @property
    def sd(self) -> float | None:
        """Standard deviation over the further seeds (n - 1); None with less than two."""
        return statistics.stdev(self.fresh) if len(self.fresh) > 1 else None


def standings(rows: Sequence[TrialRow], direction: str) -> list[Standing]:
    """All combinations that completed, best first.

    Where some were repeated with further seeds, those with most seeds come before all others: a
    single score that is higher says less than a mean. Ties go to the earlier trial.
    """
    last: dict[int, TrialRow] = {}
    repeats: dict[int, list[float]] = {}
    first_of: dict[int, int] = {}
    for row in rows:
        kind, _, number = row.origin.partition(" ")
        origin = int(number) if number else row.trial
        first_of[row.trial] = first_of.get(origin, origin)
        if row.score is None or not math.isfinite(row.score):
            continue
        if kind == "repeats":
            repeats.setdefault(origin, []).append(row.score)
        else:
            last[first_of[row.trial]] = row
    sign = 1 if direction == "min" else -1
    found = [
        Standing(row, row.score or 0.0, tuple(repeats.get(first, ())))
        for first, row in last.items()
    ]
    return sorted(found, key=lambda s: (-len(s.fresh), sign * s.mean, s.row.trial))


def winner(rows: Sequence[TrialRow], direction: str) -> Standing | None:
    """The best of the standings; None if no trial completed."""
    found = standings(rows, direction)
    return found[0] if found else None


def seed_spread(found: Sequence[Standing]) -> float | None:
    """Standard deviation over the further seeds, pooled over the repeated combinations."""
    squares = [(score - s.mean) ** 2 for s in found for score in s.fresh]
    freedom = sum(len(s.fresh) - 1 for s in found if s.fresh)
    return math.sqrt(sum(squares) / freedom) if freedom else None


def verdict(rows: Sequence[TrialRow], direction: str, objective: str) -> str:
    """Who won and by how much against the seed spread, in a few sentences."""
    found = standings(rows, direction)
    if not found:
        return "No trial completed."
    first = found[0]
    values = ", ".join(f"{name} {value}" for name, value in first.row.values.items())
    text = f"Trial {first.row.trial} ({values}) won with {objective} {first.mean:.4f}"
    if not first.fresh:
        luck = f", and the best of {len(found)} single scores is partly luck"
        return (
            f"{text}, from one seed: how far seeds scatter was not measured"
            f"{luck if len(found) > 1 else ''}."
        )
    seeds = "one further seed" if len(first.fresh) == 1 else f"{len(first.fresh)} further seeds"
    text += f", the mean over {seeds} (it was selected with {first.selected:.4f}, which does not "
    text += "count)"
    spread = seed_spread(found)
    if spread is None:
        return f"{text}. How far seeds scatter was not measured: that takes two or more repeats."
    rivals = [s for s in found[1:] if len(s.fresh) == len(first.fresh)]
    if not rivals:
        return f"{text}; seed spread {spread:.4f}; no other trial was repeated."
    second = rivals[0]
    gap = abs(first.mean - second.mean)
    # The standard error of a difference of two means over so many seeds each.
    error = spread * math.sqrt(1 / len(first.fresh) + 1 / len(second.fresh))
    more = "more" if gap > 2 * error else "no more"
    return (
        f"{text}, {gap:.4f} ahead of trial {second.row.trial}. The seed spread (standard deviation "
        f"over further seeds, pooled over {sum(len(s.fresh) > 1 for s in found)} finalists) is "
        f"{spread:.4f}, the standard error of that lead {error:.4f}: the lead is {more} than two "
        f"standard errors{'' if gap > 2 * error else ', so the two are not told apart'}."
    )
