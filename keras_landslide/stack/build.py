"""Build `stack.tif` from a recipe."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from keras_landslide.bands import UNLABELLED
from keras_landslide.errors import LandslideError, NodataError, RecipeError
from keras_landslide.files import file_sha256, fingerprint, keep_inputs
from keras_landslide.grid import Window
from keras_landslide.lock import folder_lock
from keras_landslide.progress import progress
from keras_landslide.rasters.cache import limited_cache
from keras_landslide.rasters.parts import parts_of
from keras_landslide.rasters.read import BandInfo, BandReader, stack_info
from keras_landslide.rasters.write import RasterWriter
from keras_landslide.recipe import Recipe, load_recipe
from keras_landslide.stack.categories import category_layer, distance_layer
from keras_landslide.stack.radar import sar_layer
from keras_landslide.stack.sources import cloud_layer, label_layer, ndvi_layer, raster_layer
from keras_landslide.stack.target import target_grid
from keras_landslide.stack.terrain import dem_layers
from keras_landslide.stack.workshop import Layer, Workshop

TILE_PX = 512
"""Side of the windows that are assembled at once: memory does not grow with the scene."""


def build_stack(
    recipe_path: str | Path,
    out_path: str | Path,
    *,
    root: str | Path | None = None,
    memory_mb: int = 128,
) -> Path:
    """Bring every raster of a recipe onto one grid and write them as bands of one GeoTIFF.

    Working files lie in a folder `.<name>.work` beside the output. After a kill the same call goes
    on with those that are complete; the result has the same bytes.

    Args:
        recipe_path: scene recipe (TOML).
        out_path: the stack to write.
        root: folder that the recipe's paths count from.
        memory_mb: memory for the warps (half of it) and for GDAL's caches (a quarter each).

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
        OutputError: the output is one of the inputs, its folder cannot be written, or the disk is
            full.
    """
    out_path = Path(out_path)
    recipe = load_recipe(recipe_path, root=root)
    _check_names(recipe)
    keep_inputs(out_path, [recipe.path, *recipe.files])
    folder = out_path.with_name(f".{out_path.name}.work")
    workshop = Workshop(target_grid(recipe), folder, memory_mb)
    with folder_lock(folder, "stacking"), limited_cache(memory_mb // 4 << 20):
        try:
            layers = list(_layers(recipe, workshop))
            _assemble(out_path, recipe, workshop, layers)
        except LandslideError:
            workshop.clean()  # the input has to change first: nothing here will be needed again
            raise
        workshop.clean()
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


def _layers(recipe: Recipe, workshop: Workshop) -> Iterable[Layer]:
    rasters = [raster_layer(workshop, recipe, raster) for raster in recipe.rasters]
    yield from rasters
    if recipe.derived.ndvi:
        yield ndvi_layer(rasters)
    for category in recipe.categories:
        yield category_layer(workshop, recipe, category)
    for distance in recipe.distances:
        yield distance_layer(workshop, recipe, distance)
    if recipe.dem:
        yield from dem_layers(workshop, recipe, recipe.dem)
    for sar in recipe.sar:
        yield sar_layer(workshop, recipe, sar)
    if recipe.cloud:
        yield cloud_layer(workshop, recipe, recipe.cloud)
    if recipe.inventory:
        yield label_layer(workshop, recipe, recipe.inventory)


def _band_names(recipe: Recipe) -> list[str]:
    names = [name for raster in recipe.rasters for name in raster.bands]
    names += ["ndvi"] if recipe.derived.ndvi else []
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
    missing = [name for name in ("red", "nir") if name not in names]
    if recipe.derived.ndvi and missing:
        raise RecipeError(f"{recipe.path}: ndvi needs the band {' and '.join(missing)}")


def _assemble(out: Path, recipe: Recipe, workshop: Workshop, layers: list[Layer]) -> None:
    bands = [band for layer in layers for band in layer.bands]
    tags = {
        "NAME": recipe.name,
        "SIMULATED": "yes" if recipe.simulated else "no",
        "RECIPE": recipe.text,
        "FINGERPRINT": _fingerprint(recipe),
    }
    valid = np.zeros(len(bands), np.int64)
    with (
        _Readers() as readers,
        RasterWriter(
            out,
            workshop.grid,
            len(bands),
            names=[band.name for band in bands],
            units=[band.unit for band in bands],
            band_tags=[_tags(band) for band in bands],
            tags=tags,
        ) as writer,
    ):
        windows = list(workshop.grid.windows(TILE_PX))
        for window in progress(windows, "stack", unit="tile"):
            values = _read(layers, readers, window, len(bands))
            writer.write(np.moveaxis(values, 0, -1), window)
            for index, band in enumerate(bands):
                unknown = UNLABELLED if band.name == "label" else np.inf
                # One comparison for both: NaN is below nothing.
                valid[index] += np.count_nonzero(values[index] < unknown)
        _check_valid(bands, valid, recipe)


def _read(
    layers: list[Layer], readers: dict[Path, BandReader], window: Window, count: int
) -> np.ndarray:
    """A window of all bands, float32 (bands, height, width)."""
    values = np.empty((count, window.height, window.width), np.float32)
    first = 0
    for layer in layers:
        finished = layer.finish(*(part.read(readers, window) for part in layer.parts))
        for channel in range(len(layer.bands)):
            values[first + channel] = finished[..., channel]
        first += len(layer.bands)
    return values


def _check_valid(bands: list[BandInfo], valid: np.ndarray, recipe: Recipe) -> None:
    for band, count in zip(bands, valid, strict=True):
        if count == 0:
            what = "is unlabelled everywhere" if band.name == "label" else "has no valid pixel"
            raise NodataError(
                f"{band.source}: band '{band.name}' {what} on the target grid of {recipe.path}; "
                "check its nodata value, extent and CRS"
            )


def _tags(band: BandInfo) -> dict[str, str]:
    tags = {"unit": band.unit, "kind": band.kind, "source": band.source}
    if band.classes:
        tags["classes"] = json.dumps(band.classes)
    return tags | {"derivation": band.derivation}


def _fingerprint(recipe: Recipe) -> str:
    """A digest of the recipe and of the contents of its inputs, wherever they lie."""
    inputs = [path for path in recipe.files if path.exists()]
    return fingerprint(
        [recipe.text, [[file_sha256(part) for part in parts_of(path)] for path in inputs]]
    )


class _Readers(dict):
    """Open readers by path, closed together."""

    def __enter__(self) -> _Readers:
        return self

    def __exit__(self, *_: object) -> None:
        for reader in self.values():
            reader.close()
