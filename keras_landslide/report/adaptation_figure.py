"""What a few labelled patches of a new place are worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from keras_landslide.report.canvas import figure, title_with_source

BEFORE, NORMALISED, TUNED = "#555555", "#E69F00", "#0072B2"


def adaptation_figure(
    rows: Sequence[Mapping[str, Any]], out: str | Path, *, title: str, simulated: bool = False
) -> Path:
    """Draw F1 against the number of labelled patches; bars are intervals over blocks.

    Args:
        rows: of `adapt.json`: `remedy`, `patches`, `draw`, `f1`, `interval`.
        out: PNG file.
        title: of the figure.
        simulated: whether the data are.

    Raises:
        OutputError: `out` cannot be written.
    """
    with figure(out, 6.4, 3.8) as fig:
        ax = fig.subplots()
        drawn = [row for row in rows if row["f1"] is not None]
        ticks: dict[int, str] = {0: "0"}
        places = sorted({row["patches"] for row in drawn})
        for row in drawn:
            place = places.index(row["patches"])
            ticks[place] = str(row["patches"])
            colour, shift = BEFORE, -0.06
            if row["remedy"] == "normalisation":
                colour, shift = NORMALISED, 0.06
            elif row["patches"]:
                colour, shift = TUNED, 0.09 * row["draw"]
            low, high = row["interval"] or (row["f1"], row["f1"])
            bars = [[max(row["f1"] - low, 0)], [max(high - row["f1"], 0)]]
            label = row["remedy"] if row["draw"] == 0 else None
            ax.errorbar(place + shift, row["f1"], yerr=bars, fmt="o", color=colour, markersize=4,
                        capsize=2, linewidth=1, label=label)  # fmt: skip
        before = next((row["f1"] for row in drawn if row["remedy"] == "before"), None)
        if before is not None:
            ax.axhline(before, color=BEFORE, linestyle=(0, (4, 3)), linewidth=0.7)
        ax.set_xticks(list(ticks), list(ticks.values()))
        ax.set(xlabel="labelled patches of the new place", ylabel="F1 on its test blocks")
        handles, labels = ax.get_legend_handles_labels()
        unique = dict(zip(labels, handles, strict=True))
        ax.legend(unique.values(), unique.keys(), loc="lower right")
        ax.set_title(title_with_source(title, simulated))
    return Path(out)
