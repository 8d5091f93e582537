"""One immutable pixel grid, passed everywhere: where a raster lies, how large its pixels are."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from affine import Affine

from keras_landslide.errors import GridMismatchError

MOST_PX = 1_000_000
"""No scene is wider."""


class Bounds(NamedTuple):
    """Edges in CRS units."""

    left: float
    bottom: float
    right: float
    top: float


class Window(NamedTuple):
    """A rectangle of pixels. Offsets may be negative: readers pad what lies outside."""

    row_off: int
    col_off: int
    height: int
    width: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Row and column slices for an array of the whole grid."""
        return (
            slice(self.row_off, self.row_off + self.height),
            slice(self.col_off, self.col_off + self.width),
        )

    @property
    def row_end(self) -> int:
        """First row below the window."""
        return self.row_off + self.height

    @property
    def col_end(self) -> int:
        """First column right of the window."""
        return self.col_off + self.width

    def expand(self, margin_px: int) -> Window:
        """The window grown by `margin_px` on every side."""
        return Window(
            self.row_off - margin_px,
            self.col_off - margin_px,
            self.height + 2 * margin_px,
            self.width + 2 * margin_px,
        )

    def shift(self, rows: int, cols: int) -> Window:
        """The window moved down and right."""
        return self._replace(row_off=self.row_off + rows, col_off=self.col_off + cols)

    def intersects(self, other: Window) -> bool:
        """Whether the two windows share at least one pixel."""
        return (
            self.row_off < other.row_end
            and other.row_off < self.row_end
            and self.col_off < other.col_end
            and other.col_off < self.col_end
        )

    def clip(self, shape: tuple[int, int]) -> Window:
        """The part of the window inside a raster of `shape` (height, width); may be empty."""
        row0, col0 = max(self.row_off, 0), max(self.col_off, 0)
        row1, col1 = min(self.row_end, shape[0]), min(self.col_end, shape[1])
        return Window(row0, col0, max(row1 - row0, 0), max(col1 - col0, 0))


@dataclass(frozen=True)
class Grid:
    """A pixel grid.

    Attributes:
        crs: coordinate reference system as WKT or an authority code such as `EPSG:32618`.
        transform: affine map from (column, row) of a pixel's corner to (x, y) in CRS units.
        shape: (height, width) in pixels.
    """

    crs: str
    transform: Affine
    shape: tuple[int, int]

    @classmethod
    def from_bounds(cls, crs: str, bounds: Bounds, resolution: float) -> Grid:
        """The north-up grid with square pixels of `resolution` that covers `bounds`.

        Edges are snapped outwards to whole multiples of the resolution, so that grids made from
        neighbouring scenes line up.

        Raises:
            GridMismatchError: `bounds` is empty, `resolution` is not positive, or the grid would
                be absurdly large.
        """
        if resolution <= 0 or bounds.right <= bounds.left or bounds.top <= bounds.bottom:
            raise GridMismatchError(f"no grid of resolution {resolution} fits the bounds {bounds}")
        # A tolerance of a millionth of a pixel keeps 1000.0000001 from adding a whole column.
        col0 = math.floor(bounds.left / resolution + 1e-6)
        col1 = math.ceil(bounds.right / resolution - 1e-6)
        row0 = math.ceil(bounds.top / resolution - 1e-6)
        row1 = math.floor(bounds.bottom / resolution + 1e-6)
        if max(col1 - col0, row0 - row1) > MOST_PX:
            raise GridMismatchError(
                f"a grid of resolution {resolution:g} over the bounds {bounds} has "
                f"{row0 - row1:.3g} x {col1 - col0:.3g} pixels; choose a coarser resolution or "
                f"smaller bounds, of at most {MOST_PX:,} pixels a side"
            )
        transform = Affine(resolution, 0, col0 * resolution, 0, -resolution, row0 * resolution)
        return cls(crs, transform, (row0 - row1, col1 - col0))

    @property
    def height(self) -> int:
        """Rows."""
        return self.shape[0]

    @property
    def width(self) -> int:
        """Columns."""
        return self.shape[1]

    @property
    def resolution(self) -> tuple[float, float]:
        """Pixel (height, width) in CRS units, both positive."""
        t = self.transform
        return math.hypot(t.b, t.e), math.hypot(t.a, t.d)

    @property
    def north_up(self) -> bool:
        """Whether rows run from north to south and columns from west to east."""
        t = self.transform
        return t.b == t.d == 0 and t.a > 0 > t.e

    @property
    def bounds(self) -> Bounds:
        """Outer edges of a north-up grid."""
        t = self.transform
        return Bounds(t.c, t.f + self.height * t.e, t.c + self.width * t.a, t.f)

    @property
    def window(self) -> Window:
        """The window that is the whole grid."""
        return Window(0, 0, self.height, self.width)

    def crop(self, window: Window) -> Grid:
        """The grid of `window` alone."""
        shift = Affine.translation(window.col_off, window.row_off)
        return Grid(self.crs, self.transform @ shift, (window.height, window.width))

    def windows(self, size: int) -> Iterator[Window]:
        """Tiles of at most `size` x `size` pixels that cover the grid, row by row."""
        for row in range(0, self.height, size):
            for col in range(0, self.width, size):
                yield Window(row, col, min(size, self.height - row), min(size, self.width - col))

    def strips(self, rows: int) -> Iterator[Window]:
        """Full-width strips of at most `rows` rows, top to bottom."""
        for row in range(0, self.height, rows):
            yield Window(row, 0, min(rows, self.height - row), self.width)


def is_mercator(wkt: str) -> bool:
    """Whether a CRS (WKT 1) is in Mercator's projection, whose metres stretch with latitude.

    Web maps use it. Slopes, areas and pixel sizes taken in its plane are wrong away from the
    equator: at 43 degrees a metre of it is 0.73 m on the ground.
    """
    return 'PROJECTION["Mercator' in wkt
