"""`keras-landslide demo`: the whole way on two simulated basins, by the commands one would type."""

from __future__ import annotations

import importlib
import shlex
from collections.abc import Sequence
from pathlib import Path

import click

from keras_landslide.cli.options import seed_option
from keras_landslide.cli.verb import Verb


@click.command(
    cls=Verb,
    short_help="all of the above on the simulated basins",
    example="trial --seed 1",
)
@click.argument("folder", type=click.Path(path_type=Path), default=Path("demo"))
@click.option("--size", default=1024, show_default=True, help="Edge of a basin, pixels of 12.5 m.")
@click.option("--patch", default=64, show_default=True, help="Edge of a patch, pixels.")
@click.option("--epochs", default=8, show_default=True, help="Epochs of each image model.")
@seed_option("Same seed, same numbers.")
def command(folder: Path, **options: int) -> None:
    """Train in one simulated basin, map the landslides of another, score both; all in FOLDER.

    Each step is printed as the command that does it alone. Stopped, the demo goes on where it was.
    """
    from keras_landslide.workflows.demo import demo

    click.echo(demo(folder, run, click.echo, **options).text)


def run(words: Sequence[str]) -> None:
    """Print a command as one would type it, and run it."""
    verb, *arguments = words
    click.secho(f"\n$ keras-landslide {shlex.join(words)}", bold=True)
    module = importlib.import_module(f"keras_landslide.cli.{verb}")
    module.command.main(arguments, prog_name=f"keras-landslide {verb}", standalone_mode=False)
