"""Figures like the papers': loss curves, ROC of all models, the spread over images, examples."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np

from keras_landslide.evaluation.distribution import Distribution
from keras_landslide.evaluation.images import Image
from keras_landslide.grid import Window
from keras_landslide.protocols.chip_figures import Case, comparison
from keras_landslide.protocols.divisions import Dataset
from keras_landslide.protocols.summary import Results, Row
from keras_landslide.report.canvas import figure, title_with_source
from keras_landslide.report.score_figures import images_figure
from keras_landslide.training.history import History

SHOWN = 4
"""Chips in a figure of examples."""
WORST_AND_BEST = 3


def loss_curves(results: Results, out: Path, *, title: str, simulated: bool) -> Path:
    """Training loss of every model against the epoch, mean over folds (Fig. 7 of Zhou et al.).

    Raises:
        OutputError: `out` cannot be written.
    """
    colours = mpl.colormaps["tab20"]
    with figure(out, 7.2, 4.2) as fig:
        ax = fig.subplots()
        for number, (label, seeds) in enumerate(results.items()):
            runs = next(iter(seeds.values()))
            colour = colours(number % 20)
            losses = [[row["loss"] for row in History(r.folder / "history.csv").rows] for r in runs]
            shortest = min(map(len, losses))
            mean = np.mean([each[:shortest] for each in losses], axis=0)
            ax.plot(np.arange(1, shortest + 1), mean, color=colour, linewidth=1.2, label=label)
        ax.set(xlabel="epoch", ylabel="training loss")
        ax.legend(fontsize=7, ncols=2)
        fig.suptitle(_wrapped(title, simulated), fontsize=9.5, fontweight="bold")
    return out


def roc_curves(rows: Sequence[Row], out: Path, *, title: str, simulated: bool) -> Path:
    """ROC of all models on the test images (Fig. 4 of Hajimoradlou et al.).

    Raises:
        OutputError: `out` cannot be written.
    """
    with figure(out, 4.8, 4.6) as fig:
        ax = fig.subplots()
        for row in rows:
            part = row.parts["test"]
            if part.roc_auc is not None:
                label = f"{row.entry.label} ({part.roc_auc:.2f})"
                ax.plot(*part.roc, linewidth=1.3, label=label)
        ax.plot([0, 1], [0, 1], color="#999999", linestyle=(0, (4, 3)), linewidth=0.8)
        ax.set(xlabel="false alarm rate", ylabel="recall", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        ax.legend(loc="lower right")
        fig.suptitle(_wrapped(title, simulated), fontsize=9.5, fontweight="bold")
    return out


def image_histogram(row: Row, out: Path, *, title: str, simulated: bool) -> Path:
    """How many test images reach which mean IoU and F1 (Fig. 8 of Li et al. 2024).

    Raises:
        OutputError: `out` cannot be written.
    """
    part = row.parts["test"]
    images = [
        Image(int(number), Window(0, 0, 0, 0), scores, Distribution())
        for number, scores in zip(part.numbers, part.images, strict=True)
    ]
    return images_figure(images, out, title=title, simulated=simulated)


def examples(
    rows: Sequence[Row],
    numbers: Sequence[int],
    dataset: Dataset,
    out: Path,
    *,
    title: str,
) -> Path:
    """Chips as rows, models as columns.

    Args:
        rows: the models.
        numbers: positions of the chips in the data set.
        dataset: for the images and labels.
        out: PNG.
        title: of the figure.

    Raises:
        OutputError: `out` cannot be written.
    """
    cases = [_case(rows, number, dataset) for number in numbers]
    widest = max(dataset.rounds[0].caches.values(), key=lambda cache: len(cache.band_names))
    return comparison(cases, widest.band_names, out, title=title, simulated=dataset.simulated)


def typical(row: Row) -> list[int]:
    """Positions of chips with landslides, from the least to the most landslide."""
    part = row.parts["test"]
    area = part.counts[:, 0] + part.counts[:, 2]
    with_landslide = np.flatnonzero(area > 0)
    order = with_landslide[np.argsort(area[with_landslide], kind="stable")]
    chosen = np.unique(np.linspace(0, len(order) - 1, min(SHOWN, len(order))).round().astype(int))
    return [int(part.numbers[i]) for i in order[chosen]]


def extremes(row: Row) -> tuple[list[int], list[int]]:
    """Positions of the worst and of the best chips with landslides, by F1."""
    part = row.parts["test"]
    known = [
        (scores.f1, int(number))
        for scores, number in zip(part.images, part.numbers, strict=True)
        if scores.f1 is not None and scores.tp + scores.fn > 0
    ]
    ordered = [number for _, number in sorted(known)]
    half = min(WORST_AND_BEST, len(ordered) // 2)
    return ordered[:half], ordered[::-1][:half]


def _wrapped(title: str, simulated: bool) -> str:
    return textwrap.fill(title_with_source(title, simulated), 58)


def _case(rows: Sequence[Row], number: int, dataset: Dataset) -> Case:
    said, thresholds, scores = {}, {}, {}
    for row in rows:
        label = row.entry.label
        run = next(r for r in row.runs if number in r.parts["test"].numbers)
        place = int(np.flatnonzero(run.parts["test"].numbers == number)[0])
        said[label] = np.asarray(run.probabilities("test")[place])
        thresholds[label], scores[label] = run.threshold, run.parts["test"].images[place]
    division = next(d for d in dataset.rounds if d.name == run.round)
    cache = max(division.caches.values(), key=lambda cache: len(cache.band_names))
    return Case(
        name=dataset.names[number],
        image=np.asarray(cache.images[number]),
        label=np.asarray(cache.labels[number]),
        probabilities=said,
        thresholds=thresholds,
        scores=scores,
    )
