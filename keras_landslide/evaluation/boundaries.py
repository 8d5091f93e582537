"""Boundary F1: do predicted outlines run where the true ones do?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.ndimage import binary_dilation

TOLERANCE_PX = 2


@dataclass(frozen=True)
class Boundaries:
    """Boundary pixels, and how many of them have one of the other side near.

    Csurka et al. 2013, doi:10.5244/C.27.32. Scores without boundary pixels are None.

    Attributes:
        predicted: boundary pixels of the prediction.
        predicted_near: those within the tolerance of a true one.
        true: boundary pixels of the label.
        true_near: those within the tolerance of a predicted one.
    """

    predicted: int = 0
    predicted_near: int = 0
    true: int = 0
    true_near: int = 0

    @property
    def precision(self) -> float | None:
        """Share of predicted boundary pixels near a true one."""
        return self.predicted_near / self.predicted if self.predicted else None

    @property
    def recall(self) -> float | None:
        """Share of true boundary pixels near a predicted one."""
        return self.true_near / self.true if self.true else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of both; 0 where only one side has boundaries, None where neither has."""
        if not self.predicted and not self.true:
            return None
        p, r = self.precision or 0.0, self.recall or 0.0
        return 2 * p * r / (p + r) if p + r else 0.0


class Outlines(NamedTuple):
    """Where boundary pixels are, bool (H, W) each; fields as those of `Boundaries`."""

    predicted: np.ndarray
    predicted_near: np.ndarray
    true: np.ndarray
    true_near: np.ndarray


def outlines(
    said: np.ndarray, so: np.ndarray, scored: np.ndarray, core: tuple[slice, slice], tolerance: int
) -> Outlines:
    """Find the boundary pixels of a window's core.

    A boundary pixel is a scored landslide pixel with a scored background pixel above, below, left
    or right: the edges of the map and of what is labelled are no boundaries.

    Args:
        said: predicted landslide, bool (H, W).
        so: true landslide, bool (H, W).
        scored: pixels that count, bool (H, W).
        core: the part to count in; the window reaches `tolerance + 1` pixels beyond it, or to
            the map's edge.
        tolerance: distance that is near, pixels (Euclidean).
    """
    edges = [_outline(side & scored, ~side & scored) for side in (said, so)]
    near = [binary_dilation(side, _disk(tolerance)) for side in edges]
    predicted, true = (side[core] for side in edges)
    return Outlines(predicted, predicted & near[1][core], true, true & near[0][core])


def _outline(inside: np.ndarray, outside: np.ndarray) -> np.ndarray:
    return inside & binary_dilation(outside)


def _disk(radius: int) -> np.ndarray:
    y, x = np.ogrid[-radius : radius + 1, -radius : radius + 1]
    return x**2 + y**2 <= radius**2
