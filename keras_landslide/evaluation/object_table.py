"""Landslide by landslide: how large, how much of it was found, how far off its outline lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import shapely

from keras_landslide.inventory.clean import polygonal
from keras_landslide.inventory.measure import Measure

SIZE_EDGES_M2 = (1_000.0, 10_000.0, 100_000.0)
"""Edges of the size classes: a tenth of a hectare, one hectare, ten."""


@dataclass(frozen=True)
class ObjectRow:
    """One line of `per_object.csv`.

    Attributes:
        side: `inventory` or `predicted`.
        number: of the object on its side, from 0.
        area_m2: area within the surveyed area.
        size_class: see `size_class`.
        found: whether any of it is covered by the other side.
        overlap: share of its area that the other side covers, [0, 1].
        pieces: objects of the other side that cover some of it: more than one is a landslide
            mapped in parts (inventory), or landslides mapped as one (predicted).
        iou: best intersection over union with one of them; the columns below are of that one.
        uncovered: 1 - shared / own area: over-segmentation of an inventory object,
            under-segmentation of a predicted one (Clinton et al. 2010, doi:10.14358/PERS.76.3.289).
        centroid_distance_m: between the two centroids; None without a match or in degrees.
        boundary_distance_m: mean distance between the two outlines, both ways; as above.
        x: of its centroid, CRS units.
        y: see there.
        group: of an inventory object, such as its event; empty where there are no groups.
    """

    side: str
    number: int
    area_m2: float
    size_class: str
    found: bool
    overlap: float
    pieces: int
    iou: float
    uncovered: float
    centroid_distance_m: float | None
    boundary_distance_m: float | None
    x: float
    y: float
    group: str = ""


def size_class(area_m2: float) -> str:
    """The class of an area, such as `1000-10000` (m2)."""
    place = int(np.searchsorted(SIZE_EDGES_M2, area_m2, side="right"))
    edges = [f"{edge:.0f}" for edge in SIZE_EDGES_M2]
    if place == 0:
        return f"<{edges[0]}"
    return f">={edges[-1]}" if place == len(edges) else f"{edges[place - 1]}-{edges[place]}"


def object_rows(
    predicted: np.ndarray,
    inventory: np.ndarray,
    measure: Measure,
    *,
    surveyed: np.ndarray | None = None,
    spacing: float,
    metric: bool = True,
    groups: Sequence[str] | None = None,
) -> list[ObjectRow]:
    """Describe every object of both sides; inventory first.

    Args:
        predicted: valid shapely polygons, (P,).
        inventory: valid shapely polygons in the same CRS, (I,).
        measure: areas in m2, see `inventory.measure`.
        surveyed: polygons of the area that the inventory covers: objects outside are left out,
            others count with their part inside. None: everywhere.
        spacing: of points along outlines, CRS units; a pixel's side will do.
        metric: whether distances in the CRS are lengths: it is projected.
        groups: group of each inventory object, (I,).
    """
    sides = [np.asarray(side, dtype=object) for side in (inventory, predicted)]
    if surveyed is not None:
        area = shapely.union_all(surveyed)
        # A shared edge would come out as a line beside the polygon.
        sides = [polygonal(shapely.intersection(side, area)) for side in sides]
    kept = [shapely.area(side) > 0 for side in sides]
    theirs, ours = (side[keep] for side, keep in zip(sides, kept, strict=True))
    named = None if groups is None else np.asarray(groups, dtype=object)[kept[0]]
    step = spacing if metric else None
    return [
        *_side("inventory", theirs, ours, measure, step, named),
        *_side("predicted", ours, theirs, measure, step, None),
    ]


def _side(
    name: str,
    own: np.ndarray,
    other: np.ndarray,
    measure: Measure,
    spacing: float | None,
    groups: np.ndarray | None,
) -> list[ObjectRow]:
    if not len(own):
        return []
    areas = measure(own)[0]
    meets: list[list[int]] = [[] for _ in own]
    for i, j in zip(*shapely.STRtree(other).query(own, predicate="intersects"), strict=True):
        meets[i].append(int(j))
    rows = [
        _row(name, number, own[number], other[met], float(areas[number]), spacing)
        for number, met in enumerate(meets)
    ]
    if groups is None:
        return rows
    return [replace(row, group=group) for row, group in zip(rows, groups, strict=True)]


def _row(
    side: str, number: int, own: Any, others: np.ndarray, area_m2: float, spacing: float | None
) -> ObjectRow:
    shared = shapely.area(shapely.intersection(own, others))
    others, shared = others[shared > 0], shared[shared > 0]
    start = (side, number, area_m2, size_class(area_m2))
    place = (own.centroid.x, own.centroid.y)
    if not len(others):
        return ObjectRow(*start, False, 0.0, 0, 0.0, 1.0, None, None, *place)
    iou = shared / (own.area + shapely.area(others) - shared)
    best = int(np.argmax(iou))
    match = others[best]
    overlap = min(shapely.intersection(own, shapely.union_all(others)).area / own.area, 1.0)
    centroids = boundary = None
    if spacing is not None:
        metres = float(np.sqrt(area_m2 / own.area))
        centroids = own.centroid.distance(match.centroid) * metres
        boundary = _outline_distance(own.boundary, match.boundary, spacing) * metres
    rest = max(1 - float(shared[best]) / own.area, 0.0)
    return ObjectRow(
        *start, True, overlap, len(others), float(iou[best]), rest, centroids, boundary, *place
    )


def _outline_distance(a: Any, b: Any, spacing: float) -> float:
    """Mean distance from points along each outline to the other outline, CRS units."""
    ways = []
    for line, target in ((a, b), (b, a)):
        points = shapely.points(shapely.get_coordinates(shapely.segmentize(line, spacing)))
        ways.append(shapely.distance(points, target).mean())
    return float(np.mean(ways))


def object_summary(rows: Sequence[ObjectRow]) -> dict[str, Any]:
    """What the lines say together: rates by size, areas missed and made up, segmentation."""
    theirs = [row for row in rows if row.side == "inventory"]
    ours = [row for row in rows if row.side == "predicted"]
    classes: dict[str, list[bool]] = {size_class(edge): [] for edge in (0.0, *SIZE_EDGES_M2)}
    for row in theirs:
        classes[row.size_class].append(row.found)
    return {
        "by_size_m2": {
            name: {
                "inventory": len(found),
                "detected": sum(found),
                "rate": sum(found) / len(found) if found else None,
            }
            for name, found in classes.items()
        },
        "missed_area_m2": sum(row.area_m2 * (1 - row.overlap) for row in theirs),
        "false_area_m2": sum(row.area_m2 * (1 - row.overlap) for row in ours),
        "over_segmented": sum(row.pieces > 1 for row in theirs),
        "under_segmented": sum(row.pieces > 1 for row in ours),
        "median_iou": _median([row.iou for row in theirs if row.found]),
        "median_centroid_distance_m": _median([row.centroid_distance_m for row in theirs]),
        "median_boundary_distance_m": _median([row.boundary_distance_m for row in theirs]),
    }


def object_lines(rows: Sequence[ObjectRow]) -> list[list[Any]]:
    """Header and lines of `per_object.csv`."""
    header = list(ObjectRow.__dataclass_fields__)
    return [header, *(list(asdict(row).values()) for row in rows)]


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else None
