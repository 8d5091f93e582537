"""From a probability map to an inventory: one polygon with attributes per landslide."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from keras_landslide.errors import LandslideError
from keras_landslide.files import scratch
from keras_landslide.inventory.attributes import TILE_PX, Zonal, touching, zonal_statistics
from keras_landslide.inventory.clean import fill_small_holes, polygonal, simplify
from keras_landslide.inventory.formats import format_of
from keras_landslide.inventory.geopackage import Layer, spatial_reference, write_layer
from keras_landslide.inventory.measure import Measure, long_axes, measure_on, plane_of
from keras_landslide.inventory.object_rules import OBJECT_BANDS, ObjectRules
from keras_landslide.rasters.align import check_same_grid
from keras_landslide.rasters.gdal_errors import osgeo_gdal, quiet_gdal, writing
from keras_landslide.rasters.read import BandReader, StackInfo, stack_info
from keras_landslide.rasters.write import RasterWriter
from keras_landslide.runtime.progress import progress

LANDSLIDES = Layer(
    "landslides",
    "MultiPolygon",
    {
        "id": "int",
        "area_m2": "float",
        "perimeter_m": "float",
        "length_m": "float",
        "width_m": "float",
        "orientation_deg": "float",
        "mean_probability": "float",
        "max_probability": "float",
        "mean_uncertainty": "float",
        "mean_slope_deg": "float",
        "max_slope_deg": "float",
        "mean_elevation_m": "float",
        "min_elevation_m": "float",
        "max_elevation_m": "float",
        "elevation_range_m": "float",
        "touches_nodata": "bool",
        "touches_edge": "bool",
        "simulated": "bool",
    },
    "landslides mapped from a probability map",
    ("keras_landslide.inventory", "landslides.qml"),
)
# Polygons checked against the minimum area at a time: specks never fill the memory.
_CHUNK = 20_000


@dataclass(frozen=True)
class Outlines:
    """How outlines are drawn.

    Attributes:
        connectedness: 8 joins pixels that touch at a corner, 4 does not.
        fill_holes_m2: holes smaller than this are filled, with what lies in them.
        simplify_m: outlines are simplified with this tolerance; neighbours never come to overlap.
    """

    connectedness: int = 8
    fill_holes_m2: float = 0.0
    simplify_m: float = 0.0


AS_TRACED = Outlines()


def polygonize(
    probability: str | Path,
    threshold: float,
    out: str | Path,
    *,
    minimum_area_m2: float = 0.0,
    stack: str | Path | None = None,
    outlines: Outlines = AS_TRACED,
    rules: ObjectRules | None = None,
) -> int:
    """Write the landslides of a probability map as a layer `landslides`.

    A landslide is a connected set of pixels with probability >= threshold. Pixels are read tile
    by tile; only polygons above the minimum area are kept in memory. The same input gives the
    same bytes. No landslide gives an empty layer.

    Args:
        probability: raster whose first band is a probability in [0, 1], NaN nodata.
        threshold: decision threshold, [0, 1].
        out: the file; replaced atomically. Its suffix is that of a format, see `formats.FORMATS`.
        minimum_area_m2: minimum mapping unit; smaller polygons are dropped.
        stack: raster on the same grid with `slope` (deg) and `elevation` (m); attributes of a
            band that is missing are NULL.
        outlines: how they are drawn.
        rules: objects that break one are dropped, after all else.

    Returns:
        How many landslides were written.

    Raises:
        InputFileError: a raster cannot be read.
        GridMismatchError: the stack lies on another grid.
        OutputError: the file cannot be written, or there is no format of its suffix.
        LandslideError: a setting is out of range.
    """
    stored_as, connectedness = format_of(out), outlines.connectedness
    if connectedness not in (4, 8) or not 0 <= threshold <= 1:
        raise LandslideError(
            f"threshold {threshold} should lie in [0, 1], and connectedness {connectedness} be 4 "
            "or 8"
        )
    info = stack_info(probability)
    terrain = stack_info(stack) if stack is not None else None
    if terrain is not None:
        check_same_grid(info, terrain)
    measure = measure_on(info.grid, str(probability))
    with scratch(out) as folder:
        mask = _write_mask(info, threshold, folder / "mask.tif")
        traced = _trace(mask, info, folder / "traced.gpkg", connectedness)
        polygons = _keep(_outlines(traced), measure, minimum_area_m2)
    if outlines.fill_holes_m2 > 0:
        polygons = fill_small_holes(polygons, outlines.fill_holes_m2, measure)
    if outlines.simplify_m > 0:
        unit_m = _metres_per_unit(info)
        polygons = simplify(polygons, outlines.simplify_m / unit_m)
    zonal = _statistics(polygons, info, terrain)
    if rules is not None:
        keep = rules.keep(zonal[info.band_names[0]], zonal)
        polygons, zonal = polygons[keep], {name: each.of(keep) for name, each in zonal.items()}
    rows = _rows(polygons, info, terrain, measure, zonal)
    tags = {
        "source": Path(probability).name,
        "threshold": repr(float(threshold)),
        "minimum_area_m2": repr(float(minimum_area_m2)),
        "connectedness": str(connectedness),
        **(rules.tags() if rules is not None else {}),
        "simulated": "yes" if _simulated(info, terrain) else "no",
    }
    return write_layer(out, LANDSLIDES, info.grid.crs, rows, tags, stored_as)


def _write_mask(info: StackInfo, threshold: float, path: Path) -> Path:
    band = info.band_names[:1]
    with (
        BandReader(info.path) as reader,
        RasterWriter(path, info.grid, 1, "uint8") as writer,
    ):
        tiles = list(info.grid.windows(TILE_PX))
        for tile in progress(tiles, "above the threshold", unit="tile"):
            # NaN compares as False: nodata is no landslide.
            above = reader.read(band, tile)[..., 0] >= np.float32(threshold)
            writer.write(above.astype(np.uint8), tile)
    return path


def _trace(mask: Path, info: StackInfo, path: Path, connectedness: int) -> Path:
    """Outlines of the mask's connected parts, as a GeoPackage without index."""
    gdal = osgeo_gdal()
    from osgeo import ogr

    srs = spatial_reference(info.grid.crs, info.path)
    with writing(path), quiet_gdal():
        source = gdal.Open(str(mask))
        dataset = gdal.GetDriverByName("GPKG").Create(str(path), 0, 0, 0, gdal.GDT_Unknown)
        dataset.StartTransaction()
        layer = dataset.CreateLayer("traced", srs, ogr.wkbPolygon, ["SPATIAL_INDEX=NO"])
        band = source.GetRasterBand(1)
        gdal.Polygonize(band, band, layer, -1, ["8CONNECTED=8"] if connectedness == 8 else [])
        dataset.CommitTransaction()
        dataset = None
    return path


