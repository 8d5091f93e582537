"""Reliability before and after a calibration."""

from __future__ import annotations

from pathlib import Path

from keras_landslide.evaluation.calibration import ece, reliability
from keras_landslide.evaluation.distribution import Distribution
from keras_landslide.report.canvas import figure, title_with_source

BEFORE, AFTER, PALE = "#999999", "#0072B2", "#BBBBBB"


def calibration_figure(
    before: Distribution,
    after: Distribution,
    out: str | Path,
    *,
    title: str,
    simulated: bool = False,
) -> Path:
    """Draw the share of landslide against the mean probability of 15 bins, before and after.

    Raises:
        OutputError: `out` cannot be written.
    """
    with figure(out, 4.6, 4.4) as fig:
        ax = fig.subplots()
        ax.plot([0, 1], [0, 1], color=PALE, linestyle=(0, (4, 3)), linewidth=0.8)
        for seen, colour, name in ((before, BEFORE, "as predicted"), (after, AFTER, "calibrated")):
            said, so, pixels = reliability(seen)
            used = pixels > 0
            label = f"{name}, ECE {ece(seen):.4f}"
            ax.plot(said[used], so[used], "o-", color=colour, markersize=4, label=label)
        ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
        ax.set(xlabel="mean probability", ylabel="share of landslide")
        ax.legend(loc="upper left", frameon=False)
        ax.set_title(title_with_source(title, simulated))
    return Path(out)
