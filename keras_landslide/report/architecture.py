"""A network drawn as its stages: resolution downwards, the order of computation to the right."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle

from keras_landslide.files import replacing
from keras_landslide.models.stages import Stage
from keras_landslide.report.canvas import LOOK

STEP, WIDTH, ROW, HEIGHT = 1.0, 0.8, 1.0, 0.52
COLOURS = {"image": "#e8e8e8", "down": "#bcd7ee", "same": "#d9e8d0", "up": "#f6d9b5"}


def draw_architecture(stages: Sequence[Stage], path: str | Path, title: str) -> None:
    """Write an SVG of a network's stages.

    Each box names a stage, its channels and its share of all multiply-adds; rows are resolutions,
    halved from one to the next. Blue stages lower the resolution, orange ones raise it.

    Raises:
        OutputError: the file cannot be written.
    """
    rows = [math.log2(stages[0].height / stage.height) for stage in stages]
    levels = {row: i for i, row in enumerate(sorted(set(rows)))}
    heights = [-levels[row] * ROW for row in rows]
    # A hash salt and no date, so that the same network gives the same bytes.
    with mpl.rc_context({**LOOK, "svg.fonttype": "none", "svg.hashsalt": title}):
        width, height = 0.95 * len(stages) + 0.9, 0.9 * len(levels) + 0.6
        figure = Figure(figsize=(width, height))
        axes = figure.add_axes((0, 0, 1, 1))
        total = sum(stage.multiply_adds for stage in stages) or 1
        for x, (stage, y) in enumerate(zip(stages, heights, strict=True)):
            _box(axes, x * STEP, y, stage, stage.multiply_adds / total, _kind(stages, x))
            for source in stage.sources:
                _arrow(axes, source, heights[source], x, y)
        for row, i in levels.items():
            side = stages[rows.index(row)].height
            axes.text(-0.75, -i * ROW, f"{side} px", ha="center", va="center", color="#777777")
        axes.set(xlim=(-1.1, len(stages) * STEP - 0.4), ylim=(-len(levels) * ROW + 0.4, 0.75))
        axes.text(-1.0, 0.55, title, fontsize=9, fontweight="bold", va="center")
        axes.set_axis_off()
        with replacing(path) as part:
            figure.savefig(part, format="svg", metadata={"Date": None, "Creator": None})


def _kind(stages: Sequence[Stage], x: int) -> str:
    if not stages[x].sources:
        return "image"
    before = [stages[source].height for source in stages[x].sources]
    height = stages[x].height
    return "up" if min(before) < height else "down" if max(before) > height else "same"


def _box(axes: Axes, x: float, y: float, stage: Stage, share: float, kind: str) -> None:
    corner = (x - WIDTH / 2, y - HEIGHT / 2)
    axes.add_patch(
        Rectangle(corner, WIDTH, HEIGHT, facecolor=COLOURS[kind], edgecolor="#555555", lw=0.7)
    )
    name = stage.name if len(stage.name) <= 13 else re.sub("[_ ]", "\n", stage.name, count=1)
    text = f"{stage.channels}" + (f" · {share:.0%}" if share >= 0.005 else "")
    axes.text(x, y + 0.09, name, ha="center", va="center", fontsize=6.8, linespacing=0.9)
    axes.text(x, y - 0.16, text, ha="center", va="center", fontsize=6.8, color="#333333")


def _arrow(axes: Axes, source: int, y0: float, target: int, y1: float) -> None:
    neighbours = target == source + 1
    over = y0 == y1 and not neighbours
    style: Any = {
        "arrowstyle": "-|>",
        "mutation_scale": 6,
        "lw": 0.8,
        "color": "#444444" if neighbours else "#8a5a9e",
        "shrinkA": 0,
        "shrinkB": 0,
    }
    if over:
        # Along its own row, above boxes that may lie between.
        lift = HEIGHT / 2
        start, end = (source * STEP, y0 + lift), (target * STEP, y1 + lift)
        bend = -min(0.28, 0.9 / (target - source))
        axes.add_patch(FancyArrowPatch(start, end, connectionstyle=f"arc3,rad={bend}", **style))
        return
    start = (source * STEP + WIDTH / 2, y0)
    end = (target * STEP - WIDTH / 2, y1)
    axes.add_patch(FancyArrowPatch(start, end, **style))
