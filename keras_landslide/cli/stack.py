"""`keras-landslide stack`: rasters of a scene, by a recipe, onto one grid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from keras_landslide.cli.options import in_range
from keras_landslide.cli.verb import Verb, json_option, print_json


@click.command(cls=Verb, example="recipe.toml -o stack.tif")
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    default=Path("stack.tif"),
    show_default=True,
    help="The stack to write.",
)
@click.option(
    "--root",
    type=click.Path(path_type=Path),
    help="Folder that the recipe's paths count from; default: the recipe's own.",
)
@click.option(
    "--memory-mb",
    type=in_range("memory_mb"),
    default=128,
    show_default=True,
    help="Memory of each process for warping and for GDAL's cache.",
)
@click.option("--scheduler", metavar="ADDRESS",
              help="Work on the Dask cluster of this scheduler; OUT lies in a folder that its "
              "workers share.")  # fmt: skip
@click.option("--workers", type=in_range("workers"),
              help="Work in this many processes on this machine.")  # fmt: skip
@json_option
def command(recipe: Path, out: Path, as_json: bool, **options: Any) -> None:
    """Warp the rasters that RECIPE names onto one grid, with terrain, radar, NDVI and label.

    A killed run goes on where it stopped when the same command is given again.
    """
    from keras_landslide.workflows.stack import stack

    result = stack(recipe, out, **options)
    if as_json:
        print_json(result.numbers, result.paths)
        return
    note = " (SIMULATED data)" if result["simulated"] else ""
    size = f"{result['height']} x {result['width']} pixels of {result['pixel_size_m']:g} m"
    click.echo(f"{out}: {size}{note}")
    for band in result["bands"]:
        click.echo(
            f"  {band['name']:<18} {band['unit']:<12} {band['source']}: {band['derivation']}"
        )
