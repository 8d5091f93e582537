"""Polygons to pixels: burn a vector layer into a byte raster on a grid."""

from __future__ import annotations

from pathlib import Path

import rasterio.warp

from keras_landslide.errors import CrsError, GridMismatchError, InputFileError, NodataError
from keras_landslide.files import replacing
from keras_landslide.grid import Grid
from keras_landslide.rasters.gdal_errors import GDAL_ERRORS, osgeo_gdal, quiet_gdal, writing


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
        srs = features.GetSpatialRef()
        # A GeoPackage without a CRS gives one named "Undefined geographic (or Cartesian) SRS".
        if srs is None or srs.GetName().startswith("Undefined"):
            raise CrsError(
                f"{src}: layer '{features.GetName()}' has no coordinate reference system; set it "
                "with `ogr2ogr -a_srs EPSG:<code>` if you know it"
            )
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


def _open(gdal, src: str | Path):
    if not Path(src).exists():
        raise InputFileError(f"{src}: no such file; check the path")
    try:
        return gdal.OpenEx(str(src), gdal.OF_VECTOR)
    except GDAL_ERRORS as error:
        raise InputFileError(f"{src}: is no vector file that GDAL can read") from error


def _layer(vector, src: str | Path, name: str | None):
    names = [vector.GetLayer(i).GetName() for i in range(vector.GetLayerCount())]
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
