"""`keras-landslide check`: may this bundle be used on this stack?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from keras_landslide.cli.options import seed_option
from keras_landslide.cli.verb import Verb, json_option, print_json

NO = 3
"""Exit status of the answer no."""


@click.command(
    cls=Verb,
    short_help="may this bundle be used on this stack?",
    example="bundle stack.tif -o check",
)
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("stack", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True,
              help="Folder for check.json and drift.png.")  # fmt: skip
@click.option("--training-stack", type=click.Path(path_type=Path),
              help="Stack it was trained on: also map where STACK is like it.")  # fmt: skip
@click.option("--training-patches", type=click.Path(path_type=Path),
              help="Its patches: only those of the train split count.")  # fmt: skip
@seed_option("Of the sampled training pixels.")
@json_option
@click.pass_context
def command(
    context: click.Context, bundle: Path, stack: Path, out: Path, as_json: bool, **options: Any
) -> None:
    """Hold STACK against the contract and the training values of the model BUNDLE.

    Answers yes, with care or no, with the reason; exit status 3 where the answer is no. It looks
    at the values of single pixels: a yes is no promise, labels of the new place alone can tell how
    good the map is.
    """
    from keras_landslide.workflows.check import check

    found = check(bundle, stack, out, **options)
    if as_json:
        print_json(found.numbers, found.paths)
        context.exit(NO if found["answer"] == "no" else 0)
    if found["bands"]:
        click.echo("band              shift  spread  outside  verdict")
    for band in found["bands"]:
        click.echo(
            f"{band['name']:16} {band['shift']:+6.2f}  {band['spread']:6.2f}  "
            f"{band['outside']:7.1%}  {band['verdict']}"
        )
    if (share := found.get("applicable_share")) is not None:
        click.echo(f"{share:.1%} of the pixels lie within the area of applicability")
    click.echo(f"may it be used here? {found['answer']}: {found['why']}")
    for path in found.files:
        click.echo(f"wrote {path}")
    context.exit(NO if found["answer"] == "no" else 0)
