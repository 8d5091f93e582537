"""How the commands on data sets read a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from keras_landslide.datasets.chips import ChipSource


def layout_options(command):
    """The options that say how to read a folder."""
    for option in reversed(
        (
            click.option("--layout", help="How the folder is laid out.  [default: by its look]"),
            click.option("--size", type=click.IntRange(min=8),
                         help="Side to letterbox chips to, px."),
            click.option("--bands", help="Names of the bands, joined by commas (folder)."),
            click.option("--positive", help="Mask values that mean landslide (folder)."),
            click.option("--channels", help="l4s6 or l4s14 (landslide4sense)."),
        )
    ):  # fmt: skip
        command = option(command)
    return command


def open_folder(folder: Path, **options: Any) -> ChipSource:
    """List a data set by the options of the command line; None leaves an option out.

    Raises:
        LandslideError: see `sources.registry.open_source`.
    """
    from keras_landslide.datasets.registry import open_source

    layout = options.pop("layout", None)
    given = {key: value for key, value in options.items() if value is not None}
    if "bands" in given:
        given["bands"] = tuple(part.strip() for part in given["bands"].split(","))
    if "positive" in given:
        given["positive"] = _numbers(given["positive"])
    return open_source(folder, layout, **given)


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise click.BadParameter(
            f"--positive {text} should be whole numbers joined by commas"
        ) from error
