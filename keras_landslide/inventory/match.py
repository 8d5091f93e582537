"""Which mapped landslides are in an inventory, and which of the inventory were found.

Counting objects tells what pixel scores hide: many small slides missed, or one slide in pieces.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely


@dataclass(frozen=True)
class ObjectMatch:
    """Object-level agreement of predicted polygons with an inventory.

    Attributes:
        predicted: predicted objects that count (those within the surveyed area).
        inventory: inventory objects that count.
        correct: predicted objects whose overlapped share passes the threshold.
        detected: inventory objects whose overlapped share passes the threshold.
        predicted_overlap: share of each predicted object's area that inventory covers, [0, 1];
            NaN for objects that do not count.
        inventory_overlap: share of each inventory object's area that predictions cover.
        predicted_iou: best intersection over union of each predicted object with one object of
            the inventory, [0, 1].
    """

    predicted: int
    inventory: int
    correct: int
    detected: int
    predicted_overlap: np.ndarray
    inventory_overlap: np.ndarray
    predicted_iou: np.ndarray

    @property
    def precision(self) -> float:
        """Correct share of the predicted objects; NaN without any."""
        return self.correct / self.predicted if self.predicted else float("nan")

    @property
    def recall(self) -> float:
        """Detected share of the inventory; NaN without any."""
        return self.detected / self.inventory if self.inventory else float("nan")

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; NaN where one is, 0 where both are 0."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else total


def match_objects(
    predicted: np.ndarray,
    inventory: np.ndarray,
    *,
    minimum_overlap: float = 0.0,
    surveyed: np.ndarray | None = None,
) -> ObjectMatch:
    """Match predicted polygons with an inventory by overlap.

    An object passes if the share of its own area that the other side covers is at least
    `minimum_overlap`, and more than none. One prediction may find several landslides, and several
    predictions one: precision and recall count objects of their own side.

    Args:
        predicted: valid shapely polygons, (P,).
        inventory: valid shapely polygons in the same CRS, (I,).
        minimum_overlap: [0, 1]; 0 takes any overlap.
        surveyed: polygons of the area that the inventory covers, in the same CRS; objects outside
            do not count, and others count with their part inside. None: everywhere.
    """
    sides = [np.asarray(side, dtype=object) for side in (predicted, inventory)]
    if surveyed is not None:
        area = shapely.union_all(surveyed)
        sides = [shapely.intersection(side, area) for side in sides]
    ours, theirs = sides
    i, j = shapely.STRtree(theirs).query(ours, predicate="intersects")
    shared = shapely.area(shapely.intersection(ours[i], theirs[j]))
    union = shapely.area(ours)[i] + shapely.area(theirs)[j] - shared
    iou = np.zeros(len(ours))
    np.maximum.at(iou, i[union > 0], (shared / np.where(union > 0, union, 1))[union > 0])
    our_overlap = _overlap(ours, theirs, i, j)
    their_overlap = _overlap(theirs, ours, j, i)
    return ObjectMatch(
        predicted=int(np.isfinite(our_overlap).sum()),
        inventory=int(np.isfinite(their_overlap).sum()),
        correct=_passing(our_overlap, minimum_overlap),
        detected=_passing(their_overlap, minimum_overlap),
        predicted_overlap=our_overlap,
        inventory_overlap=their_overlap,
        predicted_iou=np.where(np.isfinite(our_overlap), iou, np.nan),
    )


def _overlap(own: np.ndarray, other: np.ndarray, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """Share of each own area covered by the union of the others that it meets."""
    share = np.where(shapely.area(own) > 0, 0.0, np.nan)
    order = np.argsort(i, kind="stable")
    for group in np.split(order, np.flatnonzero(np.diff(i[order])) + 1):
        if group.size and np.isfinite(share[i[group[0]]]):
            polygon = own[i[group[0]]]
            # The union first: objects of an inventory may overlap each other.
            covered = shapely.intersection(polygon, shapely.union_all(other[j[group]]))
            share[i[group[0]]] = min(covered.area / polygon.area, 1.0)
    return share


def _passing(overlap: np.ndarray, minimum: float) -> int:
    # Without the tolerance a share of 0.5 may come out as 0.49999999.
    return int(((overlap > 0) & (overlap >= minimum - 1e-9)).sum())
