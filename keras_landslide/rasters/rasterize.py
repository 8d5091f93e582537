"""Polygons to pixels: burn a vector layer into a byte raster on a grid."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import rasterio.warp

from keras_landslide.bands import UNLABELLED
from keras_landslide.errors import CrsError, GridMismatchError, InputFileError, NodataError
from keras_landslide.files import replacing
from keras_landslide.grid import Grid
from keras_landslide.rasters.gdal_errors import GDAL_ERRORS, osgeo_gdal, quiet_gdal, writing
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
        NodataError: the layer has no polygon.
        GridMismatchError: no polygon lies near the grid.
        OutputError: `dst` cannot be written.
    """
    gdal = osgeo_gdal()
    with quiet_gdal():
        vector = _open(gdal, src)
        features = _layer(vector, src, layer)
        srs = layer_crs(features, src)
        if features.GetFeatureCount() == 0:
            raise NodataError(f"{src}: layer '{features.GetName()}' is empty; check the inventory")
        _check_overlap(features, srs, grid, src)
        with replacing(dst, sync=False) as part, writing(dst):
            out = gdal.GetDriverByName("GTiff").Create(
                str(part),
                grid.width,
                grid.height,
                1,
                gdal.GDT_Byte,
                ["TILED=YES", "COMPRESS=PACKBITS"],
            )
            out.SetProjection(rasterio.crs.CRS.from_user_input(grid.crs).to_wkt())
            out.SetGeoTransform(grid.transform.to_gdal())
            gdal.RasterizeLayer(
                out,
                [1],
                features,
                burn_values=[1],
                options=[f"ALL_TOUCHED={'TRUE' if all_touched else 'FALSE'}"],
            )
            out.FlushCache()
            del out
    return Path(dst)


def layer_crs(features, src: str | Path):
    """The `osr.SpatialReference` of an OGR layer of the file `src`.

    Raises:
        CrsError: it has none.
    """
    srs = features.GetSpatialRef()
    # A GeoPackage without a CRS gives one named "Undefined geographic (or Cartesian) SRS".
    if srs is None or srs.GetName().startswith("Undefined"):
        raise CrsError(
            f"{src}: layer '{features.GetName()}' has no coordinate reference system; set it with "
            "`ogr2ogr -a_srs EPSG:<code> out.gpkg <file>` if you know it"
        )
    return srs


def rasterize_label(
    src: str | Path,
    dst: str | Path,
    grid: Grid,
    *,
    layer: str | None = None,
    surveyed: str | Path | None = None,
    surveyed_layer: str | None = None,
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
            writer.write(label.astype(np.uint8), window)
    return Path(dst)


@contextmanager
def _working(dst: str | Path, name: str) -> Iterator[Path]:
    """A path beside `dst` for a file that is removed at the end."""
    path = Path(dst).with_name(f".{name}-{Path(dst).name}")
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _open(gdal, src: str | Path):
    if not Path(src).exists():
        raise InputFileError(f"{src}: no such file; check the path")
    try:
        return gdal.OpenEx(str(src), gdal.OF_VECTOR)
    except GDAL_ERRORS as error:
        raise InputFileError(f"{src}: is no vector file that GDAL can read") from error


def _layer(vector, src: str | Path, name: str | None):
    from osgeo import ogr

    layers = [vector.GetLayer(i) for i in range(vector.GetLayerCount())]
    # QGIS keeps styles in a table without geometry.
    names = [each.GetName() for each in layers if each.GetGeomType() != ogr.wkbNone]
    if name is None and len(names) == 1:
        name = names[0]
    if name not in names:
        wanted = f"has no layer '{name}'" if name else "has several layers; name one"
        raise InputFileError(f"{src}: {wanted}; its layers: {', '.join(names) or 'none'}")
    return vector.GetLayerByName(name)


def _check_overlap(features, srs, grid: Grid, src: str | Path) -> None:
    left, right, bottom, top = features.GetExtent()
    box = (left, bottom, right, top)
    crs = rasterio.crs.CRS.from_wkt(srs.ExportToWkt())
    try:
        b = rasterio.warp.transform_bounds(crs, grid.crs, *box)
    except GDAL_ERRORS:
        b = None
    t = grid.bounds
    if b is None or b[0] > t.right or b[2] < t.left or b[1] > t.top or b[3] < t.bottom:
        raise GridMismatchError(
            f"{src}: no polygon lies on the target grid; check the CRS of the polygons"
        )
