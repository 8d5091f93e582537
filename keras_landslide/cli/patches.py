"""`keras-landslide patches`: cut a stack into patches with a spatial split."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from keras_landslide.cli.options import FiniteRange, in_range, seed_option
from keras_landslide.cli.verb import Verb, json_option, print_json

if TYPE_CHECKING:
    pass


class Shares(click.ParamType):
    """Three numbers joined by commas."""

    name = "train,val,test"

    def convert(self, value, param, ctx) -> tuple[float, float, float]:
        """Parse `0.6,0.2,0.2`."""
        if isinstance(value, tuple):
            return value
        try:
            train, val, test = (float(part) for part in value.split(","))
        except ValueError:
            self.fail(f"'{value}' is not three numbers joined by commas", param, ctx)
        return train, val, test


@click.command(
    cls=Verb,
    short_help="cut a stack into patches with a spatial split",
    example="stack.tif --size 64",
)
@click.argument("stack", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), default=None,
              help="GeoPackage to write.  [default: patches.gpkg beside the stack]")  # fmt: skip
@click.option(
    "--size",
    type=in_range("block_px"),
    default=128,
    show_default=True,
    help="Edge of a patch in pixels.",
)
@click.option("--overlap", default=0.5, show_default=True, help="Shared part of the edge, [0, 1).")
@click.option(
    "--block",
    type=in_range("block_px"),
    help="Edge of a split block, px.  [default: 1 to 4 patches]",
)
@click.option(
    "--buffer", type=in_range("buffer_px"), help="Gap between splits, px.  [default: one patch]"
)
@click.option("--split", type=Shares(), default="0.6,0.2,0.2", show_default=True,
              help="Shares of train, val and test; 0 leaves one out.")  # fmt: skip
@click.option("--split-kind", type=click.Choice(["spatial", "random"]), default="spatial",
              show_default=True, help="A random split gives optimistic scores.")  # fmt: skip
@click.option("--folds", type=click.IntRange(1, 100), default=5, show_default=True,
              help="Folds of blocked k-fold.")  # fmt: skip
@click.option("--test-fold", type=click.IntRange(0, 99), metavar="K",
              help="Blocked k-fold: fold K is test, the next one val, the rest train.")  # fmt: skip
@seed_option("Same seed, same split.")
@click.option("--image-model", help="Bands that have to be valid.  [default: all of the stack]")
@click.option("--min-valid", "minimum_valid", type=FiniteRange(0, 1), default=0.5,
              show_default=True,
              help="Patches with a smaller labelled and valid share are unused.")  # fmt: skip
@json_option
def command(stack: Path, out: Path | None, as_json: bool, **settings: Any) -> None:
    """Cut STACK into overlapping patches with a blocked, buffered split.

    The split is searched for: equal landslide fractions, few patches lost to the buffer.
    """
    from keras_landslide.workflows.patches import make_patches

    result = make_patches(stack, out, **settings)
    if as_json:
        print_json(result.numbers, result.paths)
        return
    click.echo(result["table"])
    if result["split_kind"] == "random":
        click.echo("random split: patches of different splits overlap, scores will be optimistic")
    click.echo(f"wrote {result['patches']}")
