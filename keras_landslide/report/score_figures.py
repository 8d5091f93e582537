"""Figures of scores: precision-recall, ROC, reliability, and the spread over images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from keras_landslide.evaluation.calibration import ece, reliability
from keras_landslide.evaluation.distribution import Distribution
from keras_landslide.evaluation.images import Image
from keras_landslide.evaluation.ranking import average_precision, curve, roc_auc
from keras_landslide.evaluation.thresholds import scores_at
from keras_landslide.report.canvas import figure, title_with_source

LINE, MARK, PALE = "#0072B2", "#D55E00", "#999999"
MOST_POINTS = 2000
HISTOGRAM_BINS = np.linspace(0, 1, 21)
GOOD = 0.8


def curves_figure(
    seen: Distribution, threshold: float, out: str | Path, *, title: str, simulated: bool = False
) -> Path:
    """Draw precision against recall, ROC and reliability side by side; the threshold is marked.

    Curves that are undefined (a class is missing) are left out, and the panel says so.

    Raises:
        OutputError: `out` cannot be written.
    """
    with figure(out, 10.5, 3.8) as fig:
        left, middle, right = fig.subplots(1, 3)
        _precision_recall(left, seen, threshold)
        _roc(middle, seen, threshold)
        _reliability(right, seen)
        for ax in (left, middle, right):
            ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
            ax.grid(color="#E5E5E5", linewidth=0.6)
        fig.suptitle(title_with_source(title, simulated), fontsize=11.5, fontweight="bold")
    return Path(out)


def images_figure(
    images: Sequence[Image], out: str | Path, *, title: str, simulated: bool = False
) -> Path:
    """Draw how many images reach which mean IoU and which landslide F1.

    The left panel is that of Fig. 8 of Li et al. 2024.

    Raises:
        OutputError: `out` cannot be written.
    """
    with figure(out, 7.6, 3.4) as fig:
        for ax, name, text in zip(
            fig.subplots(1, 2), ("mean_iou", "f1"), ("mean IoU", "landslide F1"), strict=True
        ):
            values = [getattr(image.scores, name) for image in images]
            known = np.array([value for value in values if value is not None])
            ax.hist(known, HISTOGRAM_BINS, color=LINE, edgecolor="white", linewidth=0.6)
            if known.size:
                ax.axvline(known.mean(), color=MARK, linewidth=1.2)
                share = (known >= GOOD).mean()
                ax.set_title(f"{text}: mean {known.mean():.3f}, {share:.0%} reach {GOOD}")
            else:
                ax.set_title(f"{text}: undefined in every image")
            missing = len(values) - known.size
            beside = f" (undefined in {missing})" if missing else ""
            ax.set(xlim=(0, 1), xlabel=f"{text} of an image{beside}", ylabel="images")
        fig.suptitle(title_with_source(title, simulated), fontsize=11.5, fontweight="bold")
    return Path(out)


def _precision_recall(ax: Axes, seen: Distribution, threshold: float) -> None:
    ax.set(xlabel="recall", ylabel="precision")
    area = average_precision(seen)
    if area is None:
        ax.set_title("precision-recall: no landslide")
        return
    _, tp, fp = _thinned(seen)
    ax.step(tp / seen.positives, tp / (tp + fp), where="pre", color=LINE, linewidth=1.5)
    ax.axhline(seen.positives / seen.total, color=PALE, linestyle=(0, (4, 3)), linewidth=0.8)
    at = scores_at(seen, threshold)
    if at.precision is not None and at.recall is not None:
        ax.plot(at.recall, at.precision, "o", color=MARK, markersize=5)
    ax.set_title(f"average precision {area:.3f}")


def _roc(ax: Axes, seen: Distribution, threshold: float) -> None:
    ax.set(xlabel="false alarm rate", ylabel="recall")
    area = roc_auc(seen)
    if area is None:
        ax.set_title("ROC: one class only")
        return
    _, tp, fp = _thinned(seen)
    x, y = np.r_[0, fp] / seen.negatives, np.r_[0, tp] / seen.positives
    ax.plot(x, y, color=LINE, linewidth=1.5)
    ax.plot([0, 1], [0, 1], color=PALE, linestyle=(0, (4, 3)), linewidth=0.8)
    at = scores_at(seen, threshold)
    ax.plot(at.fp / seen.negatives, at.tp / seen.positives, "o", color=MARK, markersize=5)
    ax.set_title(f"area under ROC {area:.3f}")


def _reliability(ax: Axes, seen: Distribution) -> None:
    said, so, pixels = reliability(seen)
    used = pixels > 0
    sizes = 8 + 60 * pixels[used] / max(pixels.max(), 1)
    ax.plot([0, 1], [0, 1], color=PALE, linestyle=(0, (4, 3)), linewidth=0.8)
    ax.plot(said[used], so[used], color=LINE, linewidth=1)
    ax.scatter(said[used], so[used], sizes, color=LINE, zorder=3)
    error = ece(seen)
    ax.set_title("reliability" if error is None else f"reliability, ECE {error:.4f}")
    ax.set(xlabel="mean probability", ylabel="share of landslide")


def _thinned(seen: Distribution) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The curve at not more points than a figure resolves, both ends kept."""
    threshold, tp, fp = curve(seen)
    keep = np.unique(np.linspace(0, len(tp) - 1, min(len(tp), MOST_POINTS)).astype(int))
    return threshold[keep], tp[keep], fp[keep]
