"""`open_stack`: a stack, or a map, as an xarray array."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from keras_landslide.workflows.notebook_libraries import library

if TYPE_CHECKING:
    import xarray


def open_stack(path: str | Path) -> xarray.DataArray:
    """Open a stack, or a map that `predict` wrote, as an array with names and places.

    Nothing is read before it is used. Needs the extra `notebook`.

    Args:
        path: of the raster.

    Returns:
        (band, y, x) with the bands' names as the coordinate `band`, their units as the coordinate
        `unit`, the grid as `.rio.crs` and `.rio.transform()`, and NaN where there are no data.

    Raises:
        OptionError: xarray or rioxarray is not installed.
        InputFileError: the file cannot be read.
        CrsError: it has no coordinate reference system.

    Example:
        >>> stack = kl.open_stack("stack.tif")  # doctest: +SKIP
        >>> stack.sel(band="slope").mean()  # doctest: +SKIP
    """
    from keras_landslide.rasters.read import stack_info

    rioxarray = library("rioxarray")
    info = stack_info(path)
    array = rioxarray.open_rasterio(path, masked=True)
    array = array.assign_coords(
        band=list(info.band_names), unit=("band", [band.unit for band in info.bands])
    )
    array.name = Path(path).stem
    return array
