"""Spectral indices, and other arithmetic on bands, as values and as bands of a stack."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from keras_landslide.bands import BANDS, DATES, band_of
from keras_landslide.errors import RecipeError
from keras_landslide.formula import Formula
from keras_landslide.indices import Index, find_index
from keras_landslide.rasters.read import BandInfo
from keras_landslide.stacking.working_files import Layer, Part


def index_values(index: Index, bands: Mapping[str, np.ndarray]) -> np.ndarray:
    """An index of reflectances.

    Args:
        index: which one.
        bands: reflectance float32 by the names of its formula, all of one shape. A normalised
            difference also takes what is proportional to it, on one scale.

    Returns:
        float32 of that shape; NaN where a band is, where there is no finite quotient, beyond the
        index's range, and where the sum of a normalised difference is not positive: all of these
        come of a negative reflectance alone.
    """
    values = _computed(index.formula, bands)
    known = np.isfinite(values)
    if denominator := index.formula.denominator:
        known &= _computed(denominator, bands) > 0
    if index.range:
        known &= (values >= index.range[0]) & (values <= index.range[1])
    return np.where(known, values, np.float32(np.nan))


def ndvi(red: np.ndarray, nir: np.ndarray) -> np.ndarray:
    """Normalised difference vegetation index, (nir - red) / (nir + red), as `index_values`."""
    bands = {"red": np.asarray(red, np.float32), "nir": np.asarray(nir, np.float32)}
    return index_values(find_index("ndvi"), bands)


@dataclass(frozen=True)
class Derivation:
    """How a band of `[derived]` comes about.

    Attributes:
        formula: of `bands` and of the names of `indices`.
        indices: by the names that they have in the formula; each of bands of one date.
        bands: of the stack that are needed, in the order of the table of bands.
    """

    formula: Formula
    indices: dict[str, Index]
    bands: tuple[str, ...]

    def of(self, bands: Mapping[str, np.ndarray]) -> np.ndarray:
        """The values of the band, float32, NaN where they are not finite."""
        found = {name: index_values(index, bands) for name, index in self.indices.items()}
        values = _computed(self.formula, {**bands, **found})
        return np.where(np.isfinite(values), values, np.float32(np.nan))

    @property
    def words(self) -> str:
        """For the metadata of the stack."""
        if self.formula.text in self.indices:
            return self.indices[self.formula.text].formula.text
        where = [f"{name} = {index.formula.text}" for name, index in self.indices.items()]
        return self.formula.text + (f", where {', '.join(where)}" if where else "")


def derivation(formula: Formula, present: Sequence[str], where: str) -> Derivation:
    """Find the bands and indices of a formula.

    Args:
        formula: its names are bands of the stack; or indices, in capital letters or not; or such
            with the date of their bands, as `ndvi_post` is of `red_post` and `nir_post`.
        present: bands of the stack that it may use.
        where: for messages.

    Raises:
        RecipeError: a name is neither, or the bands of an index are not there.
    """
    indices: dict[str, Index] = {}
    needed: dict[str, None] = {}
    for name in formula.names:
        if name in present:
            needed[name] = None
            continue
        try:
            indices[name] = _dated(name)
        except RecipeError as error:
            raise RecipeError(f"{where}: {error}") from None
        missing = [band for band in indices[name].formula.names if band not in present]
        if missing:
            raise RecipeError(
                f"{where}: {name} needs the band {' and '.join(missing)}; the recipe names "
                f"{', '.join(present)}"
            )
        needed |= dict.fromkeys(indices[name].formula.names)
    if not needed:
        raise RecipeError(f"{where}: '{formula.text}' names no band")
    order = {band: place for place, band in enumerate(BANDS)}
    stems = {band: band.rpartition("_")[0] if _date(band) else band for band in needed}
    bands = sorted(needed, key=lambda band: order.get(stems[band], len(order)))
    return Derivation(formula, indices, tuple(bands))


def derived_layer(name: str, how: Derivation, layers: Sequence[Layer]) -> Layer:
    """A band of `[derived]`, from the layers that hold the bands it needs."""
    operands = [_operand(layers, band) for band in how.bands]
    units = {_info(layers, band).unit for band in how.bands}
    unit = units.pop() if how.formula.linear and not how.indices and len(units) == 1 else "1"
    info = BandInfo(name, unit, band_of(name).kind, ", ".join(how.bands), how.words)
    finish = partial(
        _finished,
        how=how,
        counts=[len(parts) for parts, _ in operands],
        steps=[step for _, step in operands],
    )
    return Layer((info,), tuple(part for parts, _ in operands for part in parts), finish)


def _finished(
    *stored: np.ndarray,
    how: Derivation,
    counts: Sequence[int],
    steps: Sequence[Callable[..., np.ndarray]],
) -> np.ndarray:
    bands, first = {}, 0
    for band, count, step in zip(how.bands, counts, steps, strict=True):
        bands[band] = step(*stored[first : first + count])
        first += count
    return how.of(bands)[..., np.newaxis]


def _operand(
    layers: Sequence[Layer], name: str
) -> tuple[tuple[Part, ...], Callable[..., np.ndarray]]:
    """The files of one band, and how they become its values (height, width)."""
    layer = next(layer for layer in layers if name in [band.name for band in layer.bands])
    position = [band.name for band in layer.bands].index(name)
    parts, finish = layer.parts, layer.finish
    if len(parts) == 1 and len(parts[0].indexes) == len(layer.bands) > 1:
        # A band of the file for a band of the layer: the others need not be read.
        parts = (replace(parts[0], indexes=(parts[0].indexes[position],)),)
        if convert := getattr(finish, "keywords", {}).get("convert"):
            finish = partial(finish, convert=[convert[position]])
        if names := getattr(finish, "keywords", {}).get("bands"):
            finish = partial(finish, bands=[names[position]])
        position = 0
    return parts, partial(_one_band, finish=finish, position=position)


def _one_band(*stored: np.ndarray, finish: Callable[..., np.ndarray], position: int) -> np.ndarray:
    return finish(*stored)[..., position]


def _info(layers: Sequence[Layer], name: str) -> BandInfo:
    return next(band for layer in layers for band in layer.bands if band.name == name)


def _date(name: str) -> str:
    stem, _, date = name.rpartition("_")
    return date if stem and date in DATES else ""


def _dated(name: str) -> Index:
    """An index by its name, which may end with the date of its bands."""
    date = _date(name)
    if not date:
        return find_index(name)
    index = find_index(name.removesuffix(f"_{date}"))
    formula = index.formula.renamed({band: f"{band}_{date}" for band in index.formula.names})
    return replace(index, name=name, formula=formula)


def _computed(formula: Formula, bands: Mapping[str, np.ndarray]) -> np.ndarray:
    with np.errstate(all="ignore"):
        try:
            return formula.of(bands)
        except (ZeroDivisionError, OverflowError) as error:  # numbers alone: arrays give inf
            raise RecipeError(f"'{formula.text}' cannot be computed: {error}") from None
