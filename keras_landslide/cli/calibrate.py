"""`keras-landslide calibrate`: make a bundle's probabilities mean what they say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from keras_landslide.cli.options import seed_option

if TYPE_CHECKING:
    pass


@click.command(short_help="make a bundle's probabilities mean what they say")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--stack", type=click.Path(path_type=Path), required=True,
              help="Stack that the bundle was trained on.")  # fmt: skip
@click.option("--patches", type=click.Path(path_type=Path), required=True,
              help="Its patches: fitted on --split, reported on --test-split.")  # fmt: skip
@click.option("--method", type=click.Choice(["temperature", "isotonic"]), default="temperature",
              show_default=True, help="One number, or a rising map.")  # fmt: skip
@click.option("--split", default="val", show_default=True, help="Split to fit on.")
@click.option("--test-split", default="test", show_default=True,
              help="Split to report on; it has no say in anything.")  # fmt: skip
@click.option("--block", "block_px", type=click.IntRange(min=1), default=64, show_default=True,
              help="Edge of the spatial blocks that are left out and drawn, pixels.")  # fmt: skip
@seed_option("Of the drawn blocks.")
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True,
              help="Folder for calibration.json, its figure and uncalibrated.tif.")  # fmt: skip
def command(bundle: Path, out: Path, **options: Any) -> None:
    """Calibrate the probabilities of the model BUNDLE, and keep that in it if it helps.

    It helps if it lowers the calibration error (ECE) on blocks of --split that are left out of the
    fit in turn; otherwise the bundle stays as it is. `predict` then gives calibrated
    probabilities, and the threshold is chosen anew on the same pixels.
    """
    from keras_landslide.workflows.calibrate import calibrate

    found = calibrate(bundle, out, **options)
    for line in (found["verdict"], found["tested_verdict"]):
        click.echo(line)
    for path in found["files"]:
        click.echo(f"wrote {path}")
