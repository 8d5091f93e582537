"""`data.json`: what a run learnt from, in the words of the bundle that it may become."""

from __future__ import annotations

from dataclasses import astuple
from typing import TYPE_CHECKING, Any

from keras_landslide.config import RunConfig
from keras_landslide.errors import BandError
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
    from keras_landslide.patches.statistics import band_ranges
    from keras_landslide.rasters.read import stack_info

    stack = stack_info(config.data.stack)
    described = {band.name: band for band in stack.bands}
    bands = [
        {
            "name": name,
            "unit": _unit(described[name], config.data.stack),
            "kind": kind,
        }
        for name, kind in zip(cache.band_names, cache.kinds, strict=True)
    ]
    return {
        "fingerprint": data_fingerprint(config),
        "simulated": stack.simulated,
        "bands": bands,
        "pixel_size_m": stack.pixel_size_m,
        "patch_size_px": int(cache.labels.shape[1]),
        "training_area": _training_area(stack, cache),
        "band_ranges": band_ranges(cache),
        "patches": {split: len(cache.indices(split)) for split in ("train", "val", "test")},
    }


def _unit(band: BandInfo, stack: str) -> str:
    """The band's unit; none is guessed, since a bundle refuses stacks in other units."""
    if not band.unit:
        raise BandError(
            f"{stack}: band {band.name} has no unit; make the stack by a scene recipe, or note the "
            "unit in its metadata"
        )
    return band.unit


def _training_area(stack: StackInfo, cache: PatchCache) -> dict[str, Any]:
    """Outline of the training patches as a GeoJSON geometry (longitude and latitude, RFC 7946)."""
    import shapely
    from rasterio.warp import transform_geom

    boxes = []
    for index in cache.indices("train"):
        window = cache.patches[index].window
        left, top = stack.grid.transform @ (window.col_off, window.row_off)
        right, bottom = stack.grid.transform @ (window.col_end, window.row_end)
        boxes.append(shapely.box(left, bottom, right, top))
    outline = shapely.union_all(boxes).__geo_interface__
    return transform_geom(stack.grid.crs, "EPSG:4326", outline, precision=7)
