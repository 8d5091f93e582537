"""The polygons of a vector layer, whatever else it holds, and those that a grid does not show."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from keras_landslide.errors import NodataError
from keras_landslide.grid import Grid
from keras_landslide.rasters.gdal_errors import osgeo_gdal, quiet_gdal
from keras_landslide.rasters.vector import check_polygons, open_on_grid

FARTHEST = 1e12
"""No coordinate of a map is larger, in any unit of length."""
CLOSED = "features whose rings were open, and are closed now"
NO_NUMBERS = "features with coordinates that are no numbers"
MOST_CENTRES = 256
"""A polygon with more pixel centres in the box around it is taken to hold one of them."""


@dataclass
class Areas:
    """A layer of polygons.

    Attributes:
        vector: the data set, which has to be kept as long as its layer is used.
        layer: the OGR layer; polygons and multipolygons alone.
        left_out: how many features of each kind hold no area, or were mended.
    """

    vector: Any
    layer: Any
    left_out: Counter[str] = field(default_factory=Counter)

    @property
    def words(self) -> list[str]:
        """What was left out, for people."""
        return told(self.left_out)


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


def told(counted: Mapping[str, int]) -> list[str]:
    """How many features of each kind were left out, or mended, for people."""
    return [
        f"{count} {kind}" if kind == CLOSED else f"{count} {kind} left out"
        for kind, count in sorted(counted.items())
    ]


def open_areas(src: str | Path, layer: str | None, grid: Grid) -> Areas:
    """Open the polygons of a layer, of which something lies near the grid.

    Curves become straight lines, surfaces and collections their polygons, and open rings are
    closed; points, lines, and polygons with coordinates that are no numbers are left out and
    counted. A layer of sound polygons is handed out as it is.

    Raises:
        LandslideError: see `vector.open_on_grid`.
        NodataError: it holds no polygon.
    """
    from osgeo import ogr

    vector, features = open_on_grid(src, layer, grid)
    plain = (ogr.wkbPolygon, ogr.wkbMultiPolygon)
    if ogr.GT_Flatten(features.GetGeomType()) in plain and _all_sound(features):
        return Areas(vector, features)
    gdal = osgeo_gdal()
    memory = gdal.GetDriverByName("Memory").Create("", 0, 0, 0, gdal.GDT_Unknown)
    areas = memory.CreateLayer(features.GetName(), features.GetSpatialRef(), ogr.wkbMultiPolygon)
    for definition in features.schema:
        areas.CreateField(definition)
    found = Areas(memory, areas)
    features.ResetReading()
    for feature in features:
        polygons, problem = areas_of(feature.GetGeometryRef())
        if problem:
            found.left_out[problem] += 1
        if polygons is None:
            continue
        copy = ogr.Feature(areas.GetLayerDefn())
        copy.SetFrom(feature)
        copy.SetGeometry(polygons)
        areas.CreateFeature(copy)
    if not areas.GetFeatureCount():
        check_polygons(features, src)
        raise NodataError(
            f"{src}: layer '{features.GetName()}' holds no polygon that can be used "
            f"({', '.join(found.words) or 'it is empty'}); mend it in QGIS, or take another"
        )
    return found


def areas_of(geometry) -> tuple[Any, str]:
    """The areas of an OGR geometry as a multipolygon, or None; and what was wrong.

    What was wrong is empty where nothing was.
    """
    polygons = _polygons(geometry)
    if polygons is None:
        return None, _kind(geometry)
    sound, problem = _sound(polygons), ""
    if sound is None:
        if not all(math.isfinite(number) for number in polygons.GetEnvelope()):
            return None, NO_NUMBERS  # no ring closes on them
        polygons.CloseRings()
        sound, problem = _sound(polygons), CLOSED
        if sound is None:
            return None, "features whose rings enclose nothing"
    return (polygons, problem) if sound else (None, NO_NUMBERS)


def _sound(geometry) -> bool | None:
    """Whether all coordinates of an OGR geometry are numbers; None where a ring is no ring."""
    import shapely

    with np.errstate(invalid="ignore"):
        shape = shapely.from_wkb(bytes(geometry.ExportToIsoWkb()), on_invalid="ignore")
    if shape is None:
        return None
    return bool((np.abs(shapely.get_coordinates(shape)) < FARTHEST).all())


def _all_sound(features) -> bool:
    """Whether all polygons of a layer have closed rings and coordinates that are numbers."""
    features.ResetReading()
    geometries = (feature.GetGeometryRef() for feature in features)
    fine = all(each is None or each.IsEmpty() or _sound(each) for each in geometries)
    features.ResetReading()
    return fine


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
