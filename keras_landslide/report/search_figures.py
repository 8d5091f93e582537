"""Figures of a search: parallel coordinates, effects, curves, costs, spread of the seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from keras_landslide.report.canvas import figure
from keras_landslide.report.search_data import Search
from keras_landslide.tuning.spread import standings

BEST, PLAIN, FAILED = "#D55E00", "#0072B2", "#999999"


def parallel_coordinates(search: Search, out: Path) -> None:
    """A line per trial through its values to its score; the winner is thick, failures dashed."""
    choices = search.varying
    done = [row for row in search.rows if row.score is not None]
    scores = [row.score or 0.0 for row in done]
    low, high = min(scores), max(scores)
    span = high - low or 1.0
    with figure(out, max(5.0, 1.7 * (len(choices) + 1)), 3.6) as fig:
        ax = fig.subplots()
        for row in sorted(search.rows, key=lambda r: (r.score is not None, r.score or 0)):
            places = [
                values.index(row.values[name]) / max(len(values) - 1, 1)
                for name, values in choices.items()
            ]
            if row.score is None:
                ax.plot(range(len(places)), places, "--", color=FAILED, linewidth=0.8)
                continue
            height = (row.score - low) / span
            best = search.winner is not None and row is search.winner.row
            colour = BEST if best else mpl.colormaps["viridis"](height)
            width, order = (2.4, 3) if best else (0.9, 2)
            ax.plot(
                range(len(places) + 1), [*places, height], color=colour, linewidth=width,
                alpha=1 if best else 0.7, zorder=order,
            )  # fmt: skip
        for place, values in enumerate(choices.values()):
            for number, value in enumerate(values):
                at = number / max(len(values) - 1, 1)
                ax.text(place - 0.04, at, _short(value), ha="right", va="center", fontsize=7.5)
            ax.axvline(place, color="#555555", linewidth=0.7)
        ax.axvline(len(choices), color="#555555", linewidth=0.7)
        for at, value in ((0, low), (1, high)):
            ax.text(len(choices) + 0.05, at, f"{value:.3f}", va="center", fontsize=7.5)
        names = [*map(_words, choices), search.objective]
        ax.set_xticks(range(len(names)), names, fontsize=8.5)
        ax.set(yticks=[], xlim=(-0.5, len(choices) + 0.4), ylim=(-0.05, 1.05))
        for spine in ax.spines.values():
            spine.set_visible(False)


def effects(search: Search, out: Path) -> None:
    """Per parameter: every score over the value, with mean and best of each value."""
    choices = search.varying
    with figure(out, max(4.0, 2.9 * len(choices)), 3.0) as fig:
        axes = fig.subplots(1, max(len(choices), 1), sharey=True, squeeze=False)[0]
        for ax, (name, values) in zip(axes, choices.items(), strict=False):
            groups = [
                [r.score for r in search.rows if r.values[name] == v and r.score is not None]
                for v in values
            ]
            for place, scores in enumerate(groups):
                ax.plot([place] * len(scores), scores, "o", color=PLAIN, alpha=0.35, markersize=4)
            full = [place for place, scores in enumerate(groups) if scores]
            means = [np.mean(groups[place]) for place in full]
            tops = [_best(groups[place], search.direction) for place in full]
            ax.plot(full, means, "-", color="#333333", linewidth=1.4, label="mean")
            ax.plot(full, tops, "-", color=BEST, linewidth=1.4, label="best")
            ax.set_xticks(range(len(values)), [_short(v) for v in values])
            ax.set_title(_words(name))
            ax.margins(x=0.15)
            ax.grid(axis="y", color="#E5E5E5", linewidth=0.6)
        axes[0].set_ylabel(search.objective)
        axes[-1].legend()


def curves(search: Search, out: Path) -> None:
    """The objective of every trial after each epoch; the five best are in colour."""
    shown = [s.row.trial for s in standings(search.rows, search.direction)[:5]]
    shades = ["#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00"]
    with figure(out, 7.2, 3.4) as fig:
        ax = fig.subplots()
        for number, scores in search.curves.items():
            style: dict[str, Any] = {"color": "#CCCCCC", "linewidth": 0.8, "zorder": 1}
            if number in shown:
                style = {
                    "color": shades[shown.index(number)],
                    "linewidth": 1.8,
                    "zorder": 3,
                    "label": f"trial {number}",
                }
            ax.plot(range(1, len(scores) + 1), scores, marker="o", markersize=2.5, **style)
        ax.set_xlabel("epoch")
        ax.set_ylabel(search.curve_name)
        ax.xaxis.set_major_locator(MaxNLocator(8, integer=True))
        ax.grid(axis="y", color="#E5E5E5", linewidth=0.6)
        if shown:
            ax.legend()


def costs(search: Search, out: Path) -> None:
    """Time and peak memory of each trial; failures in grey."""
    with figure(out, 7.2, 4.2) as fig:
        upper, lower = fig.subplots(2, 1, sharex=True)
        _bars(upper, search, "time, s", lambda row: row.seconds)
        _bars(lower, search, "peak memory, MB", lambda row: row.peak_mb)
        lower.set_xlabel("trial")


def spread(search: Search, out: Path) -> None:
    """Scores over further seeds of the repeated trials, their means, and what selected them."""
    found = [s for s in standings(search.rows, search.direction) if s.fresh]
    with figure(out, 6.0, 1.0 + 0.45 * len(found)) as fig:
        ax = fig.subplots()
        for place, standing in enumerate(found):
            ax.plot(standing.fresh, [place] * len(standing.fresh), "o", color=PLAIN, alpha=0.6)
            ax.plot(standing.selected, place, "o", markerfacecolor="none", color=FAILED)
            ax.plot(standing.mean, place, "|", color=BEST, markersize=16, markeredgewidth=2)
        ax.set_yticks(range(len(found)), [f"trial {s.row.trial}" for s in found])
        ax.invert_yaxis()
        ax.margins(y=0.2)
        ax.set_xlabel(
            f"{search.objective}: a dot per further seed, their mean as a line; ring: the score "
            "that was selected",
            fontsize=8,
        )
        ax.grid(axis="x", color="#E5E5E5", linewidth=0.6)


def _bars(ax: Axes, search: Search, name: str, value: Callable[[Any], float | None]) -> None:
    for row in search.rows:
        colour = FAILED if row.score is None else PLAIN
        ax.bar(row.trial, value(row) or 0.0, color=colour, width=0.8)
    ax.set_ylabel(name)
    ax.grid(axis="y", color="#E5E5E5", linewidth=0.6)


def _best(scores: Sequence[float | None], direction: str) -> float:
    known = [score for score in scores if score is not None]
    return min(known) if direction == "min" else max(known)


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _words(name: str) -> str:
    return name.rpartition(".")[2].replace("_", " ")
