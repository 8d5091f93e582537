"""Build `stack.tif` from a recipe."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from keras_landslide.bands import UNLABELLED
from keras_landslide.errors import ClusterError, LandslideError, NodataError, RecipeError
from keras_landslide.files import file_sha256, fingerprint, keep_inputs, on_disk
from keras_landslide.rasters.cache import limited_cache
from keras_landslide.rasters.opening import check_virtual
from keras_landslide.rasters.parts import parts_of
from keras_landslide.rasters.read import BandInfo, stack_info
from keras_landslide.rasters.write import RasterWriter
from keras_landslide.recipe import Recipe, load_recipe
from keras_landslide.runtime.lock import folder_lock
from keras_landslide.runtime.progress import progress
from keras_landslide.stacking.categories import category_layer, distance_layer
from keras_landslide.stacking.cluster import cluster_workers
from keras_landslide.stacking.indices import Derivation, derivation, derived_layer
from keras_landslide.stacking.labels import cloud_layer, label_layer
from keras_landslide.stacking.radar import sar_layer
from keras_landslide.stacking.sources import raster_layer
from keras_landslide.stacking.target import target_grid
from keras_landslide.stacking.terrain import dem_layers
from keras_landslide.stacking.tiles import Here, LayerMaker, Workers
from keras_landslide.stacking.working_files import Layer, WorkingFiles

TILE_PX = 512
"""Side of the windows that are assembled at once: memory does not grow with the scene."""


def build_stack(
    recipe_path: str | Path,
    out_path: str | Path,
    *,
    root: str | Path | None = None,
    memory_mb: int = 128,
    scheduler: str | None = None,
    workers: int | None = None,
) -> Path:
    """Bring every raster of a recipe onto one grid and write them as bands of one GeoTIFF.

    Working files lie in a folder `.<name>.work` beside the output. After a kill the same call goes
    on with those that are complete; the result has the same bytes.

    Args:
        recipe_path: scene recipe (TOML).
        out_path: the stack to write.
        root: folder that the recipe's paths count from.
        memory_mb: memory of a process for the warps (half of it) and for GDAL's caches (a quarter
            each).
        scheduler: address of a Dask scheduler whose workers do the work; see `stacking.cluster`.
        workers: else, processes to start on this machine for it; None works in this one.

    Returns:
        `out_path`.

    Raises:
        RecipeError: the recipe is wrong.
        InputFileError: an input is missing, cut short or no raster.
        CrsError: an input has no CRS.
        BandError: an input lacks a band.
        GridMismatchError: an input does not overlap the target grid.
        NodataError: a band has no valid pixel, or the inventory is empty.
        LockedError: another process is making the same stack.
        ClusterError: the scheduler does not answer, or its workers are lost; working files stay.
        OutputError: the output is one of the inputs, its folder cannot be written, or the disk is
            full.
    """
    out_path = Path(out_path)
    recipe = load_recipe(recipe_path, root=root)
    _check_names(recipe)
    _check_sources(recipe)
    keep_inputs(out_path, [recipe.path, *map(on_disk, recipe.files)])
    folder = out_path.with_name(f".{out_path.name}.work")
    if scheduler is not None or workers is not None:  # they need not run in the current folder
        folder = folder.absolute()
        recipe = replace(recipe, path=recipe.path.absolute(), root=recipe.root.absolute())
    working_files = WorkingFiles(target_grid(recipe), folder, memory_mb)
    cache_bytes = memory_mb // 4 << 20
    pool: AbstractContextManager[Workers] = nullcontext(Here())
    if scheduler is not None or workers is not None:
        pool = cluster_workers(recipe.files, cache_bytes, scheduler=scheduler, workers=workers)
    with folder_lock(folder, "stacking"), limited_cache(cache_bytes):
        try:
            with pool as pool_workers:
                layers = _layers(recipe, working_files, pool_workers)
                _assemble(out_path, recipe, working_files, layers, pool_workers)
        except ClusterError:
            raise  # nothing is wrong with the input: what is finished serves the next attempt
        except LandslideError:
            # The input has to change first: nothing here will be needed again.
            working_files.clean()
            raise
        working_files.clean()
    return out_path


def ensure_stack(
    recipe_path: str | Path, out_path: str | Path, *, root: str | Path | None = None
) -> Path:
    """As `build_stack`, unless `out_path` is the stack of this recipe and these inputs already.

    Raises:
        LandslideError: as `build_stack` does.
    """
    out_path = Path(out_path)
    if out_path.is_file():
        recipe = load_recipe(recipe_path, root=root)
        try:
            known = stack_info(out_path).tags.get("FINGERPRINT")
        except LandslideError:
            known = None  # no stack, or none that can be read: made anew
        if known == _fingerprint(recipe):
            return out_path
    return build_stack(recipe_path, out_path, root=root)


def _layers(recipe: Recipe, working_files: WorkingFiles, workers: Workers) -> list[Layer]:
    """All layers in the order of the stack; each section is made by itself."""
    rasters: list[LayerMaker] = [
        partial(_one, raster_layer, working_files, recipe, raster) for raster in recipe.rasters
    ]
    others: list[LayerMaker] = []
    others += [
        partial(_one, category_layer, working_files, recipe, each) for each in recipe.categories
    ]
    others += [
        partial(_one, distance_layer, working_files, recipe, each) for each in recipe.distances
    ]
    if recipe.dem:
        others.append(partial(dem_layers, working_files, recipe, recipe.dem))
    others += [partial(_one, sar_layer, working_files, recipe, each) for each in recipe.sar]
    if recipe.cloud:
        others.append(partial(_one, cloud_layer, working_files, recipe, recipe.cloud))
    if recipe.inventory:
        others.append(partial(_one, label_layer, working_files, recipe, recipe.inventory))
    made = workers.layers([*rasters, *others])
    first, rest = made[: len(rasters)], made[len(rasters) :]
    derived: list[Layer] = []
    for name, how in _derivations(recipe).items():
        derived.append(derived_layer(name, how, [*made, *derived]))
    return [*first, *derived, *rest]


def _one(make: Callable[..., Layer], working_files: WorkingFiles, *arguments: Any) -> list[Layer]:
    return [make(working_files, *arguments)]


def _band_names(recipe: Recipe) -> list[str]:
    names = [name for raster in recipe.rasters for name in raster.bands]
    names += recipe.derived
    names += [category.band for category in recipe.categories]
    names += [distance.band for distance in recipe.distances]
    names += recipe.dem.derive if recipe.dem else []
    names += [sar.band for sar in recipe.sar]
    names += ["cloud"] if recipe.cloud else []
    return names + (["label"] if recipe.inventory else [])


def _check_names(recipe: Recipe) -> None:
    names = _band_names(recipe)
    for name in names:
        if names.count(name) > 1:
            raise RecipeError(f"{recipe.path}: two bands have the name '{name}'; rename one")
    _derivations(recipe)


def _derivations(recipe: Recipe) -> dict[str, Derivation]:
    """How each band of `[derived]` comes about: of rasters, terrain, radar, and those before it."""
    present = [name for raster in recipe.rasters for name in raster.bands]
    present += recipe.dem.derive if recipe.dem else []
    present += [sar.band for sar in recipe.sar]
    found: dict[str, Derivation] = {}
    for name, formula in recipe.derived.items():
        where = f"{recipe.path}: [derived] {name}"
        found[name] = derivation(formula, [*present, *found], where)
    return found


def _check_sources(recipe: Recipe) -> None:
    """Refuse virtual files of a recipe that lead out of its root, unless it says that they may."""
    if recipe.vrt_sources != "anywhere":
        for path in recipe.files:
            check_virtual(path, [recipe.root])


def _assemble(
    out: Path, recipe: Recipe, working_files: WorkingFiles, layers: list[Layer], workers: Workers
) -> None:
    bands = [band for layer in layers for band in layer.bands]
    tags = {
        "NAME": recipe.name,
        "SIMULATED": "yes" if recipe.simulated else "no",
        "RECIPE": recipe.text,
        "FINGERPRINT": _fingerprint(recipe),
    }
    valid = np.zeros(len(bands), np.int64)
    has_background = False
    with RasterWriter(
        out,
        working_files.grid,
        len(bands),
        names=[band.name for band in bands],
        units=[band.unit for band in bands],
        band_tags=[_tags(band) for band in bands],
        tags=tags,
    ) as writer:
        windows = list(working_files.grid.windows(TILE_PX))
        tiles = progress(workers.tiles(layers, windows), "stack", total=len(windows), unit="tile")
        for window, values in zip(windows, tiles, strict=True):
            writer.write(np.moveaxis(values, 0, -1), window)
            for index, band in enumerate(bands):
                unknown = UNLABELLED if band.name == "label" else np.inf
                # One comparison for both: NaN is below nothing.
                valid[index] += np.count_nonzero(values[index] < unknown)
                if band.name == "label":
                    has_background |= bool((values[index] == 0).any())
        _check_valid(bands, valid, recipe)
        if recipe.inventory and not has_background:
            _refuse_one_class(recipe)


def _check_valid(bands: list[BandInfo], valid: np.ndarray, recipe: Recipe) -> None:
    for band, count in zip(bands, valid, strict=True):
        if count == 0:
            what = "is unlabelled everywhere" if band.name == "label" else "has no valid pixel"
            raise NodataError(
                f"{band.source}: band '{band.name}' {what} on the target grid of {recipe.path}; "
                "check its nodata value, extent and CRS"
            )


def _refuse_one_class(recipe: Recipe) -> None:
    """Refuse a label without background: who learns from it would call everything a landslide."""
    inventory = recipe.inventory
    if inventory is not None and inventory.raster:
        raise NodataError(
            f"{inventory.raster}: holds landslides and no background on the target grid; if its "
            "nodata value stands for background, set nodata to a value that it does not hold, such "
            "as nodata = 255, in [inventory]"
        )
    raise NodataError(
        f"{recipe.path}: all surveyed pixels of the target grid are landslides, so that there is "
        "no background to learn from; make the surveyed area larger"
    )


def _tags(band: BandInfo) -> dict[str, str]:
    tags = {"unit": band.unit, "kind": band.kind, "source": band.source}
    if band.classes:
        tags["classes"] = json.dumps(band.classes)
    return tags | {"derivation": band.derivation}


def _fingerprint(recipe: Recipe) -> str:
    """A digest of the recipe and of the contents of its inputs, wherever they lie."""
    inputs = [path for path in recipe.files if on_disk(path).exists()]
    return fingerprint(
        [recipe.text, [[file_sha256(part) for part in parts_of(path)] for path in inputs]]
    )
