"""Figures of learning: the curves of a run, and all trials of a search."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from keras_landslide.config import direction_of
from keras_landslide.errors import InputFileError
from keras_landslide.report.canvas import figure, title_with_source
from keras_landslide.training.history import History
from keras_landslide.tuning.results import TrialRow, read_trials_csv
from keras_landslide.tuning.spread import winner

TRAIN, VAL, ACCENT = "#56B4E9", "#D55E00", "#333333"


def learning_curves(
    history_csv: str | Path,
    out: str | Path,
    *,
    title: str = "Learning curves",
    monitor: str = "val_f1",
    simulated=False,
) -> Path:
    """Draw loss and F1 per epoch for training and validation; the kept epoch is marked.

    It is the one where `monitor` is best, see `config.TrainingConfig`.

    Raises:
        InputFileError: the file is missing, damaged or holds no epoch.
        OutputError: `out` cannot be written.
    """
    history = History(history_csv, monitor)
    if not history.rows:
        raise InputFileError(f"{history_csv}: holds no epoch; train first")
    epochs = np.arange(1, len(history.rows) + 1)
    best = history.best_epoch
    with figure(out, 8.4, 3.4) as fig:
        left, right = fig.subplots(1, 2)
        for ax, key in ((left, "loss"), (right, "f1")):
            for name, text, colour in ((key, "training", TRAIN), (f"val_{key}", "validation", VAL)):
                values = [row[name] for row in history.rows]
                ax.plot(epochs, values, color=colour, linewidth=1.8, label=text)
            ax.axvline(best + 1, color=ACCENT, linewidth=0.7, linestyle=(0, (4, 3)))
            ax.set_xlabel("epoch")
            ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
            ax.grid(axis="y", color="#E5E5E5", linewidth=0.6)
            ax.margins(x=0.02)
        for name, style in (("val_precision", ":"), ("val_recall", "--")):
            values = [row.get(name, np.nan) for row in history.rows]
            text = f"validation {name.removeprefix('val_')}"
            right.plot(epochs, values, style, color=VAL, linewidth=0.9, alpha=0.8, label=text)
        score = history.rows[best]["val_f1"]
        right.plot(best + 1, score, "o", color=VAL, markersize=5)
        left.set_title("loss")
        word = "best" if monitor == "val_f1" else "kept"
        right.set_title(f"F1 at 0.5, {word} {score:.3f} in epoch {best + 1}")
        right.set_ylim(0, 1)
        left.set_ylim(bottom=0)
        left.legend()
        right.legend(fontsize=7.5, ncols=2)
        fig.suptitle(title_with_source(title, simulated), fontsize=11.5, fontweight="bold")
    return Path(out)


def trials_figure(
    trials_csv: str | Path,
    out: str | Path,
    *,
    title: str = "All trials",
    objective: str = "val_f1",
    simulated=False,
) -> Path:
    """Draw the score of every trial against the parameters that vary; the best one is ringed.

    The parameter with most values runs along the axis, the next ones make lines and panels.
    Failed trials are crosses at the bottom. `objective` names the score; the trial that won, see
    `tuning.spread`, is ringed.

    Raises:
        InputFileError: the file cannot be read or holds no trial.
        RecipeError: it has not the columns of a `trials.csv`.
        OutputError: `out` cannot be written.
    """
    rows = read_trials_csv(trials_csv)
    if not rows:
        raise InputFileError(f"{trials_csv}: holds no trial; search first")
    choices = {
        name: sorted({row.values[name] for row in rows}, key=_order) for name in rows[0].values
    }
    varying = sorted((n for n in choices if len(choices[n]) > 1), key=lambda n: -len(choices[n]))
    along, lines, panels = (varying + [None] * 3)[:3]
    panel_values = choices[panels] if panels else [None]
    with figure(out, max(5.0, 3.1 * len(panel_values)), 3.7) as fig:
        axes = fig.subplots(1, len(panel_values), sharey=True, squeeze=False)[0]
        for ax, panel in zip(axes, panel_values, strict=True):
            chosen = [row for row in rows if not panels or row.values[panels] == panel]
            _draw_trials(ax, chosen, along, lines, choices)
            if panels:
                ax.set_title(f"{_words(panels)} {_short(panel)}")
        _mark_best(axes, rows, objective, along, panels, choices)
        axes[0].set_ylabel(f"{_words(objective.removeprefix('val_'))} (validation)")
        if lines:
            handles, texts = axes[0].get_legend_handles_labels()
            fig.legend(
                handles, texts, title=_words(lines), loc="outside right center", title_fontsize=8.5
            )
        fig.suptitle(title_with_source(title, simulated), fontsize=11.5, fontweight="bold")
    return Path(out)


def _draw_trials(
    ax: Axes, rows: list[TrialRow], along: str | None, lines: str | None, choices: dict[str, list]
) -> None:
    shades = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00"]
    for number, value in enumerate(choices[lines] if lines else [None]):
        mine = [row for row in rows if not lines or row.values[lines] == value]
        done = [row for row in mine if row.score is not None]
        colour = shades[number % len(shades)]
        x = [_place(row, along, choices) for row in done]
        y = [row.score for row in done]
        order = np.argsort(x, kind="stable")
        ax.plot(
            np.array(x)[order],
            np.array(y, float)[order],
            "o-",
            color=colour,
            linewidth=1,
            markersize=4.5,
            label=_short(value),
        )
        for row in mine:
            if row.score is None:
                where = (_place(row, along, choices), 0.02)
                ax.plot(*where, "x", color=colour, transform=ax.get_xaxis_transform())
    if along:
        ax.set_xticks(range(len(choices[along])), [_short(v) for v in choices[along]])
        ax.set_xlabel(_words(along))
    ax.margins(x=0.08, y=0.12)
    ax.grid(axis="y", color="#E5E5E5", linewidth=0.6)


def _mark_best(
    axes: Any,
    rows: list[TrialRow],
    objective: str,
    along: str | None,
    panels: str | None,
    choices: dict[str, list],
) -> None:
    standing = winner(rows, direction_of(objective))
    if standing is None:
        return
    best = standing.row
    ax = axes[choices[panels].index(best.values[panels]) if panels else 0]
    x = _place(best, along, choices)
    ax.plot(x, best.score, "o", markersize=11, markerfacecolor="none", markeredgecolor=ACCENT)
    ax.annotate(
        f"best {best.score:.3f}",
        (x, best.score),
        xytext=(0, 9),
        textcoords="offset points",
        ha="center",
        fontsize=8,
    )


def _place(row: TrialRow, along: str | None, choices: dict[str, list]) -> int:
    return choices[along].index(row.values[along]) if along else row.trial


def _order(value: Any) -> tuple:
    return (isinstance(value, str), value)


def _short(value: Any) -> str:
    """A parameter's value in few letters: 0.0005 as 5e-4."""
    if isinstance(value, float) and 0 < abs(value) < 0.01:
        mantissa, exponent = f"{value:e}".split("e")
        return f"{float(mantissa):g}e{int(exponent)}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _words(name: str) -> str:
    return name.replace("_", " ")
