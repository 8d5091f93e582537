"""Slope and curvature against xarray-spatial and gdaldem on the same array.

    python benchmarks/terrain.py --size 8000

gdaldem reads and writes files in memory (/vsimem), uncompressed, so that no disk is measured; a
plain tiled copy of the same file is the floor of what it can do. Each figure is the best of
several runs after one to warm up (compiling is left out).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import xarray
from osgeo import gdal
from xrspatial import curvature as xrspatial_curvature
from xrspatial import slope as xrspatial_slope

from keras_landslide.terrain.curvature import curvature
from keras_landslide.terrain.slope import slope_deg

CELL_M = 12.5


def relief(size: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:size, :size].astype(np.float32)
    z = 1500 + 300 * np.sin(x / 211) * np.cos(y / 173) + 40 * np.sin((x + y) / 37)
    return (z + rng.normal(0, 1, z.shape)).astype(np.float32)


def best(work: Callable[[], object], repeats: int) -> float:
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def in_memory(z: np.ndarray) -> str:
    path = "/vsimem/dem.tif"
    driver = gdal.GetDriverByName("GTiff")
    data = driver.Create(path, z.shape[1], z.shape[0], 1, gdal.GDT_Float32, ["TILED=YES"])
    data.SetGeoTransform((4e5, CELL_M, 0, 7e5, 0, -CELL_M))
    data.GetRasterBand(1).WriteRaster(0, 0, z.shape[1], z.shape[0], z.tobytes())
    del data
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=8000)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    gdal.UseExceptions()
    z = relief(args.size)
    array = xarray.DataArray(z, dims=("y", "x"), attrs={"res": (CELL_M, CELL_M)})
    dem, tiled = in_memory(z), ["TILED=YES"]
    work: dict[str, Callable[[], object]] = {
        "slope, ours": lambda: slope_deg(z, CELL_M),
        "slope, xarray-spatial": lambda: xrspatial_slope(array),
        "slope, gdaldem": lambda: gdal.DEMProcessing(
            "/vsimem/slope.tif", dem, "slope", creationOptions=tiled
        ),
        "copy, gdal_translate": lambda: gdal.Translate(
            "/vsimem/copy.tif", dem, creationOptions=tiled
        ),
        "curvature, ours": lambda: curvature(z, CELL_M),
        "curvature, xarray-spatial": lambda: xrspatial_curvature(array),
    }
    seconds = {name: best(job, args.repeats) for name, job in work.items()}
    print(f"{args.size} x {args.size} float32, best of {args.repeats}")
    for name, value in seconds.items():
        print(f"  {name:<28} {value:7.3f} s")
    rivals = ("slope, xarray-spatial", "slope, gdaldem")
    slope_ratio = seconds["slope, ours"] / min(seconds[name] for name in rivals)
    curvature_ratio = seconds["curvature, ours"] / seconds["curvature, xarray-spatial"]
    print(f"  slope: ours / faster of the two     {slope_ratio:.2f} (aim: at most 1)")
    print(f"  curvature: ours / xarray-spatial    {curvature_ratio:.2f} (aim: at most 1)")


if __name__ == "__main__":
    main()
