"""`keras-landslide fill`: a stack without a sensor, for a network that can do without it."""

from __future__ import annotations

from pathlib import Path

import click

MOSTLY = 0.5
"""Share of the scene from which on a sensor counts as missing."""


@click.command(short_help="a stack with missing sensors, for a network that can do without")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("stack", type=click.Path(path_type=Path))
@click.option("--without", multiple=True, metavar="SENSOR",
              help="Take a sensor as missing everywhere: optical or sar.")  # fmt: skip
@click.option("--clouds", is_flag=True,
              help="Take optical bands as missing under cloud and shadow.")  # fmt: skip
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True,
              help="The filled stack.")  # fmt: skip
def command(bundle: Path, stack: Path, out: Path, without: tuple[str, ...], clouds: bool) -> None:
    """Fill the gaps of STACK so that the model BUNDLE can map them.

    BUNDLE has to be trained with band dropout. Where a sensor has no data, its bands get the
    training mean, which is what the network takes for missing; `predict` and `evaluate` then take
    the filled stack.
    """
    from keras_landslide.bundle.read import read_bundle
    from keras_landslide.inference.fill import fill_stack

    known = read_bundle(bundle)
    shares = fill_stack(known, stack, out, without=without, clouds=clouds)
    thresholds = known.contract.band_dropout.thresholds if known.contract.band_dropout else {}
    for name, share in shares.items():
        click.echo(f"{name}: missing and filled in {share:.1%} of the pixels")
        if share > MOSTLY and name in thresholds:
            click.echo(f"  without {name} validation chose another threshold: "
                       f"predict --threshold {thresholds[name]!r}")  # fmt: skip
    click.echo(f"wrote {out}")
