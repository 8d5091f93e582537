"""`keras-landslide fill`: a stack without a sensor, for a network that can do without it."""

from __future__ import annotations

from pathlib import Path

import click

from keras_landslide.cli.verb import Verb, json_option, print_json


@click.command(
    cls=Verb,
    short_help="a stack with missing sensors, for a network that can do without",
    example="bundle stack.tif --without sar -o filled.tif",
)
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("stack", type=click.Path(path_type=Path))
@click.option("--without", multiple=True, metavar="SENSOR",
              help="Take a sensor as missing everywhere: optical or sar.")  # fmt: skip
@click.option("--clouds", is_flag=True,
              help="Take optical bands as missing under cloud and shadow.")  # fmt: skip
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True,
              help="The filled stack.")  # fmt: skip
@json_option
def command(
    bundle: Path, stack: Path, out: Path, without: tuple[str, ...], clouds: bool, as_json: bool
) -> None:
    """Fill the gaps of STACK so that the model BUNDLE can map them.

    BUNDLE has to be trained with band dropout. Where a sensor has no data, its bands get the
    training mean, which is what the network takes for missing; `predict` and `evaluate` then take
    the filled stack.
    """
    from keras_landslide.workflows.fill import fill

    result = fill(bundle, stack, out, without=without, clouds=clouds)
    if as_json:
        print_json(result.numbers, result.paths)
        return
    for name, share in result["filled"].items():
        click.echo(f"{name}: missing and filled in {share:.1%} of the pixels")
        if name in result["thresholds"]:
            click.echo(f"  without {name} validation chose another threshold: "
                       f"predict --threshold {result['thresholds'][name]!r}")  # fmt: skip
    click.echo(f"wrote {out}")
