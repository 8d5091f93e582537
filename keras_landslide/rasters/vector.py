"""Vector files: open them, choose a layer, and see where it lies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rasterio.warp

from keras_landslide.errors import CrsError, GridMismatchError, InputFileError, NodataError
from keras_landslide.files import on_disk
from keras_landslide.grid import Bounds, Grid
from keras_landslide.rasters.gdal_errors import GDAL_ERRORS
from keras_landslide.rasters.opening import open_gdal_vector


def open_vector(src: str | Path):
    """Open a vector file with GDAL.

    Raises:
        InputFileError: it is missing or GDAL cannot read it.
    """
    if not on_disk(src).exists():
        raise InputFileError(f"{src}: no such file; check the path")
    try:
        return open_gdal_vector(src)
    except GDAL_ERRORS as error:
        raise InputFileError(f"{src}: is no vector file that GDAL can read") from error


def choose_layer(vector, src: str | Path, name: str | None):
    """The layer of that name, or the only one.

    Raises:
        InputFileError: there is none, or several to choose from.
    """
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


def open_on_grid(src: str | Path, layer: str | None, grid: Grid):
    """A vector file and a layer of it, of which something lies near the grid.

    The file has to be kept as long as its layer is used.

    Raises:
        InputFileError: the file cannot be read, or has no such layer or several to choose from.
        CrsError: the layer has no CRS.
        NodataError: the layer is empty.
        GridMismatchError: nothing lies on the grid.
    """
    vector = open_vector(src)
    features = choose_layer(vector, src, layer)
    check_on_grid(features, layer_crs(features, src), grid, src)
    return vector, features


def check_polygons(features, src: str | Path) -> None:
    """Refuse a layer without a polygon where areas are wanted.

    Raises:
        NodataError: it holds points, lines or nothing else.
    """
    from osgeo import ogr

    areas = (ogr.wkbPolygon, ogr.wkbMultiPolygon)
    if ogr.GT_Flatten(features.GetGeomType()) in areas:
        return
    features.ResetReading()
    seen = set()
    for feature in features:  # what a layer of any type holds, its geometries alone can tell
        if geometry := feature.GetGeometryRef():
            kind = ogr.GT_Flatten(geometry.GetGeometryType())
            if kind in areas:
                features.ResetReading()
                return
            seen.add(ogr.GeometryTypeToName(kind))
    raise NodataError(
        f"{src}: layer '{features.GetName()}' holds no polygon but "
        f"{' and '.join(sorted(seen)) or 'no geometry at all'}; take another layer, or buffer "
        "points and lines to the areas that they stand for"
    )


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


def bounds_on(features, srs, grid: Grid) -> Bounds | None:
    """The layer's extent in the grid's CRS; None where it cannot be expressed there."""
    left, right, bottom, top = features.GetExtent()
    box = (left, bottom, right, top)
    crs = rasterio.crs.CRS.from_wkt(srs.ExportToWkt())
    try:
        return Bounds(*rasterio.warp.transform_bounds(crs, grid.crs, *box))
    except GDAL_ERRORS:
        return None


def check_on_grid(features, srs, grid: Grid, src: str | Path) -> None:
    """Refuse a layer of which nothing lies near the grid.

    Raises:
        NodataError: the layer is empty.
        GridMismatchError: nothing lies on the grid.
    """
    if features.GetFeatureCount() == 0:
        raise NodataError(f"{src}: layer '{features.GetName()}' is empty; check the inventory")
    b, t = bounds_on(features, srs, grid), grid.bounds
    if b is None or b[0] > t.right or b[2] < t.left or b[1] > t.top or b[3] < t.bottom:
        raise GridMismatchError(
            f"{src}: no polygon lies on the target grid; check the CRS of the polygons"
        )


def attribute_of(feature, attribute: str, src: str | Path) -> Any:
    """A feature's value, as GDAL types it; None where it has none.

    Raises:
        InputFileError: it is a text in an encoding that the file does not name.
    """
    try:
        value = feature[attribute]
    except UnicodeDecodeError:
        value = "\ufffd"
    if isinstance(value, str) and any(c == "\ufffd" or "\ud800" <= c < "\ue000" for c in value):
        raise InputFileError(
            f"{src}: the text of attribute '{attribute}' is no UTF-8 and the file names no "
            f"encoding; write its name, such as ISO-8859-1 or 1252, into {Path(src).stem}.cpg "
            "beside it"
        )
    return value
