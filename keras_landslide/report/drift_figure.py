"""A new stack's bands beside the training values of a bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from keras_landslide.evaluation.drift import LEVELS, BandDrift
from keras_landslide.report.canvas import figure, title_with_source

COLOURS = ("#009E73", "#E69F00", "#D55E00")
FAR = 20
"""Beyond so many deviations, as bands in other units have, the axis is logarithmic."""


def drift_figure(
    drifts: Sequence[BandDrift],
    ranges: Mapping[str, Mapping[str, float]],
    out: str | Path,
    *,
    title: str,
    simulated: bool = False,
) -> Path:
    """Draw mean and standard deviation per band in units of the training's deviation.

    Grey is the training's 1st to 99th percentile; the new stack's mean and one standard
    deviation to either side are coloured by how unlike training the band is.

    Raises:
        OutputError: `out` cannot be written.
    """
    with figure(out, 7.0, 1.4 + 0.42 * len(drifts)) as fig:
        ax = fig.subplots()
        for place, drift in enumerate(drifts):
            trained = ranges[drift.name]
            scale = max(trained["std"], 1e-12)
            low, high = ((trained[key] - trained["mean"]) / scale for key in ("p01", "p99"))
            ax.barh(place, high - low, left=low, height=0.6, color="#DDDDDD", zorder=1)
            ax.errorbar(
                drift.shift,
                place,
                xerr=drift.spread,
                fmt="o",
                color=COLOURS[drift.level],
                capsize=3,
                zorder=2,
            )
            text = f"{drift.outside:.0%} outside, {LEVELS[drift.level]}"
            where = ax.get_yaxis_transform()
            ax.text(1.02, place, text, transform=where, va="center", fontsize=7.5)
        ax.axvline(0, color="#555555", linewidth=0.6)
        if max(abs(drift.shift) + drift.spread for drift in drifts) > FAR:
            ax.set_xscale("symlog", linthresh=1)
        ax.set_yticks(range(len(drifts)), [drift.name for drift in drifts])
        ax.invert_yaxis()
        ax.set_xlabel("difference from the training mean, training standard deviations")
        ax.set_title(title_with_source(title, simulated))
    return Path(out)
