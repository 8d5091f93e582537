"""`keras-landslide predict`: a bundle over a stack."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from keras_landslide.cli.options import options_of
from keras_landslide.cli.verb import Verb, json_option, print_json
from keras_landslide.workflows.settings import Answering, Drawing, Polygons, Resources


@click.command(
    cls=Verb,
    short_help="a bundle over a stack: probability map and inventory",
    example="bundle stack.tif -o map --minimum-area 1000",
)
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("stack", type=str)
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True,
              help="Folder for probability.tif and the inventory.")  # fmt: skip
@json_option
@options_of(Answering, Drawing, Polygons, Resources)
def command(bundle: Path, stack: str, out: Path, as_json: bool, **options: Any) -> None:
    """Run the model BUNDLE over STACK: probability.tif and an inventory, inventory.gpkg.

    STACK is a file, or a name that GDAL opens such as /vsis3/bucket/stack.tif. A run that was
    stopped goes on where it was when the same command is given again.
    """
    from keras_landslide.workflows.predict import predict

    result = predict(bundle, stack, out, **options)
    if as_json:
        print_json(result.numbers, result.paths)
        return
    for path in result.files:
        click.echo(f"wrote {path}")
    said = " (simulated data)" if result["simulated"] else ""
    click.echo(f"{result.landslides} landslides, {result.area_m2 / 1e6:.3g} km2{said}")
