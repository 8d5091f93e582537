"""The files of a simulated basin: each sensor's own grid, scale and nodata."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from rasterio.enums import Resampling
from rasterio.warp import reproject

from keras_landslide.grid import Grid, Window
from keras_landslide.rasters.write import RasterWriter
from keras_landslide.simulation.twin_basins import noise, optics, radar
from keras_landslide.simulation.twin_basins.place import Place, swath_edge
from keras_landslide.simulation.twin_basins.settings import Basin
from keras_landslide.version import __version__

DEM_NODATA = -32768.0
_CLOUD_PIXEL_M = 20.0
_STRIP = 512


def tags(basin: Basin, seed: int, what: str) -> dict[str, str]:
    """Metadata of every file: says first of all that it is simulated."""
    return {
        "SIMULATED": "yes",
        "DESCRIPTION": f"SIMULATED {what} of the simulated basin '{basin.name}', not measured",
        "SEED": str(seed),
        "SOFTWARE": f"keras-landslide {__version__}",
    }


def write_optical(path: Path, where: Place, image: Iterator, basin: Basin, seed: int) -> None:
    """Write the optical image: uint16 reflectance x 10000, 0 beyond the edge of the swath."""
    size = where.optical.width
    labels = tags(basin, seed, "optical image")
    with RasterWriter(
        path, where.optical, 4, "uint16", 0, names=optics.BANDS, tags=labels
    ) as writer:
        for row0, digital in image:
            rows = digital.shape[1]
            digital[:, swath_edge(basin.light.swath_corner, size, row0, rows)] = 0
            writer.write(np.moveaxis(digital, 0, -1), Window(row0, 0, rows, size))


def warped(
    truth: np.ndarray, where: Place, grid: Grid, method: Resampling
) -> Iterator[tuple[Window, np.ndarray]]:
    """The truth seen on another grid, strip by strip, float32, NaN outside it."""
    for window in grid.strips(_STRIP):
        part = grid.crop(window)
        strip = np.full(part.shape, np.nan, dtype=np.float32)
        reproject(
            truth,
            strip,
            src_transform=where.truth.transform,
            src_crs=where.truth.crs,
            src_nodata=np.nan,
            dst_transform=part.transform,
            dst_crs=grid.crs,
            dst_nodata=np.nan,
            resampling=method,
            tolerance=0.02,
        )
        yield window, strip


def write_dem(path: Path, where: Place, elevation: np.ndarray, basin: Basin, seed: int) -> None:
    """Write the DEM on its own grid, with a small void as steep terrain leaves in real ones."""
    grid = where.grid_in(basin.dem_crs, basin.dem_resolution)
    rng = noise.generator(seed, basin.name, "dem-void")
    centre = rng.uniform(0.2, 0.8, 2) * grid.shape
    radius = np.array([0.016, 0.010]) * min(grid.shape)
    cols = np.arange(grid.width)[None, :]
    with RasterWriter(
        path,
        grid,
        1,
        "float32",
        DEM_NODATA,
        names=["elevation"],
        units=["m"],
        tags=tags(basin, seed, "elevation model"),
    ) as writer:
        for window, strip in warped(elevation, where, grid, Resampling.cubic):
            rows = np.arange(window.row_off, window.row_end)[:, None]
            away = ((rows - centre[0]) / radius[0]) ** 2 + ((cols - centre[1]) / radius[1]) ** 2
            strip[(away < 1) | ~np.isfinite(strip)] = DEM_NODATA
            writer.write(strip, window)


def write_sar(
    path: Path, where: Place, power: np.ndarray, basin: Basin, seed: int, date: str
) -> None:
    """Write one VV image: linear power with speckle, 0 in layover, in shadow and off the swath."""
    grid = where.grid_in(basin.sar_crs, basin.sar_resolution)
    rng = noise.generator(seed, basin.name, f"speckle-{date}")
    with RasterWriter(
        path,
        grid,
        1,
        "float32",
        0.0,
        names=["VV"],
        units=["linear power"],
        tags=tags(basin, seed, f"Sentinel-1 VV ({date} the storm)"),
    ) as writer:
        for window, strip in warped(power, where, grid, Resampling.bilinear):
            strip *= radar.speckle(strip.shape, basin.radar.looks, rng)
            strip[~np.isfinite(strip)] = 0.0
            writer.write(strip, window)


def write_cloud(path: Path, where: Place, clouds: optics.Sky, basin: Basin, seed: int) -> None:
    """Write the cloud mask (0 clear, 1 cloud, 2 shadow, 255 nodata) on 20 m pixels."""
    grid = Grid.from_bounds(basin.optical_crs, where.optical.bounds, _CLOUD_PIXEL_M)
    truth = where.truth
    classes = np.concatenate(
        [
            clouds.classes(row, min(row + _STRIP, truth.height), truth.width)
            for row in range(0, truth.height, _STRIP)
        ]
    )
    mask = np.full(grid.shape, 255, dtype=np.uint8)
    reproject(
        classes,
        mask,
        src_transform=truth.transform,
        src_crs=truth.crs,
        dst_transform=grid.transform,
        dst_crs=grid.crs,
        dst_nodata=255,
        resampling=Resampling.nearest,
    )
    with RasterWriter(
        path, grid, 1, "uint8", 255, names=["cloud"], tags=tags(basin, seed, "cloud mask")
    ) as writer:
        writer.write(mask)
