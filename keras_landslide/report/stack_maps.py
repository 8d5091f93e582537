"""Maps of the input: the bands of a stack, and its patches by split."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch as LegendPatch

from keras_landslide.bands import band_of
from keras_landslide.patches.table import Patch, read_patches
from keras_landslide.report.canvas import (
    draw_backdrop,
    figure,
    finish_map,
    map_size,
    title_with_source,
)
from keras_landslide.report.view import View, open_view

LANDSLIDE = "#C1272D"
SPLITS = {
    "train": "#0072B2",
    "val": "#E69F00",
    "test": "#009E73",
    "buffer": "#888888",
    "unused": "#BBBBBB",
}
# Without the dark blue end, which reads as water.
EARTH = ListedColormap(colormaps["gist_earth"](np.linspace(0.3, 0.98, 256)))
COLOUR_MAPS: dict[str, Any] = {
    "elevation": EARTH,
    "slope": "magma_r",
    "aspect": "twilight",
    "ndvi": "YlGn",
    "vv_pre": "gray",
    "vv_post": "gray",
}
BELOW = (0.1, -0.07, 0.8, 0.035)
"""Where a panel's colour bar lies, in axes fractions."""
CLOUD_CLASSES = ((1.0, "cloud", "#7FB2E5"), (2.0, "shadow", "#4B4F8A"))


def bands_overview(stack: str | Path, out: str | Path, *, title: str = "Bands") -> Path:
    """Draw a panel per band: natural colour first, label and cloud over the relief.

    Raises:
        InputFileError: the stack cannot be read.
        OutputError: `out` cannot be written.
    """
    view = open_view(stack, max_side_px=700)
    visible = ("red", "green", "blue")
    names = list(view.info.band_names)
    panels = ["natural colour"] if view.has(*visible) else []
    panels += [name for name in names if not (panels and name in visible)]
    rows = math.ceil(len(panels) / 5)
    columns = math.ceil(len(panels) / rows)
    size = 2.9
    with figure(out, size * columns, rows * (map_size(view, size * 0.92) + 0.55) + 0.35) as fig:
        axes = fig.subplots(rows, columns, squeeze=False, gridspec_kw={"hspace": 0.14}).ravel()
        for ax, name in zip(axes, panels, strict=False):
            if name == "natural colour":
                _draw_natural(ax, view)
            elif name in ("label", "cloud"):
                _draw_classes(ax, view, name)
            else:
                _draw_band(fig, ax, view, name)
        for ax in axes[len(panels) :]:
            ax.set_axis_off()
        fig.suptitle(title_with_source(title, view.info.simulated), fontsize=11.5, weight="bold")
    return Path(out)


def patches_map(
    stack: str | Path,
    patches: Sequence[Patch] | str | Path,
    out: str | Path,
    *,
    title: str = "Patches",
) -> Path:
    """Draw the windows, coloured by split, over relief and label.

    Args:
        stack: that the patches were cut from.
        patches: the windows, or the path of their table.
        out: PNG file.
        title: above the map.

    Raises:
        InputFileError: the stack or the table cannot be read.
        OutputError: `out` cannot be written.
    """
    if isinstance(patches, (str, Path)):
        patches = read_patches(patches)
    view = open_view(stack)
    with figure(out, 6.2, map_size(view, 6.2) + 0.7) as fig:
        ax = fig.subplots()
        draw_backdrop(ax, view)
        if view.has("label"):
            ax.imshow(
                np.ma.masked_not_equal(view.band("label"), 1),
                extent=view.extent_km,
                cmap=ListedColormap([LANDSLIDE]),
                interpolation="nearest",
                zorder=3.5,
            )
        handles = [LegendPatch(color=LANDSLIDE, label="landslide")]
        for split, colour in SPLITS.items():
            chosen = [patch for patch in patches if patch.split == split]
            if chosen:
                _draw_windows(ax, view, chosen, colour, filled=split in ("train", "val", "test"))
                handles.append(
                    LegendPatch(facecolor=colour, alpha=0.6, label=f"{split} ({len(chosen)})")
                )
        finish_map(ax, view)
        ax.set_title(title_with_source(title, view.info.simulated), fontsize=11)
        fig.legend(handles=handles, loc="outside lower center", ncols=3)
    return Path(out)


