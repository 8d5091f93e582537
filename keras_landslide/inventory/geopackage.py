"""Write layers that are whole and the same bytes each time, as GeoPackages or in other formats."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any
from uuid import uuid4

from keras_landslide.errors import CrsError
from keras_landslide.files import replacing
from keras_landslide.inventory.formats import DEFAULT, FORMATS, VectorFormat
from keras_landslide.rasters.gdal_errors import osgeo_gdal, quiet_gdal, writing

# GeoPackages carry the time of their last change. A fixed one keeps a re-run's file identical.
FIXED_DATE = "2000-01-01T00:00:00.000Z"
STYLE_TABLE = "layer_styles"

_TYPES = {"int": "OFTInteger", "int64": "OFTInteger64", "float": "OFTReal", "str": "OFTString"}


@dataclass(frozen=True)
class Layer:
    """What a layer looks like.

    Attributes:
        name: the layer's name.
        geometry: OGR's name of the geometry type, such as `Polygon` or `MultiPolygon`.
        fields: field name to `int`, `int64`, `float`, `str` or `bool`.
        description: one line for people.
        style: QGIS style (QML) among this package's files, as (package, file name), or None.
    """

    name: str
    geometry: str
    fields: Mapping[str, str]
    description: str = ""
    style: tuple[str, str] | None = None


def write_layer(
    path: str | Path,
    layer: Layer,
    crs: str,
    features: Iterable[tuple[bytes, Sequence[Any]]],
    tags: Mapping[str, str] | None = None,
    stored_as: VectorFormat = FORMATS[DEFAULT],
) -> int:
    """Write one layer to a new file, atomically.

    The file depends on the arguments alone: the same ones give the same bytes.

    Args:
        path: the file; an existing one is replaced.
        layer: name, fields and style.
        crs: WKT or authority code.
        features: pairs of geometry (WKB) and field values in the order of `layer.fields`; None
            is NULL.
        tags: metadata of the layer; formats that are not `complete` leave them out.
        stored_as: its format.

    Returns:
        How many features were written.

    Raises:
        CrsError: the CRS cannot be understood.
        OutputError: the file cannot be written.
    """
    gdal = osgeo_gdal()
    srs = spatial_reference(crs, path)
    # SQLite works in memory and the finished bytes go to the disk at once: a full disk is then a
    # failed write like any other, not a database in pieces.
    memory = f"/vsimem/{uuid4().hex}{stored_as.suffix}"
    previous = gdal.GetThreadLocalConfigOption("OGR_CURRENT_DATE")
    gdal.SetThreadLocalConfigOption("OGR_CURRENT_DATE", FIXED_DATE)
    try:
        with writing(path), quiet_gdal():
            driver = gdal.GetDriverByName(stored_as.driver)
            dataset = driver.Create(memory, 0, 0, 0, gdal.GDT_Unknown)
            if stored_as.complete:
                dataset.StartTransaction()
            options = [
                each.format(description=layer.description) for each in stored_as.layer_options
            ]
            table = _table(dataset, layer, srs, options)
            if tags and stored_as.complete:
                table.SetMetadata({key: str(value) for key, value in tags.items()})
            count = _write_features(table, features)
            if stored_as.complete:
                if layer.style:
                    _write_style(dataset, layer)
                dataset.CommitTransaction()
            table = dataset = None
        with replacing(path) as part:
            part.write_bytes(_memory_file(gdal, memory))
    finally:
        gdal.SetThreadLocalConfigOption("OGR_CURRENT_DATE", previous)
        gdal.Unlink(memory)
    return count


def _memory_file(gdal, name: str) -> bytes:
    stream = gdal.VSIFOpenL(name, "rb")
    try:
        return bytes(gdal.VSIFReadL(1, gdal.VSIStatL(name).size, stream))
    finally:
        gdal.VSIFCloseL(stream)


def spatial_reference(crs: str, where: str | Path):
    """The `osr.SpatialReference` of a WKT or authority code, x before y.

    Raises:
        CrsError: the text cannot be understood; the message names `where`.
    """
    osgeo_gdal()
    from osgeo import osr

    srs = osr.SpatialReference()
    try:
        srs.SetFromUserInput(crs)
    except RuntimeError as error:
        raise CrsError(f"{where}: '{crs[:60]}' is no coordinate reference system") from error
    srs.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    return srs


def _table(dataset, layer: Layer, srs, options: Sequence[str]):
    """A new table of a data set, without rows."""
    from osgeo import ogr

    geometry = getattr(ogr, f"wkb{layer.geometry}")
    table = dataset.CreateLayer(layer.name, srs, geometry, list(options))
    for name, kind in layer.fields.items():
        field = ogr.FieldDefn(name, getattr(ogr, _TYPES.get(kind, "OFTInteger")))
        if kind == "bool":
            field.SetSubType(ogr.OFSTBoolean)
        table.CreateField(field)
    return table


def _write_features(table, features: Iterable[tuple[bytes, Sequence[Any]]]) -> int:
    from osgeo import ogr

    count = 0
    for wkb, values in features:
        feature = ogr.Feature(table.GetLayerDefn())
        feature.SetGeometryDirectly(ogr.CreateGeometryFromWkb(wkb))
        for index, value in enumerate(values):
            if value is None:
                feature.SetFieldNull(index)
            else:
                feature.SetField(index, value)
        table.CreateFeature(feature)
        count += 1
    return count


def _write_style(dataset, layer: Layer) -> None:
    """Add the table where QGIS looks for a layer's default style."""
    from osgeo import ogr

    package, file_name = layer.style  # type: ignore[misc]
    values = {
        "f_table_catalog": "",
        "f_table_schema": "",
        "f_table_name": layer.name,
        "f_geometry_column": "geom",
        "styleName": layer.name,
        "styleQML": resources.files(package).joinpath(file_name).read_text(encoding="utf-8"),
        "styleSLD": "",
        "useAsDefault": 1,
        "description": layer.description,
        "owner": "",
        "ui": "",
        "update_time": FIXED_DATE,
    }
    table = dataset.CreateLayer(STYLE_TABLE, None, ogr.wkbNone, ["FID=id"])
    for name in values:
        kind = {"useAsDefault": ogr.OFTInteger, "update_time": ogr.OFTDateTime}
        field = ogr.FieldDefn(name, kind.get(name, ogr.OFTString))
        if name == "useAsDefault":
            field.SetSubType(ogr.OFSTBoolean)
        table.CreateField(field)
    feature = ogr.Feature(table.GetLayerDefn())
    for name, value in values.items():
        feature.SetField(name, value)
    table.CreateFeature(feature)
