"""Pictures of chips: a preview of a data set, and predictions beside the truth."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.patches import Patch as LegendPatch

from keras_landslide.datasets.check import Findings
from keras_landslide.evaluation.scores import Scores, confusion_classes
from keras_landslide.report.canvas import figure, stretch, title_with_source
from keras_landslide.report.result_maps import COLOURS

MOST = 12
TRUTH = "#FFD400"


@dataclass(frozen=True)
class Case:
    """A chip to draw.

    Attributes:
        name: its name.
        image: (H, W, C) in raw units.
        label: uint8 (H, W).
        probabilities: (H, W) per model, by the model's name.
        thresholds: of each model.
        scores: of each model on this chip.
    """

    name: str
    image: np.ndarray
    label: np.ndarray
    probabilities: Mapping[str, np.ndarray]
    thresholds: Mapping[str, float]
    scores: Mapping[str, Scores]


def natural_colours(image: np.ndarray, band_names: Sequence[str]) -> np.ndarray:
    """A picture (H, W, 3) in [0, 1]: red, green and blue where there are such, else one band.

    Stretched over all three bands at once, so that colours keep their balance; missing is white.
    """
    if all(name in band_names for name in ("red", "green", "blue")):
        picture = image[..., [band_names.index(name) for name in ("red", "green", "blue")]]
    else:
        picture = np.repeat(image[..., :1], 3, axis=-1)
    return np.nan_to_num(stretch(picture.astype(np.float64)), nan=1.0)


def preview(found: Findings, out: str | Path) -> Path:
    """Draw usable chips spread over the data set, with their landslides outlined.

    Raises:
        OutputError: `out` cannot be written.
    """
    source = found.source
    chosen = np.linspace(0, len(found.usable) - 1, min(MOST, len(found.usable))).astype(int)
    chips = [found.usable[i] for i in np.unique(chosen)]
    columns = min(4, len(chips))
    rows = -(-len(chips) // columns)
    with figure(out, 2.3 * columns, 2.5 * rows + 0.5) as fig:
        axes = np.ravel(fig.subplots(rows, columns, squeeze=False))
        for ax, chip in zip(axes, chips, strict=False):
            image, label = source.convert(source.stored(chip))
            ax.imshow(natural_colours(image, source.band_names))
            _outline(ax, label)
            ax.set_title(chip.name, fontsize=7)
        for ax in axes:
            _bare(ax)
            ax.set_visible(bool(ax.images))
        title = f"{source.title}: {len(found.usable)} usable chips, landslides outlined"
        fig.suptitle(title_with_source(title, source.simulated), fontsize=10, fontweight="bold")
    return Path(out)


def comparison(
    cases: Sequence[Case],
    band_names: Sequence[str],
    out: str | Path,
    *,
    title: str,
    simulated: bool = False,
) -> Path:
    """Draw chips as rows: image, truth, and what became of each pixel by each model.

    As Fig. 1 of Nguyen, Fig. 6 of Li et al. 2024 and Figs. 5, 6 and 8 of Zhou et al. 2024.

    Raises:
        OutputError: `out` cannot be written.
    """
    models = list(cases[0].probabilities)
    columns, rows = 2 + len(models), len(cases)
    with figure(out, 1.55 * columns, 1.75 * rows + 0.9) as fig:
        axes = fig.subplots(rows, columns, squeeze=False)
        for line, case in zip(axes, cases, strict=True):
            picture = natural_colours(case.image, band_names)
            line[0].imshow(picture)
            line[1].imshow(_painted(case.label, case.label.astype(float), 0.5))
            line[0].set_ylabel(case.name, fontsize=6.5)
            for ax, model in zip(line[2:], models, strict=True):
                ax.imshow(picture.mean(axis=-1), cmap="gray", vmin=-0.6, vmax=1.2)
                shown = _painted(case.label, case.probabilities[model], case.thresholds[model])
                ax.imshow(shown)
                ax.set_xlabel(_f1(case.scores[model]), fontsize=7)
            for ax in line:
                _bare(ax)
        for ax, text in zip(axes[0], ("image", "truth", *models), strict=True):
            ax.set_title(textwrap.fill(text, 22), fontsize=7.5)
        handles = [LegendPatch(color=colour, label=text) for text, colour in COLOURS.values()]
        fig.legend(handles=handles, loc="outside lower center", ncols=3)
        wrapped = textwrap.fill(title_with_source(title, simulated), int(15 * columns) + 10)
        fig.suptitle(wrapped, fontsize=10, fontweight="bold")
    return Path(out)


def _painted(label: np.ndarray, probability: np.ndarray, threshold: float) -> np.ndarray:
    classes = confusion_classes(probability.astype(np.float32), label, threshold)
    image = np.zeros((*classes.shape, 4))
    for value, (_, colour) in COLOURS.items():
        image[classes == value] = to_rgba(colour)
    return image


def _outline(ax: Axes, label: np.ndarray) -> None:
    landslide = label == 1
    if landslide.any() and not landslide.all():
        ax.contour(landslide, levels=[0.5], colors=TRUTH, linewidths=0.8)


def _f1(scores: Scores) -> str:
    return "no landslide" if scores.f1 is None else f"F1 {scores.f1:.2f}"


def _bare(ax: Axes) -> None:
    ax.set(xticks=[], yticks=[])
