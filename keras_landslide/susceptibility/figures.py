"""Figures of a study: rate curves and the class map."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import rasterio
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
from keras_landslide.susceptibility.classes import NAMES, NODATA
from keras_landslide.susceptibility.mapping import COLOURS

TITLES = {
    "rows": "held-out strips of rows",
    "columns": "held-out strips of columns",
    "blocks": "held-out small blocks",
}


def rate_figure(path: str | Path, curves: dict[str, dict[str, Any]], *, simulated: bool) -> Path:
    """Prediction-rate curves: share of the map, the most susceptible first, against landslides.

    Args:
        path: PNG to write.
        curves: by way of holding out and model, from `scores.rate_curve`.
        simulated: said in the title.
    """
    with figure(path, 4.2 * len(curves), 3.8) as fig:
        axes = fig.subplots(1, len(curves), squeeze=False)[0]
        for ax, (kind, by_model) in zip(axes, curves.items(), strict=True):
            for number, (name, (area, caught)) in enumerate(by_model.items()):
                style = "--" if name in ("random_forest", "gradient_boosting") else "-"
                ax.plot(area, caught, style, color=f"C{number}", linewidth=1.3, label=name)
            ax.set(
                xlabel="share of the area, most susceptible first",
                ylabel="share of the landslide pixels",
                xlim=(0, 1),
                ylim=(0, 1),
                title=title_with_source(TITLES[kind], simulated),
            )
        axes[0].legend(fontsize=7, loc="lower right")
    return Path(path)


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
