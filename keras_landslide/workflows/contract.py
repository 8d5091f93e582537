"""`data.json`: what a run learnt from, in the words of the bundle that it may become."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from math import isclose
from typing import TYPE_CHECKING, Any

from keras_landslide.config import RunConfig
from keras_landslide.errors import BandError, BundleError
from keras_landslide.files import file_state, fingerprint

if TYPE_CHECKING:
    from keras_landslide.patches.cache import PatchCache
    from keras_landslide.rasters.read import BandInfo, StackInfo


def data_fingerprint(config: RunConfig) -> str:
    """A digest of the stack, the patch table and the bands of a run.

    The stack counts by its own fingerprint (recipe and inputs) where it has one, so that stacking
    the same scene again changes nothing.

    Raises:
        InputFileError: the stack or the patch table cannot be read.
    """
    from keras_landslide.patches.table import read_patches
    from keras_landslide.rasters.read import stack_info

    stack = stack_info(config.data.stack)
    state = stack.tags.get("FINGERPRINT") or {**file_state(stack.path), "path": None}
    rows = [astuple(patch) for patch in read_patches(config.data.patches)]
    return fingerprint({"stack": state, "patches": rows, "bands": config.band_names})


def data_contract(config: RunConfig, cache: PatchCache) -> dict[str, Any]:
    """Bands, pixel size, training area and band ranges of a run.

    Raises:
        BandError: a band of the stack has no unit.
        CrsError: the stack's grid is not in metres or another length unit.
        InputFileError: the stack or the patch table cannot be read.
    """
    return joined_contract([config], [cache])


def joined_contract(configs: Sequence[RunConfig], caches: Sequence[PatchCache]) -> dict[str, Any]:
    """The same of a run that learns from several basins: what is told is of all of them.

    Args:
        configs: a run config per basin, with the same bands.
        caches: their patches.

    Raises:
        BundleError: a basin has other units, kinds of bands or pixels than the first.
        BandError, CrsError, InputFileError: as `data_contract`.
    """
    from keras_landslide.bundle.read import PIXEL_SIZE_TOLERANCE
    from keras_landslide.patches.statistics import joined_ranges
    from keras_landslide.rasters.read import stack_info

    stacks = [stack_info(config.data.stack) for config in configs]
    told = [_pixels(stack, cache) for stack, cache in zip(stacks, caches, strict=True)]
    for stack, each in zip(stacks[1:], told[1:], strict=True):
        for key, value in each.items():
            near = key == "pixel_size_m" and isclose(
                value, told[0][key], rel_tol=PIXEL_SIZE_TOLERANCE
            )
            if value != told[0][key] and not near:
                raise BundleError(
                    f"{stack.path}: {key} {value} is not that of {stacks[0].path}, "
                    f"{told[0][key]}; one network cannot learn from both"
                )
    states = [data_fingerprint(config) for config in configs]
    train = [(cache, int(i)) for cache in caches for i in cache.indices("train")]
    return {
        "fingerprint": states[0] if len(states) == 1 else fingerprint(states),
        "simulated": any(stack.simulated for stack in stacks),
        **told[0],
        "training_area": _training_area(stacks, caches),
        "band_ranges": joined_ranges(train),
        "patches": {
            split: sum(len(cache.indices(split)) for cache in caches)
            for split in ("train", "val", "test")
        },
    }


def _pixels(stack: StackInfo, cache: PatchCache) -> dict[str, Any]:
    """Bands, pixel and patch size: what all basins of a run have in common."""
    units = {band.name: band for band in stack.bands}
    return {
        "bands": [
            {"name": name, "unit": _unit(units[name], str(stack.path)), "kind": kind}
            for name, kind in zip(cache.band_names, cache.kinds, strict=True)
        ],
        "pixel_size_m": stack.pixel_size_m,
        "patch_size_px": int(cache.labels.shape[1]),
    }


def _unit(band: BandInfo, stack: str) -> str:
    """The band's unit; none is guessed, since a bundle refuses stacks in other units."""
    if not band.unit:
        raise BandError(
            f"{stack}: band {band.name} has no unit; make the stack by a scene recipe, or note the "
            "unit in its metadata"
        )
    return band.unit


def _training_area(stacks: Sequence[StackInfo], caches: Sequence[PatchCache]) -> dict[str, Any]:
    """Outline of the training patches as a GeoJSON geometry (longitude and latitude, RFC 7946)."""
    import shapely
    from rasterio.warp import transform_geom

    outlines = []
    for stack, cache in zip(stacks, caches, strict=True):
        boxes = []
        for index in cache.indices("train"):
            window = cache.patches[index].window
            left, top = stack.grid.transform @ (window.col_off, window.row_off)
            right, bottom = stack.grid.transform @ (window.col_end, window.row_end)
            boxes.append(shapely.box(left, bottom, right, top))
        outline = shapely.union_all(boxes).__geo_interface__
        outlines.append(transform_geom(stack.grid.crs, "EPSG:4326", outline, precision=7))
    if len(outlines) == 1:
        return outlines[0]
    parts = [shapely.geometry.shape(outline) for outline in outlines]
    return shapely.geometry.mapping(shapely.union_all(parts))
