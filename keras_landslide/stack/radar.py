"""`[[sar]]` sections as layers: filtered and resampled in linear power, then rescaled."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import rasterio

from keras_landslide.errors import InputFileError
from keras_landslide.grid import Window
from keras_landslide.rasters.align import check_overlap, grid_of
from keras_landslide.rasters.gdal_errors import reading
from keras_landslide.rasters.read import BandReader
from keras_landslide.rasters.write import RasterWriter
from keras_landslide.recipe import Recipe, SarSource
from keras_landslide.sar.backscatter import UNITS, from_power, to_power
from keras_landslide.stack.near import near_window
from keras_landslide.stack.sources import described, on_grid
from keras_landslide.stack.workshop import Layer, Workshop

TILE_PX = 1024


def sar_layer(workshop: Workshop, recipe: Recipe, sar: SarSource) -> Layer:
    """One backscatter image as a band."""
    path = recipe.resolve(sar.path)
    source_name = path.name
    steps = []
    index, nodata = sar.index, _nodata(path, sar)
    if sar.input != "db":
        _check_no_decibels(path, sar)
    if sar.input != "power" or sar.speckle == "lee":
        check_overlap(grid_of(path), workshop.grid, path)
        path = workshop.make(
            f"{sar.band}-power",
            path,
            asdict(sar),
            lambda out: _to_power_file(workshop, recipe.resolve(sar.path), out, sar, nodata),
        )
        index, nodata = 1, None
        if sar.speckle == "lee":
            steps.append(f"Lee filter {sar.window} x {sar.window}, {sar.looks:g} looks")
    part, how = on_grid(
        workshop,
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


def _check_no_decibels(path: Path, sar: SarSource) -> None:
    """Refuse decibels that the recipe calls power: a look at a few windows tells."""
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
    values = np.concatenate([each.ravel() for each in seen])
    values = values[np.isfinite(values) & (values != 0)]
    if values.size and (values < 0).mean() > 0.5:
        raise InputFileError(
            f"{path}: {(values < 0).mean():.0%} of the values seen are below 0, as {sar.input} "
            'never is; set input = "db" in its [[sar]] section if they are decibels, or name the '
            "nodata value"
        )


def _nodata(path: Path, sar: SarSource) -> float | None:
    """The recipe's nodata, or 0 for power in a file that declares none: no echo is no data."""
    if sar.nodata is not None or sar.input == "db":
        return sar.nodata
    with reading(path), rasterio.open(path) as src:
        return 0.0 if src.nodata is None else None


def _to_power_file(
    workshop: Workshop, path: Path, out: Path, sar: SarSource, nodata: float | None
) -> None:
    grid = grid_of(path)
    halo = sar.window // 2 if sar.speckle == "lee" else 0
    near = near_window(grid, workshop.grid, margin_px=4)
    with BandReader(path) as reader, RasterWriter(out, grid.crop(near), working=True) as writer:
        for window in writer.grid.windows(TILE_PX):
            wanted = window.shift(*near[:2])
            values = reader.read_indexes((sar.index,), wanted.expand(halo), nodata=nodata)
            power = to_power(values[..., 0], sar.input)
            if halo:
                from keras_landslide.sar.speckle import lee  # SciPy's images: 0.4 s to import

                power = lee(power, window=sar.window, looks=sar.looks)[halo:-halo, halo:-halo]
            writer.write(np.ascontiguousarray(power), window)
