"""`keras-landslide adapt`: what helps a network in a new place, and how much."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from keras_landslide.cli.options import FiniteRange, seed_option


def _counts(_context: click.Context, _option: click.Parameter, value: str) -> tuple[int, ...]:
    try:
        counts = tuple(sorted({int(part) for part in value.split(",") if part.strip()}))
    except ValueError as error:
        raise click.BadParameter(f"'{value}' is no list of numbers such as 1,5,20") from error
    if any(count < 1 for count in counts):
        raise click.BadParameter("numbers of patches start at 1")
    return counts


@click.command(short_help="adapt a network to a new place: remedies, before and after")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--stack", type=click.Path(path_type=Path), required=True,
              help="Stack of the new place, with a label.")  # fmt: skip
@click.option("--patches", type=click.Path(path_type=Path), required=True,
              help="Its patches: labelled ones are drawn from train, scored are test.")  # fmt: skip
@click.option("--labelled", default="1,5,20", show_default=True, callback=_counts,
              help="Numbers of labelled patches to learn on from.")  # fmt: skip
@click.option("--draws", type=click.IntRange(min=1), default=3, show_default=True,
              help="How often patches are drawn: which ones matters.")  # fmt: skip
@click.option("--steps", type=click.IntRange(min=1), default=100, show_default=True,
              help="Gradient steps of each fine-tuning.")  # fmt: skip
@click.option("--learning-rate", type=FiniteRange(min=0, min_open=True), default=2e-4,
              show_default=True, help="Of fine-tuning.")  # fmt: skip
@seed_option("Of drawn patches and blocks.")
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True,
              help="Folder for adapt.json, adapt.csv, adapt.png and the adapted runs.")  # fmt: skip
def command(run: Path, out: Path, **options: Any) -> None:
    """Try remedies for the finished RUN on a new place, and score each on the same test patches.

    Remedies: normalisation re-estimated from the new place, which needs no label, and fine-tuning
    on a few labelled patches. Each adapted network is a run folder that `export` takes. Stopped,
    the command goes on where it was.
    """
    from keras_landslide.workflows.adapt import adapt

    found = adapt(run, out, **options)
    click.echo("remedy          patches  draw      F1  interval            gain  interval")
    for row in found["rows"]:
        click.echo(
            f"{row['remedy']:14}  {row['patches']:7}  {row['draw']:4}  {_text(row['f1'])}  "
            f"{_between(row['interval'])}  {_text(row['gain'], '+')}  "
            f"{_between(row['gain_interval'], '+')}".rstrip()
        )
    for path in found["files"]:
        click.echo(f"wrote {path}")


def _text(value: float | None, sign: str = "") -> str:
    return f"{'–':>6}" if value is None else f"{value:{sign}6.3f}"


def _between(interval: list[float] | None, sign: str = "") -> str:
    return " " * 16 if interval is None else f"{interval[0]:{sign}.3f} to {interval[1]:{sign}.3f}"
