"""`keras-landslide export`: a trained run as a model bundle."""

from __future__ import annotations

from pathlib import Path

import click

from keras_landslide.cli.verb import Verb, json_option, print_json


@click.command(
    cls=Verb,
    short_help="a trained run as a model bundle (SavedModel, Keras model, contract)",
    example="run -o bundle",
)
@click.argument("run", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), default=Path("bundle"),
              show_default=True, help="Folder of the bundle.")  # fmt: skip
@json_option
def command(run: Path, out: Path, as_json: bool) -> None:
    """Export the finished RUN folder of `train`: `saved_model/`, `model.keras`, `bundle.json`."""
    from keras_landslide.workflows.export import export

    made = export(run, out)
    if as_json:
        print_json(made.numbers, made.paths)
        return
    click.echo(f"wrote {made['saved_model']}, {made['model']} and {made['contract']}")
