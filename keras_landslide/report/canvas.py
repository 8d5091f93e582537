"""What all figures share: a look, saving, and the furniture of a map."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LightSource
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from keras_landslide.files import replacing
from keras_landslide.report.view import View

SIMULATED = "simulated data"
LEARNT_SIMULATED = "model trained on simulated data"

LOOK: Any = {
    "font.family": "sans-serif",
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": "#555555",
    "axes.linewidth": 0.6,
    "axes.labelcolor": "#333333",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "xtick.color": "#555555",
    "ytick.color": "#555555",
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "savefig.dpi": 130,
    "text.parse_math": False,  # a $ in a name is a dollar
}


@contextmanager
def figure(path: str | Path, width: float, height: float) -> Iterator[Figure]:
    """Yield an empty figure of so many inches and write it to `path` (PNG) at the end.

    No pyplot: nothing is registered globally, and no display is needed.

    Raises:
        OutputError: the file cannot be written.
    """
    with mpl.rc_context(LOOK):
        fig = Figure(figsize=(width, height), layout="constrained")
        yield fig
        with replacing(path) as part:
            # Without the version stamp the same figure has the same bytes on every machine.
            fig.savefig(part, format="png", metadata={"Software": None})


def title_with_source(title: str, simulated: bool, learnt_simulated: bool = False) -> str:
    """The title, saying so where the data, or those that the model learnt from, are simulated."""
    if simulated:
        return f"{title} ({SIMULATED})"
    return f"{title} ({LEARNT_SIMULATED})" if learnt_simulated else title


def map_size(view: View, width: float) -> float:
    """Height in inches of a map `width` inches wide."""
    return width * view.shape[0] / view.shape[1]


def draw_backdrop(ax: Axes, view: View) -> None:
    """Lay a pale relief under a map: hillshade, else slope, else brightness, else nothing."""
    shade = relief(view)
    if shade is not None:
        # Pale, so that thematic colours over it keep their hue.
        ax.imshow(shade, extent=view.extent_km, cmap="gray", vmin=-0.9, vmax=1.0, zorder=0)


def relief(view: View) -> np.ndarray | None:
    """Shaded relief float (height, width) in [0, 1], NaN for missing; None without a band for it.

    Light from the north-west at 45 degrees, with the heights exaggerated less on steep terrain.
    """
    if view.has("elevation"):
        elevation = view.band("elevation")
        known = ~np.isnan(elevation)
        if not known.any():
            return None
        filled = np.where(known, elevation, elevation[known].mean())
        dy, dx = view.pixel_size
        shade = LightSource(315, 45).hillshade(filled, vert_exag=1.0, dx=dx, dy=dy)
        return np.where(known, shade, np.nan)
    if view.has("slope"):
        return np.clip(1 - view.band("slope") / 60, 0, 1)
    if view.has("red", "green", "blue"):
        grey = view.read(("red", "green", "blue")).mean(axis=-1)
        return stretch(grey)
    return None


def stretch(values: np.ndarray, low: float = 2, high: float = 98) -> np.ndarray:
    """Values scaled so that two percentiles become 0 and 1, clipped; NaN stays."""
    known = values[np.isfinite(values)]
    if not known.size:
        return values
    bottom, top = np.percentile(known, [low, high])
    return np.clip((values - bottom) / max(top - bottom, 1e-9), 0, 1)


def finish_map(ax: Axes, view: View, *, labels: bool = True) -> None:
    """Frame, coordinates in km, scale bar and north arrow."""
    left, right, bottom, top = view.extent_km
    ax.set(xlim=(left, right), ylim=(bottom, top), aspect="equal")
    for spine in ax.spines.values():
        spine.set_visible(True)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(4))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.tick_params(length=2.5, width=0.6)
    ax.yaxis.set_tick_params(rotation=90)
    if labels:
        ax.set_xlabel(f"easting, km ({view.crs_name})", fontsize=7.5)
        ax.set_ylabel("northing, km", fontsize=7.5)
    else:
        ax.set(xticks=[], yticks=[])
    _scale_bar(ax, right - left)
    _north_arrow(ax)


def _scale_bar(ax: Axes, width_km: float) -> None:
    """Two boxes, black and white, of a round length of about a quarter of the map."""
    target = width_km / 4
    magnitude = 10 ** math.floor(math.log10(target))
    length = max(step for step in (1, 2, 5, 10) if step * magnitude <= target * 1.001) * magnitude
    box: dict[str, Any] = {
        "transform": ax.transAxes,
        "zorder": 9,
        "edgecolor": "black",
        "linewidth": 0.6,
    }
    part = length / width_km / 2
    x, y = 0.045, 0.035
    plate = Rectangle(
        (x - 0.02, y - 0.018),
        2 * part + 0.04,
        0.075,
        transform=ax.transAxes,
        facecolor="white",
        alpha=0.8,
        zorder=8,
        linewidth=0,
    )
    ax.add_patch(plate)
    ax.add_patch(Rectangle((x, y), part, 0.011, facecolor="black", **box))
    ax.add_patch(Rectangle((x + part, y), part, 0.011, facecolor="white", **box))
    text = f"{length:g} km" if length >= 1 else f"{length * 1000:g} m"
    ax.text(x + part, y + 0.018, text, transform=ax.transAxes, ha="center", fontsize=7.5, zorder=9)


def _north_arrow(ax: Axes) -> None:
    ax.annotate(
        "N",
        xy=(0.945, 0.97),
        xytext=(0.945, 0.875),
        xycoords="axes fraction",
        ha="center",
        va="center",
        fontsize=8.5,
        fontweight="bold",
        zorder=9,
        arrowprops={"arrowstyle": "-|>", "color": "black", "linewidth": 1.2, "shrinkB": 0},
        bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "alpha": 0.8, "linewidth": 0},
    )
