"""`keras-landslide evaluate`: score a probability map against a stack's label."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from keras_landslide.grid import Grid


@click.command(short_help="score predictions against labels")
@click.option("--probability", type=click.Path(path_type=Path), required=True,
              help="Probability map, as predict writes it.")  # fmt: skip
@click.option("--stack", type=click.Path(path_type=Path), required=True,
              help="Stack with the band label (and cloud) on the same grid.")  # fmt: skip
@click.option("--bundle", type=click.Path(path_type=Path), help="Take the threshold of a bundle.")
@click.option("--threshold", type=click.FloatRange(0, 1),
              help="Decision threshold.  [default: the one noted in the map]")  # fmt: skip
@click.option("--patches", type=click.Path(path_type=Path),
              help="Score only inside patches of this table: those of --split.")  # fmt: skip
@click.option("--split", default="test", show_default=True, help="Split to score with --patches.")
@click.option("--inventory", type=click.Path(path_type=Path),
              help="True landslides as polygons: also score objects.")  # fmt: skip
@click.option("--surveyed", type=click.Path(path_type=Path),
              help="Area that the inventory covers, as polygons.")  # fmt: skip
@click.option("--minimum-area", "minimum_area_m2", type=click.FloatRange(min=0), default=0.0,
              show_default=True, help="Smaller predicted objects do not count, m2.")  # fmt: skip
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True,
              help="Folder for metrics.json and the maps.")  # fmt: skip
def command(**options) -> None:
    """Score a probability map: all pixels, and apart those in the clear and under cloud."""
    from keras_landslide.evaluation.scores import Scores
    from keras_landslide.report.tables import Row, text_table

    if options["bundle"] is not None and options["threshold"] is not None:
        raise click.UsageError("give --bundle or --threshold, not both")
    metrics = evaluate(**options)
    simulated = " (simulated data)" if metrics["simulated"] else ""
    rows = []
    for region, values in metrics["pixels"].items():
        scores = Scores(*(values[key] for key in ("tp", "fp", "fn", "tn")))
        rows.append(Row.of(metrics["model"], metrics["scene"], region, scores))
    click.echo(text_table(rows, f"Scores at threshold {metrics['threshold']:.3g}{simulated}"))
    if objects := metrics.get("objects"):
        click.echo(
            f"landslides: {objects['detected']} of {objects['inventory']} found, "
            f"{objects['correct']} of {objects['predicted']} mapped are true"
        )
    for path in metrics["files"]:
        click.echo(f"wrote {path}")


def evaluate(
    probability: str | Path,
    stack: str | Path,
    out: str | Path,
    *,
    bundle: str | Path | None = None,
    threshold: float | None = None,
    patches: str | Path | None = None,
    split: str = "test",
    inventory: str | Path | None = None,
    surveyed: str | Path | None = None,
    minimum_area_m2: float = 0.0,
    scene: str | None = None,
) -> dict[str, Any]:
    """Score a probability map and draw what was found and missed.

    Args:
        probability: `probability.tif`.
        stack: stack on the same grid with the band `label` and, if known, `cloud`.
        out: folder for `metrics.json`, `confusion_map.png` and `probability_map.png`.
        bundle: take its threshold.
        threshold: decision threshold; with neither, the one noted in the map by `predict`.
        patches: patch table; only pixels in its patches of `split` are scored.
        split: see `patches`.
        inventory: true landslides as polygons, to score objects as well.
        surveyed: polygons of the area that `inventory` covers.
        minimum_area_m2: smaller predicted objects do not count.
        scene: name of the scene; None takes the name of the stack's folder.

    Returns:
        What `metrics.json` holds: `threshold`, `simulated`, `model`, `scene`, `pixels` (counts
        and scores of `all`, and of `clear` and `cloud` where the stack has a cloud mask),
        `objects`, `split`; and `files`, the paths written.

    Raises:
        BundleError: no threshold is known.
        SplitError: the table has no patch of `split`.
        BandError, GridMismatchError, NodataError, InputFileError: the map cannot be scored.
        OutputError: the folder cannot be written.
    """
    from keras_landslide.errors import BundleError
    from keras_landslide.evaluation.maps import score_maps
    from keras_landslide.evaluation.objects import score_objects
    from keras_landslide.files import write_json
    from keras_landslide.inference.bundle import read_bundle
    from keras_landslide.rasters.read import stack_info
    from keras_landslide.report.figures import ConfusionPanel, confusion_map, probability_map

    out, probability = Path(out), Path(probability)
    predicted, truth = stack_info(probability), stack_info(stack)
    if threshold is None and bundle is not None:
        threshold = read_bundle(bundle).threshold
    if threshold is None:
        if "THRESHOLD" not in predicted.tags:
            raise BundleError(
                f"{probability}: notes no threshold; give --bundle or --threshold (0.5 is not "
                "assumed)"
            )
        threshold = float(predicted.tags["THRESHOLD"])
    windows = None if patches is None else _windows(patches, split, truth.grid)
    scores = score_maps(probability, stack, threshold, windows=windows)
    model = predicted.tags.get("BUNDLE", probability.stem)
    scene = scene or Path(stack).resolve().parent.name
    metrics: dict[str, Any] = {
        "threshold": threshold,
        "simulated": predicted.simulated or truth.simulated,
        "model": model,
        "scene": scene,
        "split": None if patches is None else split,
        "pixels": {region: each.to_dict() for region, each in scores.items()},
    }
    figure = out / "confusion_map.png"
    panel = ConfusionPanel(
        f"{model}, threshold {threshold:.3g}", probability, threshold, scores["all"]
    )
    confusion_map(
        [panel], stack, figure, title=f"Landslides found and missed: {scene}", windows=windows
    )
    heat = out / "probability_map.png"
    title = f"Landslide probability: {scene}"
    probability_map(probability, stack, heat, threshold=threshold, title=title)
    if inventory is not None:
        metrics["objects"] = score_objects(
            probability,
            inventory,
            threshold,
            out / "metrics.json",
            surveyed=surveyed,
            minimum_area_m2=minimum_area_m2,
        )
    write_json(out / "metrics.json", metrics)
    return {**metrics, "files": [out / "metrics.json", figure, heat]}


def _windows(patches: str | Path, split: str, grid: Grid) -> list:
    """The windows of the patches of a split, made for a stack on `grid`."""
    from keras_landslide.errors import SplitError
    from keras_landslide.patches.table import read_patches

    table = read_patches(patches, grid)
    windows = [patch.window for patch in table if patch.split == split]
    if not windows:
        choices = ", ".join(sorted({patch.split for patch in table}))
        raise SplitError(f"{patches}: has no patch of split '{split}'; it has: {choices}")
    return windows
