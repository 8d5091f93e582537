"""Values in another form before they are resampled: decibels as power, classes merged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from keras_landslide.rasters.align import check_overlap, grid_of
from keras_landslide.rasters.read import BandReader
from keras_landslide.rasters.write import RasterWriter
from keras_landslide.stacking.near import near_window
from keras_landslide.stacking.working_files import WorkingFiles

TILE_PX = 1024


def converted(
    working_files: WorkingFiles,
    name: str,
    path: Path,
    index: int,
    convert: Callable[[np.ndarray], np.ndarray],
    settings: dict[str, Any],
    *,
    nodata: float | None = None,
    halo_px: int = 0,
) -> Path:
    """The working file that holds one band of a raster in another form, on its own grid.

    Args:
        working_files: where it is made; only what the target grid needs is.
        name: of the file.
        path: the raster.
        index: of the band, from 1.
        convert: takes float32 (H, W), NaN for nodata, and returns the same shape.
        settings: what `convert` depends on.
        nodata: instead of the file's own.
        halo_px: how far `convert` looks around a pixel.

    Raises:
        GridMismatchError: the raster does not overlap the target grid.
        LandslideError: from `convert`.
    """
    check_overlap(grid_of(path), working_files.grid, path)

    def write(out: Path) -> None:
        grid = grid_of(path)
        near = near_window(grid, working_files.grid, margin_px=4)
        with BandReader(path) as reader, RasterWriter(out, grid.crop(near), working=True) as writer:
            for window in writer.grid.windows(TILE_PX):
                wanted = window.shift(*near[:2]).expand(halo_px)
                values = convert(reader.read_indexes((index,), wanted, nodata=nodata)[..., 0])
                inside = slice(halo_px, -halo_px or None)
                writer.write(np.ascontiguousarray(values[inside, inside]), window)

    return working_files.make(name, path, settings, write)
