"""Polygons to pixels: burn a vector layer into a byte raster on a grid."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from keras_landslide.bands import UNLABELLED
from keras_landslide.files import replacing
from keras_landslide.grid import Bounds, Grid, Window
from keras_landslide.rasters.areas import open_areas
from keras_landslide.rasters.burn import blank_raster
from keras_landslide.rasters.gdal_errors import osgeo_gdal, quiet_gdal, writing
from keras_landslide.rasters.read import BandReader
from keras_landslide.rasters.write import RasterWriter

TILE_PX = 1024


def rasterize(
    src: str | Path,
    dst: str | Path,
    grid: Grid,
    *,
    layer: str | None = None,
    all_touched: bool = False,
) -> Path:
    """Write a byte raster that is 1 where a pixel's centre lies in a polygon and 0 elsewhere.

    Polygons in another CRS are transformed to the grid's. GDAL works in chunks of rows: memory
    does not grow with the raster, only with the polygons.

    Args:
        src: vector file.
        dst: GeoTIFF to write, uncompressed; atomic.
        grid: target grid.
        layer: layer name; None takes the only layer.
        all_touched: burn every pixel that a polygon touches, not only those whose centre it holds.

    Raises:
        InputFileError: the file cannot be read, or has no such layer or several to choose from.
        CrsError: the layer has no CRS.
        NodataError: the layer is empty, or holds points or lines.
        GridMismatchError: no polygon lies near the grid.
        OutputError: `dst` cannot be written.
    """
    gdal = osgeo_gdal()
    with quiet_gdal():
        areas = open_areas(src, layer, grid)
        with replacing(dst, sync=False) as part, writing(dst):
            out = blank_raster(part, grid, gdal.GDT_Byte)
            gdal.RasterizeLayer(
                out,
                [1],
                areas.layer,
                burn_values=[1],
                options=[f"ALL_TOUCHED={'TRUE' if all_touched else 'FALSE'}"],
            )
            out.FlushCache()
            del out
    return Path(dst)


def rasterize_label(
    src: str | Path,
    dst: str | Path,
    grid: Grid,
    *,
    layer: str | None = None,
    surveyed: str | Path | None = None,
    surveyed_layer: str | None = None,
    surveyed_bounds: Bounds | None = None,
    all_touched: bool = False,
) -> Path:
    """Write the label of an inventory: 1 landslide, 0 background, 255 outside the surveyed area.

    Args:
        src: landslide polygons.
        dst: byte GeoTIFF to write; atomic.
        grid: target grid.
        layer: layer of the landslides; None takes the only one.
        surveyed: polygons of the area where landslides were looked for; None for everywhere.
        surveyed_layer: its layer.
        surveyed_bounds: a box in the grid's CRS in which landslides were looked for; pixels whose
            centre lies outside are 255 as well.
        all_touched: as in `rasterize`, for the landslides alone.

    Raises:
        LandslideError: as `rasterize` does.
    """
    names = ["label"]
    with ExitStack() as stack:
        slides_path = stack.enter_context(_working(dst, "slides"))
        rasterize(src, slides_path, grid, layer=layer, all_touched=all_touched)
        slides = stack.enter_context(BandReader(slides_path))
        area = None
        if surveyed is not None:
            area_path = stack.enter_context(_working(dst, "surveyed"))
            rasterize(surveyed, area_path, grid, layer=surveyed_layer)
            area = stack.enter_context(BandReader(area_path))
        writer = stack.enter_context(RasterWriter(dst, grid, 1, "uint8", names=names))
        for window in grid.windows(TILE_PX):
            label = slides.read_indexes((1,), window)
            if area is not None:
                label[area.read_indexes((1,), window) == 0] = UNLABELLED
            if surveyed_bounds is not None:
                label[~_centres_in(surveyed_bounds, grid, window)] = UNLABELLED
            writer.write(label.astype(np.uint8), window)
    return Path(dst)


def _centres_in(box: Bounds, grid: Grid, window: Window) -> np.ndarray:
    """Whether the centres of a window's pixels lie in a box; bool (height, width)."""
    t = grid.transform
    x = t.c + t.a * (np.arange(window.col_off, window.col_end) + 0.5)
    y = t.f + t.e * (np.arange(window.row_off, window.row_end) + 0.5)
    rows, cols = (y >= box.bottom) & (y < box.top), (x >= box.left) & (x < box.right)
    return rows[:, None] & cols


@contextmanager
def _working(dst: str | Path, name: str) -> Iterator[Path]:
    """A path beside `dst` for a file that is removed at the end."""
    path = Path(dst).with_name(f".{name}-{Path(dst).name}")
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
