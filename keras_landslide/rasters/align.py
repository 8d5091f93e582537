"""Where rasters lie: their CRS and bounds, the grid to choose, the resampling that fits."""

from __future__ import annotations

import math
from pathlib import Path

import rasterio
import rasterio.warp
from rasterio.crs import CRS

from keras_landslide.errors import CrsError, GridMismatchError
from keras_landslide.grid import Bounds, Grid, is_mercator
from keras_landslide.rasters.declared import horizontal
from keras_landslide.rasters.gdal_errors import GDAL_ERRORS
from keras_landslide.rasters.read import StackInfo, describe

COARSENING = 2.0
"""From this ratio of pixel sizes on, target pixels are averages of source pixels."""


def parse_crs(text: str, where: str) -> CRS:
    """A CRS from WKT or an authority code; its horizontal part, if it has heights too.

    Raises:
        CrsError: `text` is neither; `where` says in which file it stands.
    """
    try:
        with rasterio.Env():  # PROJ's own line would stand beside ours
            return horizontal(CRS.from_user_input(text))
    except rasterio.errors.CRSError as error:
        raise CrsError(
            f"{where}: '{text[:60]}' is no coordinate reference system; write EPSG:<code> or WKT"
        ) from error


def in_metres(crs: CRS) -> bool:
    """Whether the CRS is projected, and its units are metres on the ground."""
    projected = crs.is_projected and not is_mercator(crs.to_wkt())
    return projected and math.isclose(crs.linear_units_factor[1], 1.0)


def bounds_in(grid: Grid, crs: str) -> Bounds:
    """The box in `crs` around a grid, its edges densified.

    Raises:
        GridMismatchError: the grid lies where `crs` is not defined.
    """
    # Corners, since a grid may be rotated or have its rows from south to north.
    xs, ys = zip(*(grid.transform @ corner for corner in _corners(grid)), strict=True)
    if grid.crs == crs:
        return Bounds(min(xs), min(ys), max(xs), max(ys))
    try:
        box = rasterio.warp.transform_bounds(
            grid.crs, crs, min(xs), min(ys), max(xs), max(ys), densify_pts=21
        )
    except GDAL_ERRORS as error:
        raise GridMismatchError(f"bounds cannot be expressed in {crs[:40]}") from error
    if not all(map(math.isfinite, box)):
        raise GridMismatchError(f"bounds cannot be expressed in {crs[:40]}")
    return Bounds(*box)


def utm_crs(grid: Grid) -> str:
    """The WGS 84 / UTM zone of a grid's centre, as `EPSG:326nn` or `EPSG:327nn`."""
    left, bottom, right, top = bounds_in(grid, "EPSG:4326")
    middle = (left + right + (360 if left > right else 0)) / 2  # across the 180th meridian
    zone = int((middle + 180) // 6) % 60 + 1
    return f"EPSG:{(32600 if (bottom + top) / 2 >= 0 else 32700) + zone}"


def metric_grid(source: Grid, crs: str, resolution: float | None = None) -> Grid:
    """The north-up grid in `crs` that covers `source`.

    Without `resolution` the pixels have about the ground size of the source's, as `gdalwarp`
    would choose, rounded to three digits.

    Raises:
        GridMismatchError: the source lies where `crs` is not defined.
    """
    box = bounds_in(source, crs)  # first: it refuses what the warp could only stumble over
    if resolution is None:
        if source.crs == crs:
            resolution = source.resolution[0]
        else:
            transform, _, _ = rasterio.warp.calculate_default_transform(
                source.crs, crs, source.width, source.height, *bounds_in(source, source.crs)
            )
            resolution = float(f"{transform.a:.3g}")
    return Grid.from_bounds(crs, box, resolution)


def check_overlap(source: Grid, target: Grid, path: str | Path) -> None:
    """Refuse a raster that does not touch the target grid.

    Raises:
        GridMismatchError: naming the file and both places.
    """
    try:
        box = bounds_in(source, target.crs)
    except GridMismatchError as error:
        raise GridMismatchError(
            f"{path}: does not overlap the target grid; check the CRS of both"
        ) from error
    t = target.bounds
    if box.left >= t.right or box.right <= t.left or box.bottom >= t.top or box.top <= t.bottom:
        here, there = ([round(v, 1) for v in edges] for edges in (box, t))
        raise GridMismatchError(
            f"{path}: does not overlap the target grid: it covers {here}, the grid {there} "
            "(left, bottom, right, top); check the CRS or the bounds in the recipe"
        )


def check_same_grid(a: StackInfo, b: StackInfo) -> None:
    """Refuse rasters whose pixels do not lie on each other.

    Raises:
        GridMismatchError: saying what differs.
    """
    differing = [
        name
        for name, same in (
            ("size", a.grid.shape == b.grid.shape),
            ("CRS", parse_crs(a.grid.crs, str(a.path)) == parse_crs(b.grid.crs, str(b.path))),
            (
                "transform",
                a.grid.transform.almost_equals(b.grid.transform, 1e-6 * a.grid.resolution[0]),
            ),
        )
        if not same
    ]
    if differing:
        raise GridMismatchError(
            f"{a.path} and {b.path} do not share a grid, they differ in {', '.join(differing)}; "
            "give the stack that was predicted on"
        )


def offset_on(source: Grid, target: Grid) -> tuple[int, int] | None:
    """(row, column) of the target's origin in the source if their pixels coincide, else None.

    Where they coincide, reading with an offset is all the alignment there is to do.
    """
    if parse_crs(source.crs, "source") != parse_crs(target.crs, "target"):
        return None
    s, t = source.transform, target.transform
    size = max(target.shape)
    steps = (abs(getattr(s, key) - getattr(t, key)) * size for key in "abde")
    if max(steps) > 1e-3 * abs(t.a):
        return None
    col, row = ~s @ (t.c, t.f)
    if max(abs(col - round(col)), abs(row - round(row))) > 1e-3:
        return None
    return round(row), round(col)


def choose_resampling(kind: str, source: Grid, target: Grid) -> str:
    """The resampling that fits a band's kind and the change of pixel size.

    Bilinear for continuous bands, or average when the target's pixels are at least twice as large;
    nearest or mode for categories; nearest for directions, which cannot be averaged as numbers.
    """
    coarser = coarsening(source, target) >= COARSENING
    if kind == "categorical":
        return "mode" if coarser else "nearest"
    if kind == "azimuth":
        return "nearest"
    return "average" if coarser else "bilinear"


def coarsening(source: Grid, target: Grid) -> float:
    """How many source pixels fit along the side of a target pixel (geometric mean)."""
    box = bounds_in(source, target.crs)
    height = (box.top - box.bottom) / source.height
    width = (box.right - box.left) / source.width
    (target_height, target_width) = target.resolution
    return math.sqrt(target_height * target_width / (height * width))


def grid_of(path: str | Path) -> Grid:
    """The grid of a raster.

    Raises:
        InputFileError: the file is missing or no raster.
        CrsError: it has no CRS.
    """
    return describe(path).grid


def _corners(grid: Grid) -> list[tuple[int, int]]:
    return [(0, 0), (grid.width, 0), (0, grid.height), (grid.width, grid.height)]
