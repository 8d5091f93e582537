"""The figures of `evaluate`, and the page that holds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_landslide.workflows.scored_pixels import Pixels

if TYPE_CHECKING:
    from keras_landslide.evaluation.assess import Region
    from keras_landslide.evaluation.images import Image


def draw_scores(
    metrics: Mapping[str, Any],
    regions: Mapping[str, Region],
    images: Sequence[Image],
    probability: Path,
    pixels: Pixels,
    out: Path,
) -> list[Path]:
    """Draw maps, curves and the spread over images, and write `report.html`.

    Args:
        metrics: what `metrics.json` holds.
        regions: of `assess`.
        images: of `score_images`.
        probability: the map.
        pixels: which pixels count.
        out: the folder.

    Returns:
        The files written.

    Raises:
        OutputError: the folder cannot be written.
    """
    from keras_landslide.report.figures import (
        ConfusionPanel,
        confusion_map,
        curves_figure,
        images_figure,
        probability_map,
    )
    from keras_landslide.report.score_page import score_page

    model, scene = metrics["model"], metrics["scene"]
    threshold, simulated = metrics["threshold"], metrics["simulated"]
    name, whole = f"{model} over {scene}", regions["all"]
    panel = ConfusionPanel(
        f"{model}, threshold {threshold:.3g}", probability, threshold, whole.scores
    )
    maps, heat = out / "confusion_map.png", out / "probability_map.png"
    title = f"Landslides found and missed: {scene}"
    confusion_map([panel], pixels.stack, maps, title=title, windows=pixels.windows)
    title = f"Landslide probability: {scene}"
    probability_map(probability, pixels.stack, heat, threshold=threshold, title=title)
    figures = [
        maps,
        heat,
        curves_figure(whole.seen, threshold, out / "curves.png", title=name, simulated=simulated),
        images_figure(images, out / "images.png", title=name, simulated=simulated),
    ]
    return [*figures, score_page(metrics, figures, out / "report.html")]
