"""`keras-landslide adapt`: what helps a network in a new place, and how much."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from keras_landslide.cli.options import options_of
from keras_landslide.cli.verb import Verb, json_option, print_json
from keras_landslide.workflows.settings import Remedies


@click.command(
    cls=Verb,
    short_help="adapt a network to a new place: remedies, before and after",
    example="run --stack new.tif --patches new.gpkg -o adapted",
)
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--stack", type=click.Path(path_type=Path),
              help="Stack of the new place, with a label.")  # fmt: skip
@click.option("--patches", type=click.Path(path_type=Path),
              help="Its patches: labelled ones are drawn from train, scored are test.")  # fmt: skip
@click.option("--data", type=click.Path(path_type=Path), metavar="CONFIG",
              help="Instead of the two: a run config whose sources are the new place.")  # fmt: skip
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True,
              help="Folder for adapt.json, adapt.csv, adapt.png and the adapted runs.")  # fmt: skip
@json_option
@options_of(Remedies)
def command(run: Path, out: Path, as_json: bool, **options: Any) -> None:
    """Try remedies for the finished RUN on a new place, and score each on the same test patches.

    Remedies: normalisation re-estimated from the new place, which needs no label, and fine-tuning
    on a few labelled patches. Each adapted network is a run folder that `export` takes. Stopped,
    the command goes on where it was.
    """
    from keras_landslide.workflows.adapt import adapt

    found = adapt(run, out, **options)
    if as_json:
        print_json(found.numbers, found.paths)
        return
    click.echo("remedy          patches  draw      F1  interval            gain  interval")
    for row in found["rows"]:
        click.echo(
            f"{row['remedy']:14}  {row['patches']:7}  {row['draw']:4}  {_text(row['f1'])}  "
            f"{_between(row['interval'])}  {_text(row['gain'], '+')}  "
            f"{_between(row['gain_interval'], '+')}".rstrip()
        )
    for path in found.files:
        click.echo(f"wrote {path}")


def _text(value: float | None, sign: str = "") -> str:
    return f"{'–':>6}" if value is None else f"{value:{sign}6.3f}"


def _between(interval: list[float] | None, sign: str = "") -> str:
    return " " * 16 if interval is None else f"{interval[0]:{sign}.3f} to {interval[1]:{sign}.3f}"
