"""Which pixels a label says something about."""

from __future__ import annotations

import numpy as np


def labelled(label: np.ndarray) -> np.ndarray:
    """Where a label is 0 or 1: neither unlabelled (255) nor, in foreign files, NaN; bool."""
    return np.isin(label, (0, 1))
