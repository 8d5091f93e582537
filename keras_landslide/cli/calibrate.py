"""`keras-landslide calibrate`: make a bundle's probabilities mean what they say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from keras_landslide.cli.options import options_of
from keras_landslide.cli.verb import Verb, json_option, print_json
from keras_landslide.workflows.settings import Blocks, Fitting

if TYPE_CHECKING:
    pass


@click.command(
    cls=Verb,
    short_help="make a bundle's probabilities mean what they say",
    example="bundle --stack stack.tif --patches patches.gpkg -o calibration",
)
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--stack", type=click.Path(path_type=Path),
              help="Stack that the bundle was trained on.")  # fmt: skip
@click.option("--patches", type=click.Path(path_type=Path),
              help="Its patches: fitted on --split, reported on --test-split.")  # fmt: skip
@click.option("--data", type=click.Path(path_type=Path), metavar="CONFIG",
              help="Instead of the two: the run config, if it lists its sources.")  # fmt: skip
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True,
              help="Folder for calibration.json, its figure and uncalibrated.tif.")  # fmt: skip
@json_option
@options_of(Fitting, Blocks)
def command(bundle: Path, out: Path, as_json: bool, **options: Any) -> None:
    """Calibrate the probabilities of the model BUNDLE, and keep that in it if it helps.

    It helps if it lowers the calibration error (ECE) on blocks of --split that are left out of the
    fit in turn; otherwise the bundle stays as it is. `predict` then gives calibrated
    probabilities, and the threshold is chosen anew on the same pixels.
    """
    from keras_landslide.workflows.calibrate import calibrate

    found = calibrate(bundle, out, **options)
    if as_json:
        print_json(found.numbers, found.paths)
        return
    for line in (found["verdict"], found["tested_verdict"]):
        click.echo(line)
    for path in found.files:
        click.echo(f"wrote {path}")
