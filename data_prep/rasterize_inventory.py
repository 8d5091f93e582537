"""Burn landslide polygons into a label raster on the grid of another raster.

python data_prep/rasterize_inventory.py inventory.gpkg --like stack.tif -o label.tif
"""

from pathlib import Path

import click

from keras_landslide.cli.main import main

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("inventory", type=FILE)
@click.option("--like", type=FILE, required=True, help="Raster whose grid to take.")
@click.option("--layer", help="Layer of the inventory, where it has several.")
@click.option("--surveyed", type=FILE, help="Polygons of the surveyed area.")
@click.option("--all-touched", is_flag=True, help="Burn all pixels touched.")
@click.option("-o", "--out", type=FILE, default=Path("label.tif"), show_default=True)
def rasterize(inventory: Path, like: Path, out: Path, **options) -> None:
    """Burn the polygons of INVENTORY: 1 landslide, 0 background, 255 outside the surveyed area."""
    from keras_landslide.rasters.align import grid_of
    from keras_landslide.rasters.rasterize import rasterize_label

    rasterize_label(inventory, out, grid_of(like), **options)
    click.echo(f"wrote {out}: 1 landslide, 0 background, 255 outside the surveyed area")


if __name__ == "__main__":
    main(command=rasterize)
