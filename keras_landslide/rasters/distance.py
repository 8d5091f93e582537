"""Distance to the nearest line, such as faults or rivers, as a raster."""

from __future__ import annotations

import math
from pathlib import Path

from keras_landslide.errors import GridMismatchError, NodataError
from keras_landslide.files import replacing
from keras_landslide.grid import Grid, Window
from keras_landslide.rasters.burn import blank_raster
from keras_landslide.rasters.gdal_errors import osgeo_gdal, quiet_gdal, writing
from keras_landslide.rasters.vector import bounds_on, choose_layer, layer_crs, open_vector


def distance_raster(
    src: str | Path, dst: str | Path, grid: Grid, *, limit_m: float, layer: str | None = None
) -> Window:
    """Write the distance of every pixel to the nearest feature of a layer, metres.

    Features are burnt where they touch a pixel; the distance is from centre to centre of pixels
    (GDAL's proximity), so it is right to about a pixel. Features beyond the grid's edge count as
    well, up to `limit_m` away. GDAL works by rows: memory does not grow with the raster.

    Args:
        src: vector file of lines, points or polygons (0 inside).
        dst: float32 GeoTIFF to write; it covers the grid and what lies around; atomic.
        grid: target grid, in metres, square pixels.
        limit_m: what is farther has this value.
        layer: layer name; None takes the only layer.

    Returns:
        The window of the written raster that is `grid`.

    Raises:
        InputFileError: the file cannot be read, or has no such layer.
        CrsError: the layer has no CRS.
        NodataError: the layer is empty.
        GridMismatchError: nothing lies within the limit, or pixels are not square.
        OutputError: `dst` cannot be written.
    """
    gdal = osgeo_gdal()
    height, width = grid.resolution
    if abs(height - width) > 1e-6 * height:
        raise GridMismatchError(
            f"{dst}: distances need square pixels, the grid's are {width:g} x {height:g}; "
            "give [grid] a resolution"
        )
    with quiet_gdal():
        vector = open_vector(src)
        features = choose_layer(vector, src, layer)
        srs = layer_crs(features, src)
        if features.GetFeatureCount() == 0:
            raise NodataError(f"{src}: layer '{features.GetName()}' is empty; check the file")
        window = _around(grid, bounds_on(features, srs, grid), limit_m, src)
        wide = grid.crop(window)
        burnt = Path(dst).with_name(f".burnt-{Path(dst).name}")
        try:
            with replacing(dst, sync=False) as part, writing(dst):
                lines = blank_raster(burnt, wide, gdal.GDT_Byte)
                gdal.RasterizeLayer(
                    lines, [1], features, burn_values=[1], options=["ALL_TOUCHED=TRUE"]
                )
                out = blank_raster(part, wide, gdal.GDT_Float32)
                gdal.ComputeProximity(
                    lines.GetRasterBand(1),
                    out.GetRasterBand(1),
                    [
                        "VALUES=1",
                        "DISTUNITS=GEO",
                        f"MAXDIST={limit_m!r}",
                        f"NODATA={limit_m!r}",
                    ],
                )
                out.FlushCache()
                del out, lines
        finally:
            burnt.unlink(missing_ok=True)
    return Window(-window.row_off, -window.col_off, grid.height, grid.width)


def _around(grid: Grid, box, limit_m: float, src: str | Path) -> Window:
    """The grid's window and, on each side, what features need of the limit."""
    t, size = grid.bounds, grid.resolution[0]
    sides = None
    if box is not None:
        beyond = (t.left - box[0], t.top * -1 + box[3], box[2] - t.right, t.bottom - box[1])
        gaps = (box[0] - t.right, box[1] - t.top, t.left - box[2], t.bottom - box[3])
        if max(gaps) < limit_m:
            sides = [math.ceil(min(max(side, 0), limit_m) / size) for side in beyond]
    if sides is None:
        raise GridMismatchError(
            f"{src}: nothing lies within {limit_m:g} m of the target grid; check its CRS, or "
            "raise limit_m"
        )
    left, top, right, bottom = sides
    return Window(-top, -left, grid.height + top + bottom, grid.width + left + right)
