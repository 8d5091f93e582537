"""The `[dem]` section as layers: elevation, and derivatives computed in metres."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from keras_landslide.bands import HEIGHTS_M, band_of
from keras_landslide.errors import GridMismatchError, InputFileError
from keras_landslide.grid import Bounds, Grid, Window
from keras_landslide.rasters.align import (
    bounds_in,
    check_overlap,
    choose_resampling,
    grid_of,
    in_metres,
    metric_grid,
    offset_on,
    parse_crs,
)
from keras_landslide.rasters.declared import Declared, declared, voids_in, without_voids
from keras_landslide.rasters.read import BandReader
from keras_landslide.rasters.write import RasterWriter
from keras_landslide.recipe import SURROUNDINGS, DemSource, Recipe
from keras_landslide.stacking.near import near_window
from keras_landslide.stacking.sources import described, on_grid, unchanged, within
from keras_landslide.stacking.surroundings import measure, uphill_layers, uphill_range
from keras_landslide.stacking.working_files import Layer, Part, WorkingFiles
from keras_landslide.terrain.curvature import curvature, plan_curvature, profile_curvature
from keras_landslide.terrain.facing import eastness, northness
from keras_landslide.terrain.slope import aspect_deg, slope_deg

TILE_PX = 1024
DERIVATIVES: dict[str, Callable[..., np.ndarray]] = {
    "slope": slope_deg,
    "aspect": aspect_deg,
    "curvature": curvature,
    "profile_curvature": profile_curvature,
    "plan_curvature": plan_curvature,
    "northness": northness,
    "eastness": eastness,
}
METHODS = {
    "slope": "Horn 1981",
    "aspect": "Horn 1981",
    "curvature": "Zevenbergen and Thorne 1987, positive convex",
    "profile_curvature": "Zevenbergen and Thorne 1987, positive convex",
    "plan_curvature": "Zevenbergen and Thorne 1987, positive convex",
    "northness": "sin(slope) cos(aspect), Horn 1981",
    "eastness": "sin(slope) sin(aspect), Horn 1981",
}


def dem_layers(working_files: WorkingFiles, recipe: Recipe, dem: DemSource) -> list[Layer]:
    """Elevation and its derivatives, in the recipe's order.

    Derivatives are computed at the DEM's own resolution in metres and then resampled, since
    derivatives of an upsampled DEM show its steps; `derive_on = "grid"` does it the other way
    round. A DEM in degrees is first warped (cubic) to the target CRS at its own resolution.
    """
    path = recipe.resolve(dem.path)
    check_overlap(grid_of(path), working_files.grid, path)
    path, dem, said = _as_metres(working_files, path, dem)
    uphill = [name for name in dem.derive if uphill_range(name)]
    names = [name for name in dem.derive if name != "elevation" and name not in uphill]
    name = Path(dem.path).name
    made = _derivatives(working_files, path, dem, names, name) if names else {}
    if "elevation" in dem.derive or uphill:
        part, how = on_grid(
            working_files,
            path,
            (1,),
            kind="continuous",
            resampling=dem.resampling,
            nodata=dem.nodata,
            name="elevation",
        )
        band = described("elevation", name, "; ".join([*said, how]))
        made["elevation"] = Layer((band,), (part,), unchanged)
        made |= uphill_layers(working_files, recipe, part, uphill, name)
    return [made[name] for name in dem.derive]


def _as_metres(
    working_files: WorkingFiles, path: Path, dem: DemSource
) -> tuple[Path, DemSource, list[str]]:
    """The DEM in metres, NaN where it has none, what is left to do of its section, and words.

    Its own file, where that is so already. A scale, an offset and a unit of the file are applied,
    the unit of its vertical CRS too; voids that the file does not name are missing.

    Raises:
        InputFileError: the unit is none of length, or heights are none of this planet.
    """
    told = declared(path)
    metres = told.metres(1, path)
    said = []
    if told.scaled(1):
        said.append(f"stored value * {told.scales[0]:g} + {told.offsets[0]:g}, as the file says")
    if metres != 1:
        said.append(f"from {told.units[0] or 'the unit of its vertical CRS'}, {metres:.10g} m")
    voids: list[float] = []
    if dem.valid is None:
        voids = _check_heights(working_files, path, dem, told, metres)
        if voids:
            names = ", ".join(f"{void:g}" for void in voids)
            said.append(f"{names} is missing, though the file does not say so")
    if not (said or dem.valid):
        return path, dem, said
    made = _converted(working_files, path, dem, told, metres)
    return made, replace(dem, nodata=None), said


def _check_heights(
    working_files: WorkingFiles, path: Path, dem: DemSource, told: Declared, metres: float
) -> list[float]:
    """The voids among the DEM's stored values; refuses heights that are none of this planet."""
    grid = grid_of(path)
    near = near_window(grid, working_files.grid, margin_px=_reach_px(grid, working_files.grid, dem))
    voids: set[float] = set()
    low, high = np.inf, -np.inf
    with BandReader(path) as reader:
        for tile in filter(near.intersects, grid.windows(TILE_PX)):
            stored = reader.read_indexes((1,), tile, nodata=dem.nodata)
            voids.update(voids_in(stored))
            heights = told.values(without_voids(stored), 1) * metres
            known = heights[np.isfinite(heights)]
            if known.size:
                low, high = min(low, float(known.min())), max(high, float(known.max()))
    least, most = HEIGHTS_M
    if low < least or high > most:
        raise InputFileError(
            f"{path}: holds heights from {low:g} to {high:g} m, but the land lies between "
            f"{least:g} and {most:g} m; name its nodata value, or say in [dem] which heights are "
            f"valid, such as valid = [{least:g}, {most:g}]"
        )
    return sorted(voids)


