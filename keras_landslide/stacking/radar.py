"""`[[sar]]` sections as layers: filtered and resampled in linear power, then rescaled."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np

from keras_landslide.bands import BACKSCATTER_DB
from keras_landslide.errors import InputFileError
from keras_landslide.grid import Window
from keras_landslide.rasters.align import grid_of
from keras_landslide.rasters.declared import Declared, declared
from keras_landslide.rasters.gdal_errors import reading
from keras_landslide.rasters.opening import open_raster
from keras_landslide.rasters.read import BandReader
from keras_landslide.recipe import Recipe, SarSource
from keras_landslide.sar.backscatter import UNITS, from_power, to_power
from keras_landslide.stacking.convert import converted
from keras_landslide.stacking.sources import check_indexes, described, on_grid
from keras_landslide.stacking.working_files import Layer, WorkingFiles


def sar_layer(working_files: WorkingFiles, recipe: Recipe, sar: SarSource) -> Layer:
    """One backscatter image as a band."""
    path = recipe.resolve(sar.path)
    source_name = path.name
    steps = []
    index, nodata = sar.index, _nodata(path, sar)
    check_indexes(path, (index,))
    _check_scale(path, sar)
    told = declared(path)
    if told.scaled(index):
        scale, offset = told.scales[index - 1], told.offsets[index - 1]
        steps.append(f"stored value * {scale:g} + {offset:g}, as the file says")
    if sar.nodata is None and nodata == 0 and sar.input == "db":
        steps.append("0 is missing, since the file names no value for it")
    if sar.input != "power" or sar.speckle == "lee" or told.scaled(index):
        name, halo = f"{sar.band}-power", sar.window // 2 if sar.speckle == "lee" else 0
        convert = partial(_power, sar=sar, told=told)
        path = converted(
            working_files, name, path, index, convert, asdict(sar), nodata=nodata, halo_px=halo
        )
        index, nodata = 1, None
        if sar.speckle == "lee":
            steps.append(f"Lee filter {sar.window} x {sar.window}, {sar.looks:g} looks")
    part, how = on_grid(
        working_files,
        path,
        (index,),
        kind="continuous",
        resampling=sar.resampling,
        nodata=nodata,
        name=sar.band,
    )
    steps.append(how if "stored" in how else f"{how} in linear power")
    steps.append(
        {"db": "10 log10 of power", "amplitude": "square root of power"}.get(sar.output, "")
    )
    derivation = ", ".join(filter(None, [f"from {sar.input}", *steps]))
    band = described(sar.band, source_name, derivation, UNITS[sar.output])
    return Layer((band,), (part,), partial(from_power, scale=sar.output))


def _check_scale(path: Path, sar: SarSource) -> None:
    """Refuse decibels that the recipe calls power, and power that it calls decibels.

    A look at a few windows tells.
    """
    grid = grid_of(path)
    side, part = 64, (1 / 6, 1 / 2, 5 / 6)
    with BandReader(path) as reader:
        seen = [
            reader.read_indexes(
                (sar.index,),
                Window(int(grid.height * y), int(grid.width * x), side, side),
                nodata=sar.nodata,
            )
            for y in part
            for x in part
        ]
    values = declared(path).values(np.concatenate([each.ravel() for each in seen]), sar.index)
    values = values[np.isfinite(values) & (values != 0)]
    if not values.size:
        return
    if sar.input == "db":
        if (values > 0).all():
            raise InputFileError(
                f"{path}: no value is below 0 in the windows looked at, as decibels are; set "
                'input = "power" or "amplitude" in its [[sar]] section'
            )
        low, high = BACKSCATTER_DB
        if not low <= (middle := float(np.median(values))) <= high:
            raise InputFileError(
                f"{path}: has a median of {middle:.4g} in the windows looked at, but decibels of "
                f"backscatter lie between {low:g} and {high:g}; name its nodata value or set the "
                "right input in its [[sar]] section"
            )
        return
    # Noise taken away leaves power a little below 0 at times, decibels lie around -10.
    if (middle := float(np.median(values))) < -1:
        raise InputFileError(
            f"{path}: has a median of {middle:.3g} in the windows looked at, {sar.input} is not "
            'below 0; set input = "db" in its [[sar]] section if these are decibels, or name the '
            "nodata value"
        )


def _nodata(path: Path, sar: SarSource) -> float | None:
    """The recipe's nodata, or 0 in a file that declares none: no echo is no data.

    SNAP and others write 0 there, in decibels as well.
    """
    if sar.nodata is not None:
        return sar.nodata
    with reading(path), open_raster(path) as src:
        return 0.0 if src.nodata is None else None


def _power(values: np.ndarray, sar: SarSource, told: Declared) -> np.ndarray:
    """Values as linear power, filtered if asked for."""
    power = to_power(told.values(values, sar.index), sar.input)
    if sar.speckle != "lee":
        return power
    from keras_landslide.sar.speckle import lee  # SciPy's images: 0.4 s to import

    return lee(power, window=sar.window, looks=sar.looks)
