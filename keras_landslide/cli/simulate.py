"""`keras-landslide simulate`: a pair of simulated basins to try everything on."""

from __future__ import annotations

from pathlib import Path

import click

from keras_landslide.cli.options import seed_option
from keras_landslide.cli.verb import Verb, json_option, print_json


@click.command(
    cls=Verb,
    short_help="make a pair of simulated basins to try everything on",
    example="basins --size 384",
)
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--size", default=1024, show_default=True,
              help="Edge of the optical image, pixels of 12.5 m.")  # fmt: skip
@seed_option("Same seed, same rasters.")
@click.option("--basins", default="argelia,liboriana", show_default=True,
              help="Which to make, joined by commas.")  # fmt: skip
@json_option
def command(out: Path, size: int, seed: int, basins: str, as_json: bool) -> None:
    """Write a folder per simulated basin into OUT: rasters, inventory and scene recipe."""
    from keras_landslide.workflows.simulate import simulate

    names = [name.strip() for name in basins.split(",") if name.strip()]
    made = simulate(out, size=size, seed=seed, basins=names)
    if as_json:
        print_json(made.numbers, made.paths)
        return
    for recipe in made.files:
        click.echo(f"wrote {recipe} (simulated basin)")