def _draw_windows(
    ax: Axes, view: View, patches: Sequence[Patch], colour: str, *, filled: bool
) -> None:
    transform = view.info.grid.transform
    outlines = []
    for patch in patches:
        w = patch.window
        corners = [
            (w.col_off, w.row_off),
            (w.col_end, w.row_off),
            (w.col_end, w.row_end),
            (w.col_off, w.row_end),
        ]
        outlines.append([np.array(transform @ corner) / 1000 for corner in corners])
    if filled:
        # Overlapping windows would add up to an opaque sheet: keep one window's fill faint.
        ax.add_collection(PolyCollection(outlines, facecolors=colour, alpha=0.10, zorder=3))
    ax.add_collection(
        PolyCollection(
            outlines,
            facecolors="none",
            edgecolors=colour,
            linewidths=0.9 if filled else 0.4,
            zorder=4 if filled else 3,
        )
    )


def _draw_natural(ax: Axes, view: View) -> None:
    image = view.read(("red", "green", "blue"))
    known = np.isfinite(image).all(axis=-1)
    # Clouds are several times brighter than the ground, which they would leave black.
    ground = known & (view.band("cloud") == 0) if view.has("cloud") else known
    if ground.any():
        low, high = np.percentile(image[ground], [0.5, 99.5], axis=0)
        image = np.clip((image - low) / np.maximum(high - low, 1e-9), 0, 1) ** 0.75
    ax.imshow(np.dstack([np.nan_to_num(image), known]), extent=view.extent_km)
    ax.set_title("natural colour", fontsize=9)
    _plain(ax)


def _draw_band(fig: Figure, ax: Axes, view: View, name: str) -> None:
    values = view.band(name)
    known = values[~np.isnan(values)]
    tails = [0.2, 99.8] if name == "elevation" else [2, 98]
    known = known[np.isfinite(known)]
    low, high = np.percentile(known, tails) if known.size else (0.0, 1.0)
    colours = COLOUR_MAPS.get(name, "viridis")
    if "curvature" in name:
        high = max(abs(low), abs(high))
        low, colours = -high, "RdBu_r"
    shown = ax.imshow(values, extent=view.extent_km, cmap=colours, vmin=low, vmax=high)
    bar = fig.colorbar(shown, cax=ax.inset_axes(BELOW), orientation="horizontal")
    bar.ax.tick_params(labelsize=6.5, length=2)
    bar.outline.set_linewidth(0.4)
    unit = next(b.unit for b in view.info.bands if b.name == name)
    unit = unit or band_of(name).unit
    ax.set_title(f"{name}, {unit}" if unit and unit != "1" else name, fontsize=9)
    _plain(ax)


def _draw_classes(ax: Axes, view: View, name: str) -> None:
    draw_backdrop(ax, view)
    values = view.band(name)
    classes = ((1.0, "landslide", LANDSLIDE), (255.0, "unlabelled", "#DDDDDD"))
    handles = []
    for value, text, colour in CLOUD_CLASSES if name == "cloud" else classes:
        if (values == value).any():
            ax.imshow(
                np.ma.masked_not_equal(values, value),
                extent=view.extent_km,
                cmap=ListedColormap([colour]),
                interpolation="nearest",
                zorder=2,
            )
            handles.append(LegendPatch(color=colour, label=text))
    ax.set_title(name, fontsize=9)
    if handles:
        ax.legend(
            handles=handles,
            loc="upper center",
            bbox_to_anchor=(0.5, 0.0),
            ncols=len(handles),
            fontsize=7.5,
            borderaxespad=0.3,
        )
    _plain(ax)


def _plain(ax: Axes) -> None:
    ax.set(xticks=[], yticks=[])
    for spine in ax.spines.values():
        spine.set_visible(True)
