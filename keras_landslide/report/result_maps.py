"""Maps of a result: probability, and what became of each pixel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgba
from matplotlib.lines import Line2D
from matplotlib.patches import Patch as LegendPatch
from scipy.ndimage import median_filter

from keras_landslide.evaluation.scores import (
    FALSE_NEGATIVE,
    FALSE_POSITIVE,
    NOT_SCORED,
    TRUE_POSITIVE,
    Scores,
    confusion_classes,
)
from keras_landslide.grid import Window
from keras_landslide.rasters.align import check_same_grid
from keras_landslide.report.canvas import (
    draw_backdrop,
    figure,
    finish_map,
    map_size,
    title_with_source,
)
from keras_landslide.report.view import View, open_view

# Okabe and Ito's palette, which colour-blind readers can tell apart.
COLOURS = {
    TRUE_POSITIVE: ("found (TP)", "#009E73"),
    FALSE_POSITIVE: ("false alarm (FP)", "#D55E00"),
    FALSE_NEGATIVE: ("missed (FN)", "#0072B2"),
}
HEAT = LinearSegmentedColormap.from_list(
    "heat",
    [(1, 0.93, 0.63, 0.0), (1, 0.80, 0.30, 0.75), (0.90, 0.30, 0.15, 0.95), (0.35, 0, 0.25, 1)],
)


@dataclass(frozen=True)
class ConfusionPanel:
    """One panel of a confusion map.

    Attributes:
        title: for example the image model.
        probability: `probability.tif`.
        threshold: probability from which a pixel is landslide.
        scores: counts of the whole scene, shown under the title; None leaves them out.
    """

    title: str
    probability: Path
    threshold: float
    scores: Scores | None = None


def confusion_map(
    panels: Sequence[ConfusionPanel],
    stack: str | Path,
    out: str | Path,
    *,
    title: str,
    windows: Sequence[Window] | None = None,
) -> Path:
    """Draw true and false positives and false negatives over the relief, a panel per map.

    As Fig. 4 of Vega and Hidalgo: true negatives are left to the relief. Cloud and its shadow are
    outlined where the stack has a mask of them.

    Args:
        panels: one or more maps of the same scene.
        stack: for the label, the relief and the cloud mask.
        out: PNG to write.
        title: of the whole figure; that data are simulated is added where the tags say so.
        windows: what lies outside them is shown as not scored; None scores everywhere.

    Raises:
        BandError: the stack has no label.
        GridMismatchError: a map is not on the stack's grid.
        InputFileError: a file cannot be read.
        OutputError: `out` cannot be written.
    """
    view = open_view(stack)
    label = view.band("label")
    if windows is not None:
        label = np.where(view.covered(windows), label, np.nan)
    learnt_simulated = False
    width = 6.2 if len(panels) == 1 else 4.1
    height = map_size(view, width - 0.45) + (1.6 if len(panels) == 1 else 1.35)
    with figure(out, width * len(panels), height) as fig:
        axes = fig.subplots(1, len(panels), squeeze=False)[0]
        for panel, ax in zip(panels, axes, strict=True):
            predicted = open_view(panel.probability)
            check_same_grid(predicted.info, view.info)
            learnt_simulated = learnt_simulated or predicted.info.simulated
            probability = predicted.read(predicted.info.band_names[:1])[..., 0]
            draw_backdrop(ax, view)
            classes = confusion_classes(probability, label, panel.threshold)
            ax.imshow(_painted(classes), extent=view.extent_km, interpolation="nearest", zorder=2)
            clouded = _outline_cloud(ax, view)
            finish_map(ax, view)
            ax.set_title(panel.title + _summary(panel.scores), fontsize=9)
        full = title_with_source(title, view.info.simulated, learnt_simulated)
        fig.suptitle(full, fontsize=11.5, fontweight="bold")
        handles: list = [LegendPatch(color=colour, label=text) for text, colour in COLOURS.values()]
        if (classes == NOT_SCORED).any():
            handles.append(LegendPatch(facecolor="white", edgecolor="#999999", label="not scored"))
        if clouded:
            handles.append(Line2D([], [], color="black", linewidth=0.8, label="cloud or shadow"))
        columns = len(handles) if len(panels) > 1 else 3
        fig.legend(handles=handles, loc="outside lower center", ncols=columns)
    return Path(out)


def probability_map(
    probability: str | Path, stack: str | Path, out: str | Path, *, threshold: float, title: str
) -> Path:
    """Draw the landslide probability over the relief; unlikely pixels let the relief through.

    Raises:
        GridMismatchError: the map is not on the stack's grid.
        InputFileError: a file cannot be read.
        OutputError: `out` cannot be written.
    """
    view, predicted = open_view(stack), open_view(probability)
    check_same_grid(predicted.info, view.info)
    values = predicted.read(predicted.info.band_names[:1])[..., 0]
    with figure(out, 6.2, map_size(view, 4.95) + 0.75) as fig:
        ax = fig.subplots()
        draw_backdrop(ax, view)
        norm = Normalize(0, 1)
        ax.imshow(values, extent=view.extent_km, cmap=HEAT, norm=norm, zorder=2)
        missing = np.zeros((*values.shape, 4))
        missing[np.isnan(values)] = (1, 1, 1, 1)
        ax.imshow(missing, extent=view.extent_km, interpolation="nearest", zorder=3)
        finish_map(ax, view)
        bar = fig.colorbar(ScalarMappable(norm, HEAT), ax=ax, shrink=0.75, aspect=30, pad=0.02)
        bar.set_label("landslide probability")
        bar.ax.axhline(threshold, color="black", linewidth=1.5)
        bar.ax.text(-0.25, threshold, "threshold", ha="right", va="center", fontsize=7, rotation=90)
        bar.outline.set_linewidth(0.4)
        full = title_with_source(title, view.info.simulated, predicted.info.simulated)
        ax.set_title(full, fontsize=11)
    return Path(out)


def _painted(classes: np.ndarray) -> np.ndarray:
    """Colours (height, width, 4): opaque for the three classes, pale for what is not scored."""
    image = np.zeros((*classes.shape, 4))
    for value, (_, colour) in COLOURS.items():
        image[classes == value] = to_rgba(colour)
    image[classes == NOT_SCORED] = (1, 1, 1, 0.75)
    return image


def _outline_cloud(ax: Axes, view: View) -> bool:
    """Outline cloud and shadow; whether there was any."""
    if not view.has("cloud"):
        return False
    # Smoothed a little: single pixels of cloud would be drawn as specks of ink.
    clouded = median_filter((np.nan_to_num(view.band("cloud")) > 0).astype(float), size=5)
    if not clouded.any():
        return False
    ax.contour(
        clouded,
        levels=[0.5],
        extent=view.extent_km,
        origin="upper",
        colors="black",
        linewidths=0.6,
        zorder=4,
    )
    return True


def _summary(scores: Scores | None) -> str:
    if scores is None:
        return ""
    parts = [("P", scores.precision), ("R", scores.recall), ("F1", scores.f1)]
    return "\n" + "   ".join(f"{name} {'–' if v is None else f'{v:.2f}'}" for name, v in parts)
