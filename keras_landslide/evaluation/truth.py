"""True landslides as polygons, from an inventory or from a stack's label, and where they count."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import shapely
from shapely.affinity import affine_transform

from keras_landslide.errors import InputFileError, RecipeError
from keras_landslide.files import scratch
from keras_landslide.grid import Grid, Window
from keras_landslide.inventory.polygonize import polygonize
from keras_landslide.inventory.read import read_grouped, read_polygons
from keras_landslide.rasters.read import BandReader, stack_info
from keras_landslide.rasters.write import RasterWriter

TILE_PX = 1024


class Truth(NamedTuple):
    """What predicted landslides are held against.

    Attributes:
        polygons: true landslides in the map's CRS, (N,).
        groups: group of each, such as its event; None without groups.
        area: polygons of the area in which objects count; None is everywhere.
        source: in words, for the report.
    """

    polygons: np.ndarray
    groups: list[str] | None
    area: np.ndarray | None
    source: str


def true_landslides(
    stack: str | Path,
    beside: str | Path,
    *,
    inventory: str | Path | None = None,
    surveyed: str | Path | None = None,
    windows: Sequence[Window] | None = None,
    group_field: str | None = None,
) -> Truth:
    """Read an inventory, or trace the label of a stack where there is none.

    Args:
        stack: on the grid of the map.
        beside: an output whose folder takes temporary files.
        inventory: polygons in any CRS; None traces the label (8-connected pixels).
        surveyed: polygons of the area that was looked at; None is the whole map, or, for a
            traced label, where there is one.
        windows: objects count only inside these, as a split's patches; None is everywhere.
        group_field: attribute of the inventory to group by, such as event or basin.

    Raises:
        InputFileError: a file cannot be read, or the inventory has no such attribute or lies
            elsewhere.
        RecipeError: a `group_field` without an inventory that could have it.
        CrsError: the inventory has no CRS.
        BandError: there is no inventory and the stack has no label.
        OutputError: the temporary files cannot be written.
    """
    grid = stack_info(stack).grid
    groups, area = None, None
    if inventory is None:
        if group_field is not None:
            raise RecipeError(
                f"group field '{group_field}': landslides traced from a label have no attributes; "
                "name the inventory's file as well (`inventory`)"
            )
        polygons, area = _traced(stack, grid, beside)
        source = "traced from the label of the stack"
    elif group_field is None:
        polygons, source = read_polygons(inventory, crs=grid.crs), Path(inventory).name
    else:
        polygons, groups = read_grouped(inventory, group_field, crs=grid.crs)
        source = Path(inventory).name
    whole = _outline(grid.window, grid)
    if inventory is not None and len(polygons) and not shapely.intersects(polygons, whole).any():
        raise InputFileError(
            f"{inventory}: none of its {len(polygons)} polygons lies on the map ({stack}); "
            "name the inventory of this basin"
        )
    if surveyed is not None:
        area = read_polygons(surveyed, crs=grid.crs)
    if area is None and inventory is not None:
        area = np.array([whole])  # beyond the map nothing can be found
    if windows is not None:
        inside = shapely.union_all([_outline(window, grid) for window in windows])
        area = np.array([inside if area is None else inside & shapely.union_all(area)])
    return Truth(polygons, groups, area, source)


def _traced(
    stack: str | Path, grid: Grid, beside: str | Path
) -> tuple[np.ndarray, np.ndarray | None]:
    """Landslides of a label, and the labelled area; None where all of it is labelled."""
    with scratch(beside) as folder:
        raster = folder / "label.tif"
        _write(stack, grid, raster, lambda label: label == 1)
        polygonize(raster, 0.5, folder / "landslides.gpkg")
        polygons = read_polygons(folder / "landslides.gpkg")
        if _write(stack, grid, raster, lambda label: (label == 0) | (label == 1)):
            return polygons, None
        polygonize(raster, 0.5, folder / "labelled.gpkg")
        return polygons, read_polygons(folder / "labelled.gpkg")


def _write(
    stack: str | Path, grid: Grid, out: Path, chosen: Callable[[np.ndarray], np.ndarray]
) -> bool:
    """Write 1 where the label is chosen and 0 elsewhere; whether it is chosen everywhere."""
    everywhere = True
    with BandReader(stack) as reader, RasterWriter(out, grid, 1, working=True) as writer:
        for tile in grid.windows(TILE_PX):
            inside = chosen(reader.read(["label"], tile)[..., 0])
            everywhere &= bool(inside.all())
            writer.write(inside.astype(np.float32), tile)
    return everywhere


def _outline(window: Window, grid: Grid) -> shapely.Polygon:
    part = window.clip(grid.shape)
    pixels = shapely.box(part.col_off, part.row_off, part.col_end, part.row_end)
    return affine_transform(pixels, grid.transform.to_shapely())
