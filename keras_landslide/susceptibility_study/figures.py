"""Figures of a study: curves of held-out ground and the class map."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import rasterio
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch
from rasterio.enums import Resampling

from keras_landslide.report.canvas import (
    draw_backdrop,
    figure,
    finish_map,
    map_size,
    title_with_source,
)
from keras_landslide.report.view import View, open_view
from keras_landslide.susceptibility_study.classes import NAMES, NODATA
from keras_landslide.susceptibility_study.curves import Band, band, calibration
from keras_landslide.susceptibility_study.mapping import COLOURS
from keras_landslide.susceptibility_study.peers import PEERS
from keras_landslide.susceptibility_study.scores import FoldScores

AREA, CAUGHT = "share of the area, highest first", "share of the landslide pixels"
SCORES = {"roc_auc": "AUC (95 %)", "average_precision": "AP (95 %)"}
TITLES = {
    "rows": "held-out strips of rows",
    "columns": "held-out strips of columns",
    "blocks": "held-out small blocks",
}
PANELS = {
    "roc": ("ROC", "false alarm rate", "recall"),
    "precision_recall": ("precision and recall", "recall", "precision"),
    "prediction": ("prediction rate", AREA, CAUGHT),
    "success": ("success rate (learnt from)", AREA, CAUGHT),
    "calibration": ("calibration", "probability", "share of landslide pixels"),
}


class ModelCurves(NamedTuple):
    """One model on one way of holding out.

    Attributes:
        held_out: scores of the ground held out, fold by fold.
        learnt: of the ground learnt from, fold by fold.
    """

    held_out: list[FoldScores]
    learnt: list[FoldScores]

    def band(self, panel: str, fold: int | None = None) -> Band:
        """The line of a panel, of one fold or of all."""
        folds = self.learnt if panel == "success" else self.held_out
        curves = [f.curves for f in (folds if fold is None else [folds[fold]])]
        if panel == "calibration":
            return calibration(curves)
        return band("rate" if panel in ("prediction", "success") else panel, curves)


def curves_figure(
    path: str | Path, kind: str, models: dict[str, ModelCurves], *, simulated: bool
) -> Path:
    """All models side by side, means over the folds; the interval is that of the first.

    Args:
        path: PNG to write.
        kind: way of holding out, of `TITLES`.
        models: the one whose interval is drawn first.
        simulated: said in the title.
    """
    with _panels(path, f"{TITLES[kind]}, mean of the folds", simulated) as axes:
        for number, (name, model) in enumerate(models.items()):
            style = "--" if name in PEERS else "-"
            for panel, ax in axes.items():
                line = model.band(panel)
                if number == 0:
                    ax.fill_between(line.x, line.low, line.high, color="C0", alpha=0.2, lw=0)
                ax.plot(line.x, line.y, style, color=f"C{number}", lw=1.3, label=name)
        axes["roc"].legend(fontsize=7, loc="lower right")
    return Path(path)


def folds_figure(
    path: str | Path, kind: str, name: str, model: ModelCurves, *, simulated: bool
) -> Path:
    """One model, a line and its 95 % interval per fold; arguments as `curves_figure`."""
    with _panels(path, f"{name}: {TITLES[kind]}, 95 % intervals", simulated) as axes:
        for fold in range(len(model.held_out)):
            for panel, ax in axes.items():
                line = model.band(panel, fold)
                colour = f"C{fold}"
                ax.fill_between(line.x, line.low, line.high, color=colour, alpha=0.15, lw=0)
                ax.plot(line.x, line.y, color=colour, lw=1.2, label=f"fold {fold + 1}")
        for panel, score in (("roc", "roc_auc"), ("precision_recall", "average_precision")):
            handles, labels = axes[panel].get_legend_handles_labels()
            texts = [
                f"{label}: {_value(fold, score)}"
                for label, fold in zip(labels, model.held_out, strict=True)
            ]
            axes[panel].legend(handles, texts, fontsize=6.5, title=SCORES[score])
    return Path(path)


@contextmanager
def _panels(path: str | Path, title: str, simulated: bool) -> Iterator[dict[str, Axes]]:
    with figure(path, 3.3 * len(PANELS), 3.6) as fig:
        axes = dict(zip(PANELS, fig.subplots(1, len(PANELS)), strict=True))
        for panel, ax in axes.items():
            head, across, up = PANELS[panel]
            ax.set(title=head, xlabel=across, ylabel=up)
        yield axes
        for panel, ax in axes.items():
            if panel == "calibration":
                least, most = ax.dataLim.minpos.min(), max(ax.dataLim.max.max(), 1e-6)
                if not np.isfinite(least):  # no bin of any fold had pixels enough
                    continue
                # Landslides are rare: on straight axes all would lie in one corner.
                ax.plot([least, most], [least, most], ":", color="#999999", lw=0.8)
                ax.set(xscale="log", yscale="log")
            else:
                ax.set(xlim=(0, 1), ylim=(0, None if panel == "precision_recall" else 1))
        fig.suptitle(title_with_source(title, simulated), fontsize=11.5, fontweight="bold")


def _value(fold: FoldScores, score: str) -> str:
    value, between = fold.scores[score], fold.intervals[score]
    if value is None:
        return "undefined"
    return f"{value:.3f}" + (f" ({between[0]:.3f} to {between[1]:.3f})" if between else "")


def class_figure(path: str | Path, classes: str | Path, stack: str | Path) -> Path:
    """The class map over a pale relief."""
    seen: View = open_view(stack)
    with rasterio.open(classes) as src:
        values = src.read(1, out_shape=seen.shape, resampling=Resampling.nearest)
    shown = np.ma.masked_equal(values, NODATA)
    with figure(path, 6.0, map_size(seen, 5.0) + 0.6) as fig:
        ax = fig.subplots()
        draw_backdrop(ax, seen)
        ax.imshow(
            shown,
            extent=seen.extent_km,
            cmap=ListedColormap(list(COLOURS)),
            vmin=-0.5,
            vmax=len(NAMES) - 0.5,
            alpha=0.75,
            interpolation="nearest",
            zorder=1,
        )
        finish_map(ax, seen)
        ax.set_title(title_with_source("Landslide susceptibility", seen.info.simulated))
        keys = [Patch(color=c, label=n) for n, c in zip(NAMES, COLOURS, strict=True)]
        ax.legend(handles=keys[::-1], loc="center left", bbox_to_anchor=(1.01, 0.5))
    return Path(path)
