"""`keras-landslide evaluate`: score a probability map against a stack's label."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from keras_landslide.cli.options import FiniteRange

if TYPE_CHECKING:
    from keras_landslide.rasters.read import StackInfo


@click.command(short_help="score predictions against labels")
@click.option("--probability", type=click.Path(path_type=Path), required=True,
              help="Probability map, as predict writes it.")  # fmt: skip
@click.option("--stack", type=click.Path(path_type=Path), required=True,
              help="Stack with the band label (and cloud) on the same grid.")  # fmt: skip
@click.option("--bundle", type=click.Path(path_type=Path), help="Take the threshold of a bundle.")
@click.option("--threshold", type=FiniteRange(0, 1),
              help="Decision threshold.  [default: the one noted in the map]")  # fmt: skip
@click.option("--patches", type=click.Path(path_type=Path),
              help="Score only inside patches of this table: those of --split.")  # fmt: skip
@click.option("--split", default="test", show_default=True, help="Split to score with --patches.")
@click.option("--inventory", type=click.Path(path_type=Path),
              help="True landslides as polygons: also score objects.")  # fmt: skip
@click.option("--surveyed", type=click.Path(path_type=Path),
              help="Area that the inventory covers, as polygons.")  # fmt: skip
@click.option("--minimum-area", "minimum_area_m2", type=FiniteRange(min=0), default=0.0,
              show_default=True, help="Smaller predicted objects do not count, m2.")  # fmt: skip
@click.option("--image-model",
              help="Score only where the stack has these bands, so that models of fewer bands "
              "are scored on the same pixels.")  # fmt: skip
@click.option("--against", type=click.Path(path_type=Path),
              help="Map of another model: paired difference on common pixels.")  # fmt: skip
@click.option("--block", "block_px", type=click.IntRange(min=1), default=64, show_default=True,
              help="Edge of the spatial blocks that intervals draw, pixels.")  # fmt: skip
@click.option("--calibration-split",
              help="Split of --patches to choose thresholds and calibration on.")  # fmt: skip
@click.option("--seed", default=0, show_default=True, help="Of the drawn blocks.")
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True,
              help="Folder for report.html, metrics.json, tables and figures.")  # fmt: skip
def command(**options) -> None:
    """Score a probability map: all pixels, and apart those in the clear and under cloud."""
    from keras_landslide.counts import Scores
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
    for name, each in metrics.get("compared", {}).get("differences", {}).items():
        if each is not None:
            low, high = each["interval"]
            click.echo(f"{name}: {each['difference']:+.4f} ({low:+.4f} to {high:+.4f}) against "
                       f"{metrics['compared']['model']}")  # fmt: skip
    if "calibration_verdict" in metrics:
        click.echo(metrics["calibration_verdict"])
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
    image_model: str | None = None,
    against: str | Path | None = None,
    block_px: int = 64,
    calibration_split: str | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Score a probability map, and draw and report what was found and missed.

    Args:
        probability: `probability.tif`.
        stack: stack on the same grid with the band `label` and, if known, `cloud`.
        out: folder for the files.
        bundle: take its threshold.
        threshold: decision threshold; with neither, the one noted in the map by `predict`.
        patches: patch table; only pixels in its patches of `split` are scored.
        split: see `patches`.
        inventory: true landslides as polygons, to score objects as well.
        surveyed: polygons of the area that `inventory` covers.
        minimum_area_m2: smaller predicted objects do not count.
        scene: name of the scene; None takes the name in the stack, else that of its folder.
        image_model: score only pixels where the stack has all its bands; a name or a list of
            bands, see `bands.image_model_bands`.
        against: map of another model with its own threshold noted in it; both are scored where
            both have a value.
        block_px: edge of the spatial blocks that intervals are made from, pixels.
        calibration_split: split of `patches` to choose thresholds and calibration on.
        seed: of the bootstrap.

    Returns:
        What `metrics.json` holds: `threshold`, `simulated`, `model`, `scene`, `split`, `pixels`
        (of `all`, and of `clear` and `cloud` where the stack has a cloud mask), `per_image`,
        `objects`, `compared`, `thresholds`, `calibration`, `definitions`; and `files`, the paths
        written.

    Raises:
        BundleError: no threshold is known.
        SplitError: the table has no patch of `split` or of `calibration_split`, the latter is the
            scored one, or there is no table.
        UnknownNameError: there is no such image model.
        BandError, GridMismatchError, NodataError, InputFileError: the map cannot be scored.
        OutputError: the folder cannot be written.
    """
    from keras_landslide.bands import image_model_bands
    from keras_landslide.cli.scoring import Pixels, calibrate, compare, patch_windows
    from keras_landslide.evaluation.assess import assess
    from keras_landslide.evaluation.definitions import DEFINITIONS
    from keras_landslide.evaluation.images import image_rows, mean_per_image, score_images
    from keras_landslide.evaluation.object_table import object_lines
    from keras_landslide.evaluation.objects import score_objects
    from keras_landslide.files import write_json
    from keras_landslide.patches.table import read_tags
    from keras_landslide.rasters.read import stack_info
    from keras_landslide.report.figures import (
        ConfusionPanel,
        confusion_map,
        curves_figure,
        images_figure,
        probability_map,
    )
    from keras_landslide.report.score_page import score_page
    from keras_landslide.report.tables import write_csv

    out, probability = Path(out), Path(probability)
    predicted, truth = stack_info(probability), stack_info(stack)
    threshold = _threshold(predicted, bundle, threshold)
    numbered = patch_windows(patches, split, truth.grid) if patches else None
    pixels = Pixels(
        stack,
        windows=None if numbered is None else [window for _, window in numbered],
        valid_bands=image_model_bands(image_model) if image_model else (),
        others=(probability, against) if against else (),
        block_px=block_px,
    )
    regions = assess(probability, stack, threshold, **pixels.options, block_px=block_px)
    tiles = numbered or list(enumerate(truth.grid.windows(block_px)))
    images = score_images(
        probability,
        stack,
        threshold,
        tiles,
        valid_bands=pixels.valid_bands,
        others=pixels.others,
    )
    model = predicted.tags.get("BUNDLE", probability.stem)
    scene = scene or truth.tags.get("NAME") or Path(stack).resolve().parent.name
    metrics: dict[str, Any] = {
        "threshold": threshold,
        "simulated": predicted.simulated or truth.simulated,
        "model": model,
        "scene": scene,
        "split": None if patches is None else split,
        "split_kind": None if patches is None else read_tags(patches).get("split_kind"),
        "valid_bands": list(pixels.valid_bands),
        "pixels": {region: each.to_dict(seed) for region, each in regions.items()},
        "per_image": mean_per_image(images),
    }
    if against is not None:
        metrics["compared"] = compare(
            regions["all"], against, _threshold(stack_info(against), None, None), pixels, seed
        )
    if calibration_split is not None:
        metrics |= calibrate(
            probability, patches, calibration_split, split, regions["all"].seen, pixels
        )
    files = [out / "metrics.json", out / "per_patch.csv"]
    if inventory is not None:
        metrics["objects"], rows = score_objects(
            probability,
            inventory,
            threshold,
            out / "metrics.json",
            surveyed=surveyed,
            minimum_area_m2=minimum_area_m2,
        )
        files.append(out / "per_object.csv")
        write_csv(files[-1], object_lines(rows))
    write_csv(out / "per_patch.csv", image_rows(images))
    simulated, name = metrics["simulated"], f"{model} over {scene}"
    panel = ConfusionPanel(
        f"{model}, threshold {threshold:.3g}", probability, threshold, regions["all"].scores
    )
    maps, heat = out / "confusion_map.png", out / "probability_map.png"
    title = f"Landslides found and missed: {scene}"
    confusion_map([panel], stack, maps, title=title, windows=pixels.windows)
    title = f"Landslide probability: {scene}"
    probability_map(probability, stack, heat, threshold=threshold, title=title)
    figures = [
        maps,
        heat,
        curves_figure(
            regions["all"].seen, threshold, out / "curves.png", title=name, simulated=simulated
        ),
        images_figure(images, out / "images.png", title=name, simulated=simulated),
    ]
    page = score_page(metrics, figures, out / "report.html")
    write_json(out / "metrics.json", {**metrics, "definitions": DEFINITIONS})
    return {**metrics, "files": [*files, *figures, page]}


def _threshold(predicted: StackInfo, bundle: str | Path | None, threshold: float | None) -> float:
    """The threshold as given, the bundle's, or the one that the map notes."""
    from keras_landslide.errors import BundleError
    from keras_landslide.inference.bundle import read_bundle

    if threshold is not None:
        return threshold
    if bundle is not None:
        return read_bundle(bundle).threshold
    if "THRESHOLD" not in predicted.tags:
        raise BundleError(
            f"{predicted.path}: notes no threshold; give --bundle or --threshold (0.5 is not "
            "assumed)"
        )
    return float(predicted.tags["THRESHOLD"])
