"""`keras-landslide data`: what a data set holds, what is wrong with it, where to get it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from keras_landslide.cli.data_options import layout_options
from keras_landslide.cli.data_score import score_command
from keras_landslide.cli.verb import Verb, json_option, print_json

if TYPE_CHECKING:
    pass


@click.group(short_help="data sets of chips: check, fetch, score")
def command() -> None:
    """Look after data sets of image and mask files."""


command.add_command(score_command)


@command.command("check", cls=Verb, short_help="what is there, and what is wrong")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), default=Path("data_check"),
              show_default=True, help="Folder for check.json and preview.png.")  # fmt: skip
@json_option
@layout_options
def check_command(folder: Path, out: Path, as_json: bool, **options: Any) -> None:
    """Read every chip of the data set FOLDER once, count, and list what is wrong.

    Exit status 2 where a chip cannot be used.
    """
    from keras_landslide.errors import InputFileError
    from keras_landslide.workflows.data import check_data

    found = check_data(folder, out, **options)
    if as_json:
        print_json(found.numbers)
    else:
        click.echo(found.text)
        for path in found.files:
            click.echo(f"wrote {path}")
    if found.errors:
        raise InputFileError(f"{folder}: {found.verdict}")


@command.command("fetch", cls=Verb, short_help="download a data set from its record")
@click.argument("name", required=False)
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Folder.  [default: NAME]")
@click.option("--file", "files", multiple=True, help="Only this file; may be given again.")
@click.option("--api", help="Another address of records.")
@click.option("--unpack/--keep-packed", default=True, show_default=True)
@json_option
def fetch_command(name: str | None, as_json: bool, **options: Any) -> None:
    """Download the data set NAME with checksums; stopped, the same command goes on.

    Without a NAME, list what has a lasting address.
    """
    from keras_landslide.workflows.data import fetch, known_records

    if name is None:
        records = known_records()
        if as_json:
            print_json(records)
            return
        for known, each in records.items():
            click.echo(f"{known:16} {each['title']} (record {each['record']}); cite {each['cite']}")
        return
    done = fetch(name, **options)
    if as_json:
        print_json(done.numbers, done.paths)
        return
    click.echo(f"{done['title']}: licence {done['licence']}; cite {done['cite']}")
    for path in done.files:
        click.echo(f"wrote {path}")