def _converted(
    working_files: WorkingFiles, path: Path, dem: DemSource, told: Declared, metres: float
) -> Path:
    """The DEM in metres, with NaN for voids and for heights that the recipe does not call valid.

    On the DEM's own grid, so that nothing else changes; but tiles far from the target, which nobody
    will read, are left out of the file.
    """

    def heights(stored: np.ndarray) -> np.ndarray:
        values = told.values(stored if dem.valid else without_voids(stored), 1)
        if metres != 1:
            values = (values * np.float64(metres)).astype(np.float32)
        return within(values, dem.valid)

    def step(out: Path) -> None:
        grid = grid_of(path)
        near = near_window(
            grid, working_files.grid, margin_px=_reach_px(grid, working_files.grid, dem)
        )
        with BandReader(path) as reader, RasterWriter(out, grid, working=True) as writer:
            for tile in filter(near.intersects, grid.windows(TILE_PX)):
                values = reader.read_indexes((1,), tile, nodata=dem.nodata)
                writer.write(heights(values), tile)

    settings = {"valid": dem.valid, "nodata": dem.nodata, "derive": dem.derive}
    return working_files.make("dem-valid", path, settings, step)


def _reach_px(source: Grid, target: Grid, dem: DemSource) -> int:
    """How far around the target the DEM's pixels count: for surroundings, and for the warps."""
    radii = [float(found[2]) for name in dem.derive if (found := SURROUNDINGS.fullmatch(name))]
    pixel_m = metric_grid(source, target.crs).resolution[0]
    reach_m = max(radii, default=0.0) + 8 * max(pixel_m, *target.resolution)
    return math.ceil(reach_m / pixel_m)


def _derivatives(
    working_files: WorkingFiles, path: Path, dem: DemSource, names: list[str], source_name: str
) -> dict[str, Layer]:
    source, grid, window = _metric_dem(working_files, path, dem)
    factor = dem.curvature_factor
    # The name of a warped DEM holds the digest of how it was warped.
    settings = {"names": names, "factor": factor, "grid": repr(grid), "source": source.name}
    nodata = dem.nodata if source == path else None
    derived = working_files.make(
        "derivatives",
        path,
        settings | {"nodata": dem.nodata, "on": dem.derive_on},
        lambda out: derive(source, out, grid, window, names, nodata=nodata, factor=factor),
    )
    layers = {}
    for kind in ("continuous", "azimuth"):
        group = [name for name in names if _kind(name) == kind]
        if not group:
            continue
        indexes = tuple(names.index(name) + 1 for name in group)
        part, how = _placed(working_files, derived, indexes, kind, dem.resampling)
        for name, index in zip(group, part.indexes, strict=True):
            scaled = f", times {factor:g}" if factor != 1 and "curvature" in name else ""
            around = measure(name, grid)
            method = around.method if around else METHODS[name]
            derivation = f"{method}, at {grid.resolution[0]:.4g} m{scaled}; {how}"
            unit = f"{1 / factor:g}/m" if scaled else "m" if around else None
            band = described(name, source_name, derivation, unit)
            layers[name] = Layer((band,), (replace(part, indexes=(index,)),), unchanged)
    return layers


