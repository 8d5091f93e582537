"""The part of a source raster that a target grid needs."""

from __future__ import annotations

import math

from keras_landslide.grid import Grid, Window
from keras_landslide.rasters.align import bounds_in


def near_window(source: Grid, target: Grid, *, margin_px: int) -> Window:
    """The window of `source` that covers `target` and `margin_px` around, cut to the source.

    A DEM of a whole country then costs no more than the basin's part of it.
    """
    box = bounds_in(target, source.crs)
    inverse = ~source.transform
    corners = [inverse @ (x, y) for x in (box.left, box.right) for y in (box.bottom, box.top)]
    col0 = math.floor(min(col for col, _ in corners))
    col1 = math.ceil(max(col for col, _ in corners))
    row0 = math.floor(min(row for _, row in corners))
    row1 = math.ceil(max(row for _, row in corners))
    return Window(row0, col0, row1 - row0, col1 - col0).expand(margin_px).clip(source.shape)
