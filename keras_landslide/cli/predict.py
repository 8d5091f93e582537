"""`keras-landslide predict`: a bundle over a stack."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from keras_landslide.cli.options import FiniteRange
from keras_landslide.inference.engines.table import DEFAULT, ENGINES


@click.command(short_help="a bundle over a stack: probability map and inventory")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("stack", type=str)
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True,
              help="Folder for probability.tif and inventory.gpkg.")  # fmt: skip
@click.option("--ensemble", type=click.Path(path_type=Path), multiple=True, metavar="BUNDLE",
              help="A further bundle to answer with: mean, and the spread as a band "
              "'uncertainty'. May be given several times.")  # fmt: skip
@click.option("--augment", is_flag=True,
              help="See the scene from all eight sides: mean and uncertainty.")  # fmt: skip
@click.option("--dropout-draws", type=click.IntRange(min=2), default=None, metavar="N",
              help="Answer N times with dropout left on: mean and uncertainty.")  # fmt: skip
@click.option("--flag-missing", is_flag=True,
              help="Add a band 'missing_context': the share of missing pixels among those that "
              "the network sees for a pixel.")  # fmt: skip
@click.option("--format", "map_format", type=click.Choice(["probability", "percent"]),
              default="probability", show_default=True,
              help="Map as float32 in 0..1 or as uint8 percent.")  # fmt: skip
@click.option("--threshold", type=FiniteRange(0, 1),
              help="Probability that counts as landslide.  [default: the bundle's]")  # fmt: skip
@click.option("--minimum-area", "minimum_area_m2", type=FiniteRange(min=0), default=0.0,
              show_default=True, help="Minimum mapping unit, m2.")  # fmt: skip
@click.option("--fill-holes", "fill_holes_m2", type=FiniteRange(min=0), default=0.0,
              show_default=True, help="Fill holes smaller than this, m2.")  # fmt: skip
@click.option("--simplify", "simplify_m", type=FiniteRange(min=0), default=0.0,
              show_default=True, help="Simplify outlines with this tolerance, m; neighbours "
              "never come to overlap.")  # fmt: skip
@click.option("--rule-probability", type=FiniteRange(0, 1),
              help="Keep objects of at least this mean probability.")  # fmt: skip
@click.option("--rule-ndvi", type=FiniteRange(-1, 1),
              help="Keep objects of at most this mean NDVI.")  # fmt: skip
@click.option("--rule-slope", type=FiniteRange(0, 90),
              help="Keep objects of at least this mean slope, degrees.")  # fmt: skip
@click.option("--size-plot", is_flag=True,
              help="Draw the frequency of landslide areas, frequency_area.png.")  # fmt: skip
@click.option("--memory", metavar="SIZE",
              help="Memory for each process, such as 4GB; the windows are those that cost the "
              "least time within it.")  # fmt: skip
@click.option("--window", "window_px", type=click.IntRange(min=1),
              help="Side of a window in pixels; memory and speed grow with it.")  # fmt: skip
@click.option("--batch-size", type=click.IntRange(min=1), default=1, show_default=True,
              help="Windows per call of the network; raise it on a GPU.")  # fmt: skip
@click.option("--engine",
              type=click.Choice(list(ENGINES)), default=DEFAULT, show_default=True,
              help="What runs the network. "
              + " ".join(f"{name}: {engine.use}." for name, engine in ENGINES.items()))  # fmt: skip
@click.option("--scheduler", metavar="ADDRESS",
              help="Work on the Dask cluster of this scheduler.")  # fmt: skip
@click.option("--workers", type=click.IntRange(min=1),
              help="Work in this many processes on this machine.")  # fmt: skip
def command(bundle: Path, stack: str, out: Path, **options: Any) -> None:
    """Run the model BUNDLE over STACK: probability.tif and inventory.gpkg.

    STACK is a file, or a name that GDAL opens such as /vsis3/bucket/stack.tif. A run that was
    stopped goes on where it was when the same command is given again.
    """
    from keras_landslide.workflows.check import drift_warning
    from keras_landslide.workflows.predict import predict_scene_to_folder

    if warning := drift_warning(bundle, stack):
        click.echo(f"warning: {warning}", err=True)
    for path in predict_scene_to_folder(bundle, stack, out, **options).values():
        click.echo(f"wrote {path}")
