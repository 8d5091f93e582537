"""Burn landslide polygons into a label raster on the grid of another raster.

python data_prep/rasterize_inventory.py inventory.gpkg --like stack.tif -o label.tif
"""

import argparse
import sys
from pathlib import Path

from keras_landslide.errors import LandslideError
from keras_landslide.rasters.align import grid_of
from keras_landslide.rasters.rasterize import rasterize_label


def main() -> None:
    """Read the command line and write the label."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("inventory", type=Path, help="landslide polygons")
    parser.add_argument("--like", type=Path, required=True, help="raster whose grid to take")
    parser.add_argument("--layer", help="layer of the inventory, where it has several")
    parser.add_argument("--surveyed", type=Path, help="polygons of the surveyed area")
    parser.add_argument("--all-touched", action="store_true", help="burn all pixels touched")
    parser.add_argument("-o", "--out", type=Path, default=Path("label.tif"))
    args = parser.parse_args()
    try:
        rasterize_label(
            args.inventory,
            args.out,
            grid_of(args.like),
            layer=args.layer,
            surveyed=args.surveyed,
            all_touched=args.all_touched,
        )
    except LandslideError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    print(f"wrote {args.out}: 1 landslide, 0 background, 255 outside the surveyed area")


if __name__ == "__main__":
    main()
