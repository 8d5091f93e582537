"""Rasters of a recipe as layers on the target grid, and what all layers need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import rasterio

from keras_landslide.bands import BANDS, Band
from keras_landslide.errors import BandError, InputFileError, RecipeError
from keras_landslide.rasters.align import check_overlap, choose_resampling, grid_of, offset_on
from keras_landslide.rasters.declared import DEGREES, Declared, declared
from keras_landslide.rasters.gdal_errors import reading
from keras_landslide.rasters.read import BandInfo, require_real
from keras_landslide.recipe import RasterSource, Recipe
from keras_landslide.stacking.indices import ndvi
from keras_landslide.stacking.working_files import Layer, Part, WorkingFiles

Warped = tuple[Part, str]
"""Pixels on the target grid, and how they got there."""


def raster_layer(working_files: WorkingFiles, recipe: Recipe, raster: RasterSource) -> Layer:
    """Bands of one file, in their unit."""
    path = recipe.resolve(raster.path)
    known = [BANDS.get(name, Band(name, "1", "continuous", "")) for name in raster.bands]
    kind, *others = dict.fromkeys(raster.kind or band.kind for band in known)
    if others:
        raise RecipeError(
            f"{recipe.path}: [[raster]] {raster.path} mixes {kind} and {others[0]} bands, which "
            "are resampled in different ways; give each kind a section of its own"
        )
    part, how = on_grid(
        working_files,
        path,
        tuple(raster.bands.values()),
        kind=kind,
        resampling=raster.resampling,
        nodata=raster.nodata,
    )
    told, indexes = declared(path), tuple(raster.bands.values())
    said = [""] * len(known)
    convert: list[Callable[[np.ndarray], np.ndarray] | None] = [None] * len(known)
    if (raster.scale, raster.offset) != (1.0, 0.0):
        how = f"stored value * {raster.scale:g} + {raster.offset:g}; {how}"
    else:  # the recipe is silent: what the file says of itself counts
        for place, (band, index) in enumerate(zip(known, indexes, strict=True)):
            said[place], convert[place] = _as_declared(told, index, raster.unit or band.unit, path)
            if said[place] and kind == "categorical":
                raise InputFileError(
                    f"{path}: band {index} declares a scale or a unit, but class bands hold class "
                    "numbers; take it out with `gdal_edit.py -unsetmd`, or name another kind"
                )
    bands = tuple(
        BandInfo(band.name, raster.unit or band.unit, kind, path.name, words + how)
        for band, words in zip(known, said, strict=True)
    )
    if raster.valid:
        low, high = raster.valid
        bands = tuple(replace(b, derivation=f"{b.derivation}; nodata outside {low:g} to {high:g}")
                      for b in bands)  # fmt: skip
    finish = partial(
        _scaled,
        scale=raster.scale,
        offset=raster.offset,
        valid=raster.valid,
        convert=convert if any(convert) else None,
    )
    return Layer(bands, (part,), finish)


def _as_declared(
    told: Declared, index: int, unit: str, path: Path
) -> tuple[str, Callable[[np.ndarray], np.ndarray] | None]:
    """How the stored values of a band become values in `unit`, by what the file says; in words."""
    words = ""
    if told.scaled(index):
        scale, offset = told.scales[index - 1], told.offsets[index - 1]
        words = f"stored value * {scale:g} + {offset:g}, as the file says; "
    have = told.units[index - 1].strip().lower()
    if unit == "m" and have and (metres := told.metres(index, path)) != 1:
        return f"{words}from {have}; ", partial(_metres, told=told, index=index, metres=metres)
    if unit == "deg" and have in DEGREES:
        return f"{words}from {have}; ", partial(_degrees, told=told, index=index, have=have)
    return words, partial(told.values, index=index) if words else None


def _metres(stored: np.ndarray, told: Declared, index: int, metres: float) -> np.ndarray:
    return (told.values(stored, index) * np.float64(metres)).astype(np.float32)


def _degrees(stored: np.ndarray, told: Declared, index: int, have: str) -> np.ndarray:
    return DEGREES[have](told.values(stored, index).astype(np.float64)).astype(np.float32)


def ndvi_layer(rasters: Sequence[Layer]) -> Layer:
    """NDVI from the red and near-infrared bands among `rasters`."""
    red, finish_red = _single(rasters, "red")
    nir, finish_nir = _single(rasters, "nir")
    band = described("ndvi", "red, nir", "(nir - red) / (nir + red)")

    def finish(red_stored: np.ndarray, nir_stored: np.ndarray) -> np.ndarray:
        return ndvi(finish_red(red_stored), finish_nir(nir_stored))

    return Layer((band,), (red, nir), finish)


def on_grid(
    working_files: WorkingFiles,
    path: Path,
    indexes: Sequence[int],
    *,
    kind: str,
    resampling: str | None = None,
    nodata: float | None = None,
    name: str | None = None,
) -> Warped:
    """Bands of a raster on the target grid: read in place if they lie on it already, or warped.

    Raises:
        InputFileError: the file is missing or cut short, or its values are complex.
        CrsError: it has no CRS.
        BandError: it has fewer bands.
        GridMismatchError: it does not overlap the target grid.
    """
    grid = grid_of(path)
    check_indexes(path, indexes)
    check_overlap(grid, working_files.grid, path)
    offset = offset_on(grid, working_files.grid)
    if offset is not None:
        return Part(path, tuple(indexes), offset, nodata), "as stored, the pixels coincide"
    method = resampling or choose_resampling(kind, grid, working_files.grid)
    warped = working_files.warped(name or path.stem, path, method, indexes, nodata=nodata)
    return Part(warped, tuple(range(1, len(indexes) + 1))), f"warped, {method}"


def described(name: str, source: str, derivation: str, unit: str | None = None) -> BandInfo:
    """A band of the vocabulary with its source and derivation; unknown names are continuous."""
    band = BANDS.get(name, Band(name, "1", "continuous", ""))
    return BandInfo(name, unit or band.unit, band.kind, source, derivation)


def _single(rasters: Sequence[Layer], name: str) -> tuple[Part, Callable[..., np.ndarray]]:
    """One band's part of a layer, and the layer's last step."""
    layer = next(layer for layer in rasters if name in [band.name for band in layer.bands])
    position = [band.name for band in layer.bands].index(name)
    part, finish = layer.parts[0], layer.finish
    if convert := getattr(finish, "keywords", {}).get("convert"):
        finish = partial(finish, convert=[convert[position]])
    return replace(part, indexes=(part.indexes[position],)), finish


def check_indexes(path: Path, indexes: Sequence[int]) -> None:
    """Refuse bands that a file does not have, or that hold complex values.

    Raises:
        InputFileError: the file cannot be read, or a band is complex.
        BandError: it has fewer bands.
    """
    with reading(path), rasterio.open(path) as src:
        count, dtypes = src.count, src.dtypes
    for index in indexes:
        if not 1 <= index <= count:
            raise BandError(f"{path}: has no band {index}, it has {count}; correct the recipe")
        require_real(dtypes[index - 1], index, path)


def unchanged(values: np.ndarray) -> np.ndarray:
    """The last step of bands that are stored as they are."""
    return values


def within(values: np.ndarray, valid: Sequence[float] | None) -> np.ndarray:
    """Values with NaN in the place of those outside `valid`, the least and the most."""
    if valid:
        values[(values < valid[0]) | (values > valid[1])] = np.nan
    return values


def _scaled(
    values: np.ndarray,
    scale: float,
    offset: float,
    valid: Sequence[float] | None,
    convert: Sequence[Callable[[np.ndarray], np.ndarray] | None] | None = None,
) -> np.ndarray:
    for place, change in enumerate(convert or ()):
        if change is not None:
            values[..., place] = change(values[..., place])
    if scale != 1:
        values *= np.float32(scale)
    if offset != 0:
        values += np.float32(offset)
    return within(values, valid)
