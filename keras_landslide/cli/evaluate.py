"""`keras-landslide evaluate`: score a probability map, or a run, against a stack's label."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from keras_landslide.cli.options import options_of
from keras_landslide.cli.verb import Verb, json_option, print_json
from keras_landslide.workflows.settings import Judging, Scored, Truth


@click.command(
    cls=Verb,
    short_help="score predictions against labels",
    example="--probability map/probability.tif --stack stack.tif -o scores",
)
@click.option("--probability", type=click.Path(path_type=Path),
              help="Probability map, as predict writes it.")  # fmt: skip
@click.option("--run", type=click.Path(path_type=Path),
              help="Instead of a map: a finished run, mapped and scored on its test patches, or on "
              "all of --stack if that is another scene.")  # fmt: skip
@click.option("--stack", type=click.Path(path_type=Path),
              help="Stack with the band label (and cloud) on the same grid.")  # fmt: skip
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True,
              help="Folder for report.html, metrics.json, tables and figures.")  # fmt: skip
@json_option
@options_of(Scored, Truth, Judging)
def command(as_json: bool, **options: Any) -> None:
    """Score a probability map: all pixels, and apart those in the clear and under cloud."""
    from keras_landslide.counts import Scores
    from keras_landslide.report.tables import Row, text_table
    from keras_landslide.workflows.evaluate import evaluate

    metrics = evaluate(**options)
    if as_json:
        print_json(metrics.numbers, metrics.paths)
        return
    simulated = " (simulated data)" if metrics["simulated"] else ""
    rows = []
    for region, values in metrics["pixels"].items():
        scores = Scores(*(values[key] for key in ("tp", "fp", "fn", "tn")))
        rows.append(Row.of(metrics["model"], metrics["scene"], region, scores))
    for name, values in metrics.get("groups", {}).items():
        scores = Scores(*(values[key] for key in ("tp", "fp", "fn", "tn")))
        rows.append(Row.of(metrics["model"], name, metrics["split"], scores))
    click.echo(text_table(rows, f"Scores at threshold {metrics['threshold']:.3g}{simulated}"))
    objects = metrics.get("objects")
    if objects:  # a map holds objects; chips cut them
        click.echo(
            f"landslides: {objects['detected']} of {objects['inventory']} found, "
            f"{objects['correct']} of {objects['predicted']} mapped are true"
        )
        for name, group in objects.get("by_group", {}).items():
            click.echo(f"  {name}: {group['detected']} of {group['inventory']} found")
    for region, differences in metrics.get("compared", {}).get("by_region", {}).items():
        for name, each in differences.items():
            if each is not None:
                low, high = each["interval"]
                click.echo(f"{region:6} {name}: {each['difference']:+.4f} "
                           f"({low:+.4f} to {high:+.4f}) against "
                           f"{metrics['compared']['model']}")  # fmt: skip
    if "calibration_verdict" in metrics:
        click.echo(metrics["calibration_verdict"])
    for path in metrics.files:
        click.echo(f"wrote {path}")
