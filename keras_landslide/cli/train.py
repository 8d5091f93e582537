"""`keras-landslide train`: a stack, its patches and a run config to a trained network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from keras_landslide.config import load_run_config

if TYPE_CHECKING:
    pass


@click.command(short_help="train a network on patches")
@click.argument("config", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), default=Path("run"),
              show_default=True, help="Run folder; a stopped run goes on.")  # fmt: skip
def command(config: Path, out: Path) -> None:
    """Train the network that CONFIG (TOML) describes and score it on every split.

    The decision threshold is the one with the best F1 on the validation split.
    """
    from keras_landslide.workflows.train import is_up_to_date, summary, train_run

    settings = load_run_config(config)
    if is_up_to_date(settings, out):
        click.echo(f"{out} holds this run, finished; nothing to do")
    else:
        train_run(settings, out)
    click.echo(summary(json.loads((out / "metrics.json").read_text(encoding="utf-8"))))
    click.echo(f"wrote {out / 'model.keras'}")
