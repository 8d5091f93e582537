"""May a network that learnt from one stack map another? Bands, units, classes and pixels agree."""

from __future__ import annotations

from collections.abc import Sequence

from keras_landslide.bands import require_bands
from keras_landslide.bundle.read import PIXEL_SIZE_TOLERANCE
from keras_landslide.errors import BandError, GridMismatchError
from keras_landslide.rasters.read import StackInfo
from keras_landslide.terrain.uphill_ring import ring_offsets


def check_map_stack(learnt: StackInfo, other: StackInfo, names: Sequence[str]) -> None:
    """Refuse a stack whose bands mean something else than those that were learnt from.

    Args:
        learnt: the stack that networks learn from.
        other: the one to map; its extent and its further bands do not matter.
        names: bands that are read.

    Raises:
        BandError: a band is missing, or its kind, unit or class table differs.
        CrsError: the other stack's grid is not metric.
        GridMismatchError: its pixels are of another size.
    """
    require_bands(tuple(names), other.band_names, str(other.path))
    size, own = other.pixel_size_m, learnt.pixel_size_m
    if abs(size - own) > PIXEL_SIZE_TOLERANCE * own:
        raise GridMismatchError(
            f"{other.path}: has pixels of {size:.4g} m, the stack learnt from of {own:.4g} m; set "
            f"resolution = {own:.6g} in the recipe's [grid] and stack again"
        )
    for name in names:
        here, there = (
            next(band for band in info.bands if band.name == name) for info in (learnt, other)
        )
        for what in ("kind", "unit"):
            if getattr(here, what) != getattr(there, what):
                raise BandError(
                    f"{other.path}: band '{name}' is of {what} '{getattr(there, what)}', in the "
                    f"stack learnt from '{getattr(here, what)}'; make both by recipes that agree"
                )
        if here.classes != there.classes:
            strange = [c for c in there.classes if c not in here.classes]
            raise BandError(
                f"{other.path}: band '{name}' has another class table than the stack learnt from"
                + (f" ({strange[0]} is new there)" if strange else "")
                + "; stack both with one table"
            )
        if here.kind == "uphill":
            range_m = float(name.split("_")[1])
            rings = [ring_offsets(range_m, info.pixel_size).tolist() for info in (learnt, other)]
            if rings[0] != rings[1]:
                raise GridMismatchError(
                    f"{other.path}: band '{name}' counts another ring of pixels than that of the "
                    f"stack learnt from; set resolution = {own:.6g} in [grid] and stack again"
                )
