"""`data.json`: what a run learnt from, in the words of the bundle that it may become."""

from __future__ import annotations

from collections.abc import Sequence
from math import isclose
from typing import TYPE_CHECKING, Any

from keras_landslide.config import RunConfig
from keras_landslide.errors import BandError, BundleError

if TYPE_CHECKING:
    from keras_landslide.bands import Band
    from keras_landslide.rasters.read import BandInfo
    from keras_landslide.samples.opened import OpenedSource


def data_fingerprint(config: RunConfig) -> str:
    """A digest of all that a run learns from, see `samples.opened.source_states`.

    Raises:
        LandslideError: a stack, a patch table or a folder of chips cannot be read.
    """
    from keras_landslide.samples.opened import source_states

    return source_states(config)[0]


def data_contract(config: RunConfig, sources: Sequence[OpenedSource]) -> dict[str, Any]:
    """Bands, pixel size, training area and band ranges of a run.

    Args:
        config: the run.
        sources: what it learns from, opened. What is told is of all of them.

    Raises:
        BundleError: a source has other units, kinds of bands or pixels than the first.
        BandError: a band of a stack has no unit.
        CrsError: a stack's grid is not in metres or another length unit.
        LandslideError: a source cannot be read.
    """
    from keras_landslide.bundle.read import PIXEL_SIZE_TOLERANCE
    from keras_landslide.patches.statistics import joined_ranges

    told = [_pixels(source) for source in sources]
    for source, each in zip(sources[1:], told[1:], strict=True):
        for key, value in each.items():
            near = key == "pixel_size_m" and isclose(
                value or 0.0, told[0][key] or 0.0, rel_tol=PIXEL_SIZE_TOLERANCE
            )
            if value != told[0][key] and not near:
                raise BundleError(
                    f"{source.source.place}: {key} {value} is not that of "
                    f"{sources[0].source.place}, {told[0][key]}; one network cannot learn from both"
                )
    train = [(each.cache, int(i)) for each in sources for i in each.cache.indices("train")]
    return {
        "fingerprint": data_fingerprint(config),
        "simulated": any(source.simulated for source in sources),
        **told[0],
        "training_area": _training_area(sources),
        "band_ranges": joined_ranges(train),
        "patches": {
            split: sum(len(source.cache.indices(split)) for source in sources)
            for split in ("train", "val", "test")
        },
    }


def _pixels(source: OpenedSource) -> dict[str, Any]:
    """Bands, pixel and patch size: what all sources of a run have in common."""
    cache, pixel = source.cache, source.pixel_size_m
    units = _units(source)
    return {
        "bands": [
            {"name": name, "unit": units[name], "kind": kind}
            for name, kind in zip(cache.band_names, cache.kinds, strict=True)
        ],
        # NaN, where nobody knows it, is no JSON.
        "pixel_size_m": pixel if pixel > 0 else None,
        "patch_size_px": int(cache.labels.shape[1]),
    }


def _units(source: OpenedSource) -> dict[str, str]:
    """The unit of each band; none is guessed, since a bundle refuses stacks in other units."""
    from keras_landslide.datasets.store import ChipCache

    cache = source.cache
    bands: Sequence[Band | BandInfo] = ()
    if isinstance(cache, ChipCache):
        bands = cache.bands
    elif source.stack is not None:
        bands = [band for band in source.stack.bands if band.name in cache.band_names]
    for band in bands:
        if not band.unit:
            raise BandError(
                f"{source.source.place}: band {band.name} has no unit; make the stack by a scene "
                "recipe, or note the unit in its metadata"
            )
    return {band.name: band.unit for band in bands}


def _training_area(sources: Sequence[OpenedSource]) -> dict[str, Any] | None:
    """Outline of the training patches as a GeoJSON geometry (longitude and latitude, RFC 7946).

    None where nothing tells a place, as of chips.
    """
    import shapely
    from rasterio.warp import transform_geom

    outlines = []
    for source in sources:
        chosen = source.cache.indices("train")
        if source.stack is None or not len(chosen):
            continue
        boxes, grid = [], source.stack.grid
        for index in chosen:
            window = source.cache.patches[index].window
            left, top = grid.transform @ (window.col_off, window.row_off)
            right, bottom = grid.transform @ (window.col_end, window.row_end)
            boxes.append(shapely.box(left, bottom, right, top))
        outline = shapely.union_all(boxes).__geo_interface__
        outlines.append(transform_geom(grid.crs, "EPSG:4326", outline, precision=7))
    if len(outlines) < 2:
        return outlines[0] if outlines else None
    parts = [shapely.geometry.shape(outline) for outline in outlines]
    return shapely.geometry.mapping(shapely.union_all(parts))
