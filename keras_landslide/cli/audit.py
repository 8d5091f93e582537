"""`keras-landslide audit`: what a random split flatters, and what another basin costs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from keras_landslide.cli.options import in_range, seed_option
from keras_landslide.cli.verb import Verb, json_option, print_json

if TYPE_CHECKING:
    pass
TITLES = {
    "random": "random split",
    "spatial": "blocked split",
    "gap": "random - blocked",
    "together": "among the others",
    "left_out": "basin left out",
    "transfer_gap": "price of a new place",
}


@click.command(
    cls=Verb,
    short_help="how much a random split flatters a model",
    example="run.toml -o audit",
)
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--basin", "basins", type=click.Path(path_type=Path), multiple=True, metavar="STACK",
              help="Stack of a further basin: each is also left out in turn.")  # fmt: skip
@click.option("--seeds", type=in_range("seeds"), default=1, show_default=True,
              help="How often all is repeated, with other splits and weights.")  # fmt: skip
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True,
              help="Folder for the runs and audit.json.")  # fmt: skip
@click.option("--block", "block_px", type=in_range("block_px"), default=64, show_default=True,
              help="Edge of the spatial blocks that intervals draw, pixels.")  # fmt: skip
@seed_option("Of the drawn blocks.")
@json_option
def command(config: Path, out: Path, as_json: bool, **options: Any) -> None:
    """Train the run CONFIG with its patches split by blocks and at random.

    The score of the random split less that of the blocked one is what leaks between neighbouring
    patches. With further basins, networks are also trained on all basins but one and scored on the
    same test blocks of that one. Of a CONFIG that lists its sources, each group (basin or event)
    is left out in turn. Stopped, the audit goes on where it was.
    """
    from keras_landslide.workflows.audit import audit

    found = audit(config, out, **options)
    if as_json:
        print_json(found.numbers, found.paths)
        return
    for name, basin in found["basins"].items():
        click.echo(f"{name}: F1 of the landslide class, mean over {found['seeds']} seed(s)")
        for key, title in TITLES.items():
            if key in basin:
                each = basin[key]
                click.echo(f"  {title:18}  {_text(each['f1'])}  {_between(each['interval'])}")
    click.echo(f"wrote {out / 'audit.json'}")


def _text(value: float | None) -> str:
    return "undefined" if value is None else f"{value:+.4f}"


def _between(interval: list[float] | None) -> str:
    return "" if interval is None else f"({interval[0]:+.4f} to {interval[1]:+.4f})"
