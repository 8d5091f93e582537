"""Make polygons valid, fill their small holes, simplify their outlines."""

from __future__ import annotations

import numpy as np
import shapely

from keras_landslide.inventory.measure import Measure


def polygonal(geometries: np.ndarray) -> np.ndarray:
    """Valid multipolygons: what is invalid is repaired, and points and lines are left out.

    Args:
        geometries: shapely geometries of any type, (N,).

    Returns:
        MultiPolygons, (N,), empty where a geometry has no area.
    """
    valid = shapely.make_valid(shapely.force_2d(geometries))
    simple = np.isin(shapely.get_type_id(valid), (3, 6))  # Polygon, MultiPolygon
    parts, owner = shapely.get_parts(valid, return_index=True)
    # A repair may nest a multipolygon in a collection.
    parts, inner = shapely.get_parts(parts, return_index=True)
    owner = owner[inner]
    areal = shapely.get_type_id(parts) == 3
    parts, owner = parts[areal], owner[areal]
    out = np.empty(len(valid), object)
    out[:] = shapely.MultiPolygon()
    if parts.size:
        out[np.unique(owner)] = shapely.multipolygons(parts, indices=_dense(owner))
    # Collections may hold polygons that overlap each other.
    out[~simple] = [_multi(shapely.union_all(g)) for g in out[~simple]]
    return out


def fill_small_holes(polygons: np.ndarray, limit_m2: float, measure: Measure) -> np.ndarray:
    """Fill holes smaller than `limit_m2`; polygons that lay in a filled hole are absorbed.

    Args:
        polygons: valid multipolygons, (N,).
        limit_m2: holes of this area and more stay.
        measure: areas of polygons.

    Returns:
        Multipolygons, at most N.
    """
    filled = np.array([_fill(p, limit_m2, measure) for p in polygons], dtype=object)
    changed = np.flatnonzero(shapely.area(filled) > shapely.area(polygons))
    if not changed.size:
        return polygons
    by, inside = shapely.STRtree(filled).query(filled[changed], predicate="covers")
    absorbed = inside[inside != changed[by]]
    return np.delete(filled, absorbed)


def simplify(polygons: np.ndarray, tolerance: float) -> np.ndarray:
    """Simplify outlines together (Visvalingam and Whyatt 1993), so that none come to overlap.

    Args:
        polygons: valid multipolygons that do not overlap, (N,).
        tolerance: in CRS units; corners whose triangle is smaller than its square go.
    """
    if not polygons.size:
        return polygons
    return polygonal(shapely.coverage_simplify(polygons, tolerance))


def _fill(polygon, limit_m2: float, measure: Measure):
    parts = []
    for part in shapely.get_parts(polygon):
        holes = np.array([shapely.Polygon(ring) for ring in part.interiors], dtype=object)
        if holes.size:
            kept = holes[measure(holes)[0] >= limit_m2]
            part = shapely.Polygon(part.exterior, [hole.exterior for hole in kept])
        parts.append(part)
    return _multi(shapely.union_all(parts))


def _multi(geometry):
    parts = shapely.get_parts(geometry)
    return shapely.MultiPolygon(list(parts[shapely.get_type_id(parts) == 3]))


def _dense(owner: np.ndarray) -> np.ndarray:
    """Ascending owners renumbered without gaps."""
    return np.unique(owner, return_inverse=True)[1]
