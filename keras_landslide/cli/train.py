"""`keras-landslide train`: a stack, its patches and a run config to a trained network."""

from __future__ import annotations

from pathlib import Path

import click

from keras_landslide.cli.verb import Verb, json_option, print_json


@click.command(cls=Verb, short_help="train a network on patches", example="run.toml -o run")
@click.argument("config", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), default=Path("run"),
              show_default=True, help="Run folder; a stopped run goes on.")  # fmt: skip
@json_option
def command(config: Path, out: Path, as_json: bool) -> None:
    """Train the network that CONFIG (TOML) describes and score it on every split.

    The decision threshold is the one with the best F1 on the validation split.
    """
    from keras_landslide.workflows.train import summary, train

    result = train(config, out)
    if as_json:
        print_json(result.numbers, result.paths)
        return
    if result["finished_before"]:
        click.echo(f"{out} holds this run, finished; nothing to do")
    click.echo(summary(result.numbers))
    click.echo(f"wrote {result['model']}")
