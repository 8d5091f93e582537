"""`keras-landslide evaluate`: score a probability map, or a run, against a stack's label."""

from __future__ import annotations

from pathlib import Path

import click

from keras_landslide.cli.options import FiniteRange, given, seed_option


@click.command(short_help="score predictions against labels")
@click.option("--probability", type=click.Path(path_type=Path),
              help="Probability map, as predict writes it.")  # fmt: skip
@click.option("--run", type=click.Path(path_type=Path),
              help="Instead of a map: a finished run, mapped and scored on its test patches, or on "
              "all of --stack if that is another scene.")  # fmt: skip
@click.option("--stack", type=click.Path(path_type=Path),
              help="Stack with the band label (and cloud) on the same grid.")  # fmt: skip
@click.option("--bundle", type=click.Path(path_type=Path), help="Take the threshold of a bundle.")
@click.option("--threshold", type=FiniteRange(0, 1),
              help="Decision threshold.  [default: the one noted in the map]")  # fmt: skip
@click.option("--patches", type=click.Path(path_type=Path),
              help="Score only inside patches of this table: those of --split.")  # fmt: skip
@click.option("--split", default="test", show_default=True, help="Split to score with --patches.")
@click.option("--inventory", type=click.Path(path_type=Path),
              help="True landslides as polygons.  [default: traced from the label]")  # fmt: skip
@click.option("--surveyed", type=click.Path(path_type=Path),
              help="Area that the inventory covers, as polygons.")  # fmt: skip
@click.option("--group-field",
              help="Attribute of --inventory to tell apart, such as event or basin.")  # fmt: skip
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
@click.option("--audit", type=click.Path(path_type=Path), metavar="AUDIT_JSON",
              help="What `audit` wrote: how much a random split flatters.")  # fmt: skip
@seed_option("Of the drawn blocks.")
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True,
              help="Folder for report.html, metrics.json, tables and figures.")  # fmt: skip
@click.pass_context
def command(context: click.Context, **options) -> None:
    """Score a probability map: all pixels, and apart those in the clear and under cloud."""
    from keras_landslide.counts import Scores
    from keras_landslide.report.tables import Row, text_table
    from keras_landslide.workflows.evaluate import evaluate
    from keras_landslide.workflows.evaluate_run import evaluate_run

    if options["bundle"] is not None and options["threshold"] is not None:
        raise click.UsageError("give --bundle or --threshold, not both")
    run = options.pop("run")
    if (run is None) == (options["probability"] is None):
        raise click.UsageError("give --probability with --stack, or --run")
    if run is None and options["stack"] is None:
        raise click.UsageError("--probability needs --stack")
    if given(context, "split") and run is None and options["patches"] is None:
        raise click.UsageError("--split is one of --patches; give them, or --run")
    if run is None:
        metrics = evaluate(**options)
    else:
        del options["probability"]
        metrics = evaluate_run(run, options.pop("out"), **options)
    simulated = " (simulated data)" if metrics["simulated"] else ""
    rows = []
    for region, values in metrics["pixels"].items():
        scores = Scores(*(values[key] for key in ("tp", "fp", "fn", "tn")))
        rows.append(Row.of(metrics["model"], metrics["scene"], region, scores))
    click.echo(text_table(rows, f"Scores at threshold {metrics['threshold']:.3g}{simulated}"))
    objects = metrics["objects"]
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
    for path in metrics["files"]:
        click.echo(f"wrote {path}")
