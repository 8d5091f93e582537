"""`keras-landslide susceptibility`: compare models on held-out ground and map a region."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from keras_landslide.cli.options import in_range, seed_option
from keras_landslide.cli.verb import Verb, json_option, print_json


@click.command(
    cls=Verb,
    short_help="susceptibility models compared on held-out ground, and the map",
    example="region.toml -o study",
)
@click.argument("source", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True,
              help="Folder for tables, figures, the model and the map.")  # fmt: skip
@click.option("--root", type=click.Path(path_type=Path),
              help="Folder that the recipe's paths count from.")  # fmt: skip
@click.option("--models", default="naive,llr,nn,lann,cnn,lacnn", show_default=True,
              help="Networks to compare, joined by commas.")  # fmt: skip
@click.option("--peers/--no-peers", default=True, show_default=True,
              help="Random forest and gradient boosting beside them.")  # fmt: skip
@click.option("--held-out", "held", default="", show_default="rows:5,blocks:5",
              help="Kind (rows, columns: strips; blocks) and number of folds.")  # fmt: skip
@click.option("--buffer", "buffer_px", type=in_range("buffer_px"), default=32, show_default=True,
              help="Pixels around a held-out strip that are not learnt from.")  # fmt: skip
@click.option("--protocol", type=click.Choice(["blocked", "published"]), default="blocked",
              show_default=True, help="Ours, or the study's own numbers.")  # fmt: skip
@click.option("--bands", help="Stored bands to learn from, joined by commas; default: all.")
@click.option("--align", help="Channels to align uphill, joined by commas; default: those of a "
              "large logistic weight.")  # fmt: skip
@click.option("--members", type=in_range("members"), default=None,
              show_default="3, or 1 as published",
              help="Networks whose mean is the model.")  # fmt: skip
@click.option("--search-rates", is_flag=True,
              help="Optimizer and rate by 5-fold cross-validation of an epoch, within each fold's "
              "training part.")  # fmt: skip
@click.option("--epochs", type=in_range("epochs"), help="Instead of each network's own.")
@click.option("--patch-px", type=in_range("patch_px"), help="Instead of the protocol's.")
@click.option("--margin", "margin_px", type=in_range("margin_px"),
              help="Pixels around a patch without loss; default: the protocol's.")  # fmt: skip
@click.option("--block", "block_px", type=in_range("block_px"), default=None,
              show_default="32", help="Edge of the blocks of `blocks`, pixels.")  # fmt: skip
@click.option("--map-model", help="Makes the map: a network, random_forest, gradient_boosting or "
              "ensemble; default: the best on the first way of holding out.")  # fmt: skip
@click.option("--map-stack", type=click.Path(path_type=Path),
              help="Map this stack instead of the one learnt from.")  # fmt: skip
@click.option("--classes", type=click.Choice(["natural_breaks", "quantiles", "equal_area"]),
              default="natural_breaks", show_default=True,
              help="How the five classes are cut.")  # fmt: skip
@seed_option("Of folds, networks and peers.")
@json_option
def command(source: Path, out: Path, root: Path | None, as_json: bool, **options: Any) -> None:
    """Compare models on held-out parts of SOURCE, then map all of it with the best.

    SOURCE is a mixed stack with a label, or the recipe (.toml) of one. Pixels without a label are
    mapped, not learnt from. Stopped, the study goes on where it was.
    """
    from keras_landslide.workflows.susceptibility import study_settings, susceptibility

    map_stack = options.pop("map_stack")
    settings = study_settings(**options)
    result = susceptibility(source, out, root=root, map_stack=map_stack, settings=settings)
    if as_json:
        print_json(result.numbers, result.paths)
        return
    click.echo(result.text)
    click.echo(f"\nwrote {out / 'probability.tif'}, {out / 'classes.tif'}, {out / 'scores.md'}")
