"""Read landslide polygons from any vector file that OGR knows."""

from __future__ import annotations

import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import shapely

from keras_landslide.errors import CrsError, InputFileError, LandslideWarning, NodataError
from keras_landslide.inventory.clean import polygonal
from keras_landslide.inventory.geopackage import spatial_reference
from keras_landslide.rasters.areas import areas_of, told
from keras_landslide.rasters.gdal_errors import quiet_gdal, reading
from keras_landslide.rasters.opening import open_gdal_vector
from keras_landslide.rasters.vector import attribute_of, choose_layer, layer_crs


def read_polygons(
    path: str | Path, *, layer: str | None = None, crs: str | None = None
) -> np.ndarray:
    """Read the polygons of a layer, repaired where invalid.

    Args:
        path: vector file.
        layer: its name; None takes the only one.
        crs: WKT or authority code to project to; None keeps the file's own.

    Returns:
        shapely MultiPolygons, (N,); features without area are left out, and counted in a warning.

    Raises:
        InputFileError: the file cannot be read, or has no such layer.
        NodataError: it holds features, of which none is a polygon that can be used.
        CrsError: `crs` is given and the layer has none, or cannot be projected to it.
    """
    polygons, _ = _read(path, layer, crs, None)
    return polygons


def read_grouped(
    path: str | Path, field: str, *, layer: str | None = None, crs: str | None = None
) -> tuple[np.ndarray, list[str]]:
    """Read polygons with one of their attributes, such as the event that each belongs to.

    Args:
        path: as in `read_polygons`, as the following ones.
        field: the attribute.
        layer: see there.
        crs: see there.

    Returns:
        The polygons, (N,), and the attribute of each as text; empty where it has none.

    Raises:
        InputFileError: the file cannot be read, has no such layer or attribute, or a text of it is
            in an encoding that the file does not name.
        CrsError: as `read_polygons`.
    """
    return _read(path, layer, crs, field)


def _read(
    path: str | Path, layer: str | None, crs: str | None, field: str | None
) -> tuple[np.ndarray, list[str]]:
    with reading(path), quiet_gdal():
        dataset = open_gdal_vector(path)
        table = choose_layer(dataset, path, layer)
        names = [each.GetName() for each in table.schema]
        if field is not None and field not in names:
            raise InputFileError(
                f"{path}: has no attribute '{field}'; it has {', '.join(names) or 'none'}"
            )
        transformation = _transformation(table, path, crs) if crs else None
        found, values = [], []
        left_out: Counter[str] = Counter()
        for feature in table:
            geometry, problem = areas_of(feature.GetGeometryRef())
            if problem:
                left_out[problem] += 1
            if geometry is None:
                continue
            if transformation is not None:
                geometry.Transform(transformation)
            found.append(bytes(geometry.ExportToIsoWkb()))
            values.append("" if field is None else _as_text(attribute_of(feature, field, path)))
    if left_out:
        words = ", ".join(told(left_out))
        if not found:
            raise NodataError(
                f"{path}: holds no polygon that can be used ({words}); mend it in QGIS, or take "
                "another file"
            )
        warnings.warn(f"{path}: {words}", LandslideWarning, stacklevel=3)
    polygons = polygonal(shapely.from_wkb(np.array(found, dtype=object)))
    kept = ~shapely.is_empty(polygons)
    return polygons[kept], [value for value, keep in zip(values, kept, strict=True) if keep]


def _as_text(value: object) -> str:
    """A value as a name; numbers exactly, 3.0 as 3."""
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    return "" if value is None else str(value)


def _transformation(table, path: str | Path, crs: str):
    from osgeo import osr

    source = layer_crs(table, path)
    source.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    target = spatial_reference(crs, path)
    if source.IsSame(target):
        return None
    try:
        return osr.CoordinateTransformation(source, target)
    except RuntimeError as error:
        raise CrsError(f"{path}: cannot be projected to '{crs[:60]}'") from error
