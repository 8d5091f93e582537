"""Uphill alignment against the plain NumPy loop and against reading and writing the DEM.

    python benchmarks/uphill.py --sizes 1000 4000 16000 --ranges 3 10 30

The NumPy loop is a running arg-max over shifted views of the whole array. Reading and writing is
that of a tiled, compressed float32 GeoTIFF in a temporary folder, in the page cache. Each figure is
the best of several runs after one to warm up; arrays of more than 50 Mpx are run once. The NumPy
loop runs once, over the first rows (2 Mpx), its time scaled up by area.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from affine import Affine

from keras_landslide.grid import Grid
from keras_landslide.rasters.read import read_bands
from keras_landslide.rasters.write import write_raster
from keras_landslide.terrain.uphill import uphill_index
from keras_landslide.terrain.uphill_ring import reach_px, ring_offsets

CELL_M = 10.0
LARGE_PX = 50_000_000
NUMPY_PX = 2_000_000


def relief(size: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    y, x = np.ogrid[:size, :size]
    z = 1500 + 300 * np.sin(x / 211, dtype=np.float32) * np.cos(y / 173, dtype=np.float32)
    z += rng.standard_normal(z.shape, np.float32)
    return z


def plain_loop(z: np.ndarray, range_m: float) -> np.ndarray:
    ring = ring_offsets(range_m, CELL_M)
    reach = reach_px(ring)
    known = np.where(np.isnan(z), -np.inf, z).astype(np.float32)
    near = np.pad(known, reach, constant_values=-np.inf)
    best, index = np.full(z.shape, -np.inf, np.float32), np.full(z.shape, -1, np.int16)
    height, width = z.shape
    for place, (dy, dx) in enumerate((ring + reach).tolist()):
        there = near[dy : dy + height, dx : dx + width]
        higher = there > best
        np.copyto(best, there, where=higher)
        index[higher] = place
    index[np.isnan(z)] = -1
    return index


def best(work: Callable[[], object], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def read_and_write(z: np.ndarray, repeats: int) -> float:
    grid = Grid("EPSG:32632", Affine(CELL_M, 0, 6e5, 0, -CELL_M, 51e5), z.shape)
    with tempfile.TemporaryDirectory() as folder:
        dem, copy = Path(folder) / "dem.tif", Path(folder) / "copy.tif"
        write_raster(dem, z, grid, names=["elevation"])
        return best(
            lambda: write_raster(copy, read_bands(dem, ["elevation"])[..., 0], grid), repeats
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 4000])
    parser.add_argument("--ranges", type=int, nargs="+", default=[3, 10, 30], help="pixels")
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    uphill_index(relief(64), 30, CELL_M)
    print("  size range cells    ours, s  read+write, s  NumPy, s  ours/read+write  ours/NumPy")
    for size in args.sizes:
        z = relief(size)
        large = z.size > LARGE_PX
        repeats = 1 if large else args.repeats
        through_disk = read_and_write(z, repeats)
        for radius in args.ranges:
            range_m = radius * CELL_M
            ours = best(lambda: uphill_index(z, range_m, CELL_M), repeats)  # noqa: B023
            some = z[: max(NUMPY_PX // size, 2 * radius + 1)]
            numpy_s = best(lambda: plain_loop(some, range_m), 1) * z.size / some.size  # noqa: B023
            cells = len(ring_offsets(range_m, CELL_M))
            print(
                f"{size:6d} {radius:5d} {cells:5d} {ours:10.3f} {through_disk:14.3f} {numpy_s:9.2f}"
                f" {ours / through_disk:16.2f} {ours / numpy_s:11.4f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