def _outlines(path: Path) -> Iterator[np.ndarray]:
    """The traced polygons, some thousands at a time."""
    gdal = osgeo_gdal()
    dataset = gdal.OpenEx(str(path), gdal.OF_VECTOR | gdal.OF_READONLY)
    features = iter(dataset.GetLayer(0))
    while chunk := [bytes(f.GetGeometryRef().ExportToWkb()) for f in islice(features, _CHUNK)]:
        yield shapely.from_wkb(chunk)


def _keep(chunks: Iterator[np.ndarray], measure: Measure, minimum_area_m2: float) -> np.ndarray:
    kept = [np.array([], dtype=object)]
    for traced in chunks:
        # Outlines of 8-connected pixels touch themselves at corners: split them into parts.
        polygons = polygonal(traced)
        kept.append(polygons[measure(polygons)[0] >= minimum_area_m2])
    return np.concatenate(kept)


def _rows(
    polygons: np.ndarray,
    info: StackInfo,
    terrain: StackInfo | None,
    measure: Measure,
    zonal: dict[str, Zonal],
) -> Iterator[tuple[bytes, list[Any]]]:
    nothing = Zonal(np.zeros(len(polygons)), *np.full((3, len(polygons)), np.nan))
    area, perimeter = measure(polygons)
    slope, elevation = zonal.get("slope", nothing), zonal.get("elevation", nothing)
    probability = zonal[info.band_names[0]]
    numbers = np.column_stack([
        area,
        perimeter,
        *long_axes(plane_of(info.grid, str(info.path))(polygons)),
        probability.mean,
        probability.maximum,
        zonal.get("uncertainty", nothing).mean,
        slope.mean,
        slope.maximum,
        elevation.mean,
        elevation.minimum,
        elevation.maximum,
        elevation.maximum - elevation.minimum,
    ])  # fmt: skip
    flags = np.column_stack(touching(polygons, info.grid, info.path, info.band_names[0]))
    simulated = int(_simulated(info, terrain))
    for i, wkb in enumerate(shapely.to_wkb(polygons)):
        values = [float(v) if np.isfinite(v) else None for v in numbers[i]]
        yield wkb, [i + 1, *values, *map(int, flags[i]), simulated]


def _statistics(
    polygons: np.ndarray, info: StackInfo, terrain: StackInfo | None
) -> dict[str, Zonal]:
    """Statistics of all bands that attributes and object rules ask for, as far as there are."""
    own = [info.band_names[0], *(n for n in ("uncertainty",) if n in info.band_names[1:])]
    zonal = zonal_statistics(polygons, info.grid, info.path, tuple(own))
    if terrain is not None:
        wanted = ("slope", "elevation", *OBJECT_BANDS)
        names = tuple(dict.fromkeys(n for n in wanted if n in terrain.band_names))
        zonal |= zonal_statistics(polygons, terrain.grid, terrain.path, names)
    return zonal


def _simulated(info: StackInfo, terrain: StackInfo | None) -> bool:
    return info.simulated or (terrain is not None and terrain.simulated)


def _metres_per_unit(info: StackInfo) -> float:
    """Metres per CRS unit; for degrees, along a meridian."""
    srs = spatial_reference(info.grid.crs, info.path)
    if srs.IsProjected():
        return srs.GetLinearUnits()
    return np.deg2rad(1.0) * srs.GetSemiMajor()
