"""The polygons of a vector layer, whatever else it holds, and those that a grid does not show."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from keras_landslide.errors import NodataError
from keras_landslide.grid import Grid
from keras_landslide.rasters.gdal_errors import osgeo_gdal, quiet_gdal
from keras_landslide.rasters.vector import check_polygons, open_on_grid

MOST_CENTRES = 256
"""A polygon with more pixel centres in the box around it is taken to hold one of them."""


@dataclass
class Areas:
    """A layer of polygons.

    Attributes:
        vector: the data set, which has to be kept as long as its layer is used.
        layer: the OGR layer; polygons and multipolygons alone.
        left_out: how many features of each kind hold no area.
    """

    vector: Any
    layer: Any
    left_out: Counter[str] = field(default_factory=Counter)

    @property
    def words(self) -> list[str]:
        """What was left out, for people."""
        return [f"{count} {kind} left out" for kind, count in sorted(self.left_out.items())]


@dataclass(frozen=True)
class Lost:
    """Polygons that no pixel shows.

    Attributes:
        polygons: in the layer.
        outside: beyond the grid.
        without_pixel: on the grid, but without a pixel's centre.
    """

    polygons: int
    outside: int
    without_pixel: int

    @property
    def words(self) -> list[str]:
        """What was lost and what helps, for people."""
        words = []
        if self.outside:
            words.append(f"{self.outside} of {self.polygons} polygons lie outside the grid")
        if self.without_pixel:
            words.append(
                f"{self.without_pixel} of {self.polygons} polygons hold no pixel's centre and are "
                "not in the label (all_touched = true in [inventory] or a finer grid keeps them)"
            )
        return words


def open_areas(src: str | Path, layer: str | None, grid: Grid) -> Areas:
    """Open the polygons of a layer, of which something lies near the grid.

    Curves become straight lines, surfaces and collections their polygons; points and lines are
    left out and counted. A layer of plain polygons is handed out as it is.

    Raises:
        LandslideError: see `vector.open_on_grid`.
        NodataError: it holds no polygon.
    """
    from osgeo import ogr

    vector, features = open_on_grid(src, layer, grid)
    plain = (ogr.wkbPolygon, ogr.wkbMultiPolygon)
    if ogr.GT_Flatten(features.GetGeomType()) in plain:
        return Areas(vector, features)
    gdal = osgeo_gdal()
    memory = gdal.GetDriverByName("Memory").Create("", 0, 0, 0, gdal.GDT_Unknown)
    areas = memory.CreateLayer(features.GetName(), features.GetSpatialRef(), ogr.wkbMultiPolygon)
    for definition in features.schema:
        areas.CreateField(definition)
    found = Areas(memory, areas)
    features.ResetReading()
    for feature in features:
        geometry = feature.GetGeometryRef()
        polygons = _polygons(geometry)
        if polygons is None:
            found.left_out[_kind(geometry)] += 1
            continue
        copy = ogr.Feature(areas.GetLayerDefn())
        copy.SetFrom(feature)
        copy.SetGeometry(polygons)
        areas.CreateFeature(copy)
    if not areas.GetFeatureCount():
        check_polygons(features, src)
        raise NodataError(f"{src}: every polygon of layer '{features.GetName()}' is empty")
    return found


def _kind(geometry) -> str:
    """What a feature without an area is, for people."""
    from osgeo import ogr

    if geometry is None or geometry.IsEmpty():
        return "features without a geometry"
    name = ogr.GeometryTypeToName(ogr.GT_Flatten(geometry.GetGeometryType())).lower()
    return f"features of kind {name}"


def _polygons(geometry):
    """The areas of a geometry as a multipolygon; None where it has none."""
    from osgeo import ogr

    if geometry is None or geometry.IsEmpty():
        return None
    out = ogr.Geometry(ogr.wkbMultiPolygon)
    whole = geometry.GetLinearGeometry()  # kept: its parts live as long as it does
    waiting = [whole]
    while waiting:
        part = waiting.pop()
        kind = ogr.GT_Flatten(part.GetGeometryType())
        if kind == ogr.wkbTriangle:
            out.AddGeometry(ogr.ForceToPolygon(part.Clone()))
        elif kind == ogr.wkbPolygon:
            out.AddGeometry(part)
        elif part.GetGeometryCount() and kind not in (ogr.wkbLineString, ogr.wkbPoint):
            waiting += [part.GetGeometryRef(i) for i in range(part.GetGeometryCount())]
    return out if out.GetGeometryCount() else None


def lost(src: str | Path, layer: str | None, grid: Grid) -> Lost:
    """Count the polygons of a layer that pixel centres do not show.

    Args:
        src: vector file.
        layer: layer name; None takes the only layer.
        grid: north-up grid.

    Raises:
        LandslideError: see `open_areas`.
    """
    import shapely
    from osgeo import osr

    with quiet_gdal():
        areas = open_areas(src, layer, grid)
        here, there = areas.layer.GetSpatialRef(), osr.SpatialReference()
        there.SetFromUserInput(grid.crs)
        there.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
        change = None if here.IsSame(there) else osr.CoordinateTransformation(here, there)
        total = outside = without = 0
        areas.layer.ResetReading()
        for feature in areas.layer:
            geometry = feature.GetGeometryRef()
            if geometry is None or geometry.IsEmpty():
                continue
            total += 1
            if change is not None:
                geometry.Transform(change)
            columns, rows = _centres(geometry.GetEnvelope(), grid)
            if columns is None:
                outside += 1
            elif not (len(columns) and len(rows)):
                without += 1
            elif len(columns) * len(rows) <= MOST_CENTRES:
                t = grid.transform
                x, y = np.meshgrid(t.c + t.a * (columns + 0.5), t.f + t.e * (rows + 0.5))
                shape = shapely.from_wkb(bytes(geometry.ExportToWkb()))
                without += not shapely.intersects_xy(shape, x, y).any()
        return Lost(total, outside, without)


def _centres(envelope: tuple[float, ...], grid: Grid):
    """Columns and rows of the pixels whose centres lie in a box; None beyond the grid."""
    left, right, bottom, top = envelope
    t, bounds = grid.transform, grid.bounds
    near = left < bounds.right and right > bounds.left and bottom < bounds.top
    if not (near and top > bounds.bottom):  # NaN is near nothing
        return None, None
    first, last = (left - t.c) / t.a - 0.5, (right - t.c) / t.a - 0.5
    highest, lowest = (top - t.f) / t.e - 0.5, (bottom - t.f) / t.e - 0.5
    columns = np.arange(max(math.ceil(first), 0), min(math.floor(last), grid.width - 1) + 1)
    rows = np.arange(max(math.ceil(highest), 0), min(math.floor(lowest), grid.height - 1) + 1)
    return columns, rows
