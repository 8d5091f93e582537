"""Rasters of a recipe as layers on the target grid, and what all layers need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from keras_landslide.bands import Band, band_of
from keras_landslide.errors import BandError, InputFileError, RecipeError
from keras_landslide.rasters.align import check_overlap, choose_resampling, grid_of, offset_on
from keras_landslide.rasters.classes import refuse_merged_classes
from keras_landslide.rasters.declared import DEGREES, Declared, declared
from keras_landslide.rasters.gdal_errors import reading
from keras_landslide.rasters.opening import open_raster
from keras_landslide.rasters.read import BandInfo, require_real
from keras_landslide.recipe import RasterSource, Recipe
from keras_landslide.stacking.working_files import Layer, Part, WorkingFiles

PICTURE = 255.0
"""The most that a picture of 8 bits holds: no reflectance, but of one scale in all its bands."""
Warped = tuple[Part, str]
"""Pixels on the target grid, and how they got there."""


def raster_layer(working_files: WorkingFiles, recipe: Recipe, raster: RasterSource) -> Layer:
    """Bands of one file, in their unit."""
    path = recipe.resolve(raster.path)
    known = [band_of(name) for name in raster.bands]
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
        bands=[
            _checked(band, raster, scaled=bool(words))
            for band, words in zip(known, said, strict=True)
        ],
        path=path,
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
        InputFileError: the file is missing or cut short, its values are complex, or its classes
            have numbers that are too large.
        CrsError: it has no CRS.
        BandError: it has fewer bands.
        GridMismatchError: it does not overlap the target grid.
    """
    grid = grid_of(path)
    check_indexes(path, indexes)
    check_overlap(grid, working_files.grid, path)
    if kind == "categorical":
        for index in indexes:
            refuse_merged_classes(path, index, nodata)
    offset = offset_on(grid, working_files.grid)
    if offset is not None:
        return Part(path, tuple(indexes), offset, nodata), "as stored, the pixels coincide"
    method = resampling or choose_resampling(kind, grid, working_files.grid)
    warped = working_files.warped(name or path.stem, path, method, indexes, nodata=nodata)
    return Part(warped, tuple(range(1, len(indexes) + 1))), f"warped, {method}"


def described(name: str, source: str, derivation: str, unit: str | None = None) -> BandInfo:
    """A band of the vocabulary with its source and derivation; unknown names are continuous."""
    band = band_of(name)
    return BandInfo(name, unit or band.unit, band.kind, source, derivation)


def check_indexes(path: Path, indexes: Sequence[int]) -> None:
    """Refuse bands that a file does not have, or that hold complex values.

    Raises:
        InputFileError: the file cannot be read, or a band is complex.
        BandError: it has fewer bands.
    """
    with reading(path), open_raster(path) as src:
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
    convert: Sequence[Callable[[np.ndarray], np.ndarray] | None] | None,
    bands: Sequence[Band],
    path: Path,
) -> np.ndarray:
    for place, change in enumerate(convert or ()):
        if change is not None:
            values[..., place] = change(values[..., place])
    if scale != 1:
        values *= np.float32(scale)
    if offset != 0:
        values += np.float32(offset)
    for place, band in enumerate(bands):
        if band.range:
            _check_range(values[..., place], band, path)
    return within(values, valid)


def _checked(band: Band, raster: RasterSource, *, scaled: bool) -> Band:
    """The row of a band, with its range only where values beyond it are wrong for certain.

    That is: where the recipe does not say itself which are valid, and where they are in the unit
    of the table. Reflectance that nothing was said of may be a picture of 8 bits.
    """
    if raster.valid or raster.unit not in (None, band.unit) or not band.range:
        return replace(band, range=None)
    low, high = band.range
    told = scaled or (raster.scale, raster.offset) != (1.0, 0.0) or raster.unit is not None
    if band.unit == "reflectance" and not told:
        high = PICTURE
    # These resamplings swing beyond the values that they are made of.
    swing = (high - low) / 5 if raster.resampling in ("cubic", "lanczos") else 0.0
    return replace(band, range=(low - swing, high + swing))


def _check_range(values: np.ndarray, band: Band, path: Path) -> None:
    low, high = band.range  # type: ignore[misc]
    if not ((values < low) | (values > high)).any():
        return
    known = values[np.isfinite(values)]
    what = f"{band.name} in {band.unit}" if band.unit != "1" else band.name
    mend = (
        'set its scale in its [[raster]] section, such as scale = 0.0001, or unit = "DN" if it is '
        "no reflectance"
        if band.unit == "reflectance"
        else "correct its scale, unit or nodata value in its [[raster]] section"
    )
    low, high = band_of(band.name).range or (low, high)
    raise InputFileError(
        f"{path}: band '{band.name}' holds values from {known.min():g} to {known.max():g}, but "
        f"{what} lies between {low:g} and {high:g}; {mend}; or say there which are valid, such as "
        f"valid = [{low:g}, {high:g}]"
    )