def _kind(name: str) -> str:
    return band_of(name).kind


def _placed(
    working_files: WorkingFiles,
    derived: Path,
    indexes: tuple[int, ...],
    kind: str,
    resampling: str | None,
) -> tuple[Part, str]:
    """Derivatives of one kind on the target grid."""
    grid = grid_of(derived)
    offset = offset_on(grid, working_files.grid)
    if offset is not None:
        return Part(derived, indexes, offset), "on the target's pixels"
    method = choose_resampling(kind, grid, working_files.grid)
    if kind == "continuous" and resampling:
        method = resampling
    out = working_files.warped(f"derivatives-{kind}", derived, method, indexes)
    return Part(out, tuple(range(1, len(indexes) + 1))), f"warped, {method}"


def _metric_dem(
    working_files: WorkingFiles, path: Path, dem: DemSource
) -> tuple[Path, Grid, Window]:
    """A file with the DEM in metres, the grid to derive on, and its window in that file."""
    source, target = grid_of(path), working_files.grid
    if dem.derive_on == "grid":
        wanted = target.crop(target.window.expand(1))  # a cell more, so that edges have neighbours
        method = dem.resampling or choose_resampling("continuous", source, wanted)
    elif source.north_up and in_metres(parse_crs(source.crs, str(path))):
        window = near_window(source, target, margin_px=4)
        return path, source.crop(window), window
    else:
        resolution = metric_grid(source, target.crs).resolution[0]
        wanted = _common(source, target, resolution, path)
        method = "cubic"
    warped = working_files.warped("dem-metres", path, method, (1,), nodata=dem.nodata, grid=wanted)
    return warped, wanted, wanted.window


def _common(source: Grid, target: Grid, resolution: float, path: Path) -> Grid:
    """The grid of `resolution` over what source and target share, with a margin of 4 cells."""
    box, t, margin = bounds_in(source, target.crs), target.bounds, 4 * resolution
    shared = Bounds(
        max(box.left, t.left - margin),
        max(box.bottom, t.bottom - margin),
        min(box.right, t.right + margin),
        min(box.top, t.top + margin),
    )
    try:
        return Grid.from_bounds(target.crs, shared, resolution)
    except GridMismatchError as error:
        raise GridMismatchError(f"{path}: does not overlap the target grid") from error


def derive(
    src: Path,
    dst: Path,
    grid: Grid,
    window: Window,
    names: list[str],
    *,
    nodata: float | None = None,
    factor: float = 1.0,
) -> None:
    """Write derivatives of the DEM `src` within `window`, whose grid is `grid`, tile by tile.

    Tiles are read with as many cells more on each side as the derivative looks, so that the result
    does not show them.
    """
    with (
        BandReader(src) as reader,
        RasterWriter(dst, grid, len(names), names=names, working=True) as writer,
    ):
        for tile in grid.windows(TILE_PX):
            place = tile.shift(*window[:2])
            for index, name in enumerate(names, start=1):
                around = measure(name, grid)
                margin = around.margin_px if around else 1
                z = reader.read_indexes((1,), place.expand(margin), nodata=nodata)[..., 0]
                if around:
                    values = around.function(z, grid.resolution)
                else:
                    more = {"factor": factor} if "curvature" in name else {}
                    values = DERIVATIVES[name](z, grid.resolution, **more)
                inner = values[margin : margin + tile.height, margin : margin + tile.width]
                writer.write(np.ascontiguousarray(inner), tile, band=index)
