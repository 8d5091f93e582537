"""`keras-landslide stack`: rasters of a scene, by a recipe, onto one grid."""

from __future__ import annotations

from pathlib import Path

import click


def stack(recipe: Path, out: Path, *, root: Path | None = None, memory_mb: int = 128) -> Path:
    """Build the stack and print what it holds; see `stack.build.build_stack`."""
    from keras_landslide.rasters.read import stack_info
    from keras_landslide.stack.build import build_stack

    build_stack(recipe, out, root=root, memory_mb=memory_mb)
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
    help="Memory for warping and for GDAL's cache.",
)
def command(recipe: Path, out: Path, root: Path | None, memory_mb: int) -> None:
    """Warp the rasters that RECIPE names onto one grid, with terrain, radar, NDVI and label.

    A killed run goes on where it stopped when the same command is given again.
    """
    stack(recipe, out, root=root, memory_mb=memory_mb)
