"""`keras-landslide reproduce`: a paper's models under its conditions, its table beside ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from keras_landslide.cli.options import in_range
from keras_landslide.cli.verb import Verb, json_option, print_json


@click.command(
    cls=Verb,
    short_help="run a paper's protocol and put its table beside ours",
    example="colombia --quick",
)
@click.argument("name", required=False)
@click.option("--data", type=click.Path(path_type=Path),
              help="The data set; without it colombia and lacnn simulate one.")  # fmt: skip
@click.option("-o", "--out", type=click.Path(path_type=Path),
              help="Folder of all that is made.  [default: reproduce_NAME]")  # fmt: skip
@click.option("--quick", is_flag=True, help="Scaled down to minutes; every output says so.")
@click.option("--seeds", type=in_range("seeds"), default=1, show_default=True,
              help="Repeat with so many seeds.")  # fmt: skip
@click.option("--folds", type=in_range("folds"),
              help="Cross-validate chips over so many folds instead of splitting.")  # fmt: skip
@click.option("--bundle", type=click.Path(path_type=Path),
              help="Also make a bundle of the best model's folds and seeds.")  # fmt: skip
@click.option("--row", help="The bundle is of this model of the table instead of the best.")
@json_option
def command(name: str | None, out: Path | None, as_json: bool, **options: Any) -> None:
    """Run all models of the protocol NAME under the same conditions.

    Without a NAME, list the protocols. Stopped, the same command goes on where it was.
    """
    from keras_landslide.protocols.protocol import NAMES, PRESETS, load_protocol
    from keras_landslide.protocols.tables import QUICK
    from keras_landslide.workflows.reproduce import reproduce

    if name is None:
        titles = {known: load_protocol(known).title for known in (*NAMES, *PRESETS)}
        if as_json:
            print_json(titles)
            return
        for known, title in titles.items():
            click.echo(f"{known:12} {title}")
        return
    done = reproduce(name, out=out, **options)
    if as_json:
        print_json(done.numbers, done.paths)
        return
    click.echo(done.text)
    for sentence in done.notes:
        click.echo(f"note: {sentence}")
    for path in done.files:
        click.echo(f"wrote {path}")
    said = f" ({QUICK})" if done["quick"] else ""
    click.echo(f"done in {done['seconds'] / 60:.1f} minutes{said}")
