"""Areas and perimeters in metres, whatever the CRS of the polygons."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import shapely
from shapely.affinity import affine_transform

from keras_landslide.grid import Grid, is_mercator
from keras_landslide.inventory.geopackage import spatial_reference

Measure = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Polygons (N,) to areas in m2 and perimeters in m, float64 (N,) each."""


Plane = Callable[[np.ndarray], np.ndarray]
"""Polygons (N,) to the same polygons in a plane in metres."""


def measure_on(grid: Grid, where: str = "grid") -> Measure:
    """The way to measure polygons that lie on `grid`, in the plane of `plane_of`.

    Raises:
        CrsError: the grid's CRS cannot be understood; the message names `where`.
    """
    to_plane = plane_of(grid, where)

    def measure(polygons: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        plane = to_plane(polygons)
        return shapely.area(plane), shapely.length(plane)

    return measure


def plane_of(grid: Grid, where: str = "grid") -> Plane:
    """The way to bring polygons that lie on `grid` into a plane in metres.

    In a projected CRS areas and lengths are taken in its plane, so a pixel of 12.5 m has
    156.25 m2. In degrees, and in Mercator projections, whose areas grow with latitude, polygons
    are first projected to Lambert's azimuthal equal-area projection around the grid's centre:
    areas are true, lengths are true to 1e-4 within 250 km of the centre.

    Raises:
        CrsError: the grid's CRS cannot be understood; the message names `where`.
    """
    srs = spatial_reference(grid.crs, where)
    if srs.IsProjected() and not is_mercator(srs.ExportToWkt()):
        unit_m = srs.GetLinearUnits()
        if unit_m == 1:
            return lambda polygons: polygons
        return lambda polygons: shapely.transform(polygons, lambda points: points * unit_m)
    to_plane = _to_equal_area(srs, grid)
    return lambda polygons: shapely.transform(polygons, to_plane)


def long_axes(plane: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Length, width and direction of the smallest rectangle around each polygon.

    Args:
        plane: shapely polygons in metres, x to the east, (N,).

    Returns:
        Long side and short side, m, and the long side's azimuth, degrees clockwise from grid
        north in [0, 180); float64 (N,) each.
    """
    corners = shapely.get_coordinates(shapely.oriented_envelope(plane)).reshape(-1, 5, 2)
    sides = np.diff(corners[:, :3], axis=1)
    lengths = np.hypot(sides[..., 0], sides[..., 1])
    longest = lengths.argmax(axis=1)
    x, y = sides[np.arange(len(sides)), longest].T
    # Rounded, so that the last bit of a rectangle's corner does not turn 0 into 180.
    azimuth = np.round(np.rad2deg(np.arctan2(x, y)), 6) % 180
    return lengths.max(axis=1), lengths.min(axis=1), azimuth


def _to_equal_area(srs, grid: Grid) -> Callable[[np.ndarray], np.ndarray]:
    from osgeo import osr

    middle = shapely.Point(grid.width / 2, grid.height / 2)
    centre = affine_transform(middle, grid.transform.to_shapely())
    degrees = srs.CloneGeogCS()
    degrees.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    lon, lat, _ = osr.CoordinateTransformation(srs, degrees).TransformPoint(centre.x, centre.y)
    plane = osr.SpatialReference()
    # The CRS's own ellipsoid and no datum: nothing is shifted on the way.
    plane.ImportFromProj4(
        f"+proj=laea +lat_0={lat} +lon_0={lon} +a={srs.GetSemiMajor()} "
        f"+rf={srs.GetInvFlattening()} +units=m +no_defs"
    )
    transformation = osr.CoordinateTransformation(srs, plane)

    def to_plane(points: np.ndarray) -> np.ndarray:
        return np.array(transformation.TransformPoints(points.tolist()))[:, :2]

    return to_plane
