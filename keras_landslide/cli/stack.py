"""`keras-landslide stack`: rasters of a scene, by a recipe, onto one grid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


def stack(
    recipe: Path,
    out: Path,
    *,
    root: Path | None = None,
    memory_mb: int = 128,
    scheduler: str | None = None,
    workers: int | None = None,
) -> Path:
    """Build the stack and print what it holds; see `stack.build.build_stack`."""
    from keras_landslide.errors import LandslideError
    from keras_landslide.rasters.read import stack_info
    from keras_landslide.stack.build import build_stack

    if scheduler is not None and workers is not None:
        raise LandslideError("--scheduler and --workers exclude each other; give one of them")
    build_stack(recipe, out, root=root, memory_mb=memory_mb, scheduler=scheduler, workers=workers)
    info = stack_info(out)
    note = " (SIMULATED data)" if info.simulated else ""
    pixel = info.pixel_size[0]
    print(f"{out}: {info.grid.height} x {info.grid.width} pixels of {pixel:g} m{note}")
    for band in info.bands:
        print(f"  {band.name:<18} {band.unit:<12} {band.source}: {band.derivation}")
    return out


@click.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    default=Path("stack.tif"),
    show_default=True,
    help="The stack to write.",
)
@click.option(
    "--root",
    type=click.Path(path_type=Path),
    help="Folder that the recipe's paths count from; default: the recipe's own.",
)
@click.option(
    "--memory-mb",
    type=click.IntRange(min=32),
    default=128,
    show_default=True,
    help="Memory of each process for warping and for GDAL's cache.",
)
@click.option("--scheduler", metavar="ADDRESS",
              help="Work on the Dask cluster of this scheduler; OUT lies in a folder that its "
              "workers share.")  # fmt: skip
@click.option("--workers", type=click.IntRange(min=1),
              help="Work in this many processes on this machine.")  # fmt: skip
def command(recipe: Path, out: Path, **options: Any) -> None:
    """Warp the rasters that RECIPE names onto one grid, with terrain, radar, NDVI and label.

    A killed run goes on where it stopped when the same command is given again.
    """
    stack(recipe, out, **options)
