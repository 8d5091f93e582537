"""How the commands on data sets read a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from keras_landslide.cli.options import FiniteRange

if TYPE_CHECKING:
    pass


def layout_options(command):
    """The options that say how to read a folder."""
    for option in reversed(
        (
            click.option("--layout", help="How the folder is laid out.  [default: by its look]"),
            click.option("--size", type=click.IntRange(8, 16_384),
                         help="Side to letterbox chips to, px."),
            click.option("--bands", help="Names of the bands, joined by commas (folder)."),
            click.option("--positive", help="Mask values that mean landslide (folder)."),
            click.option("--mask-threshold", type=FiniteRange(),
                         help="Masks of greys: from this value on a pixel is landslide (folder)."),
            click.option("--channels", help="An image model: l4s6, l4s14 (landslide4sense); "
                         "sen12_s2, sen12_s2_change, sen12_s1_change, sen12_all "
                         "(sen12landslides)."),
        )
    ):  # fmt: skip
        command = option(command)
    return command
