"""Stacking against the bare GDAL commands on the same files: time ratio and peak memory.

    python benchmarks/stack.py --sizes 2000 12000

Both make the same five bands (red, green, blue, slope, vv) with the same resampling, warp threads
and creation options: the commands are gdaldem slope, three gdalwarp, gdalbuildvrt and
gdal_translate. Ours also scales to reflectance and decibels, names the bands, counts valid pixels
and takes the digest of the inputs. The optical image is on another grid and SAR in another CRS.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from affine import Affine

from keras_landslide.grid import Grid, Window
from keras_landslide.rasters.align import metric_grid
from keras_landslide.rasters.write import RasterWriter

RECIPE = """
simulated = true
[grid]
crs = "EPSG:32618"
resolution = 12.5
bounds = [{left}, {bottom}, {right}, {top}]
[[raster]]
path = "optical.tif"
bands = {{ red = 1, green = 2, blue = 3 }}
scale = 0.0001
[dem]
path = "dem.tif"
derive = ["slope"]
[[sar]]
path = "sar.tif"
band = "vv_pre"
"""
WARP = "-q -r bilinear -ot Float32 -dstnodata nan -ovr NONE -wm 64 -multi -co TILED=YES"
WARP += " -co BIGTIFF=IF_SAFER -wo NUM_THREADS=ALL_CPUS -wo UNIFIED_SRC_NODATA=NO"
FINAL = "-co TILED=YES -co COMPRESS=DEFLATE -co ZLEVEL=1 -co NUM_THREADS=2"
FINAL += " -co INTERLEAVE=BAND -co BIGTIFF=IF_SAFER"


def write_noise(path: Path, grid: Grid, count: int, dtype: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    block = rng.gamma(4.4, 0.1 / 4.4, (1024, 1024, count))
    if dtype == "uint16":
        block = block * 10000 + 1
    elif path.name == "dem.tif":
        # Whole periods in a block, so that blocks join without a step.
        turns = 2 * np.pi * np.arange(1024)[:, None] / 1024
        block = 1500 + 200 * np.sin(turns) * np.cos(turns.T) + rng.normal(0, 1, (1024, 1024))
        block = block[..., None]
    block = block.astype(dtype)
    with RasterWriter(path, grid, count, dtype, 0 if dtype == "uint16" else -9999) as writer:
        for window in grid.windows(1024):
            writer.write(block[: window.height, : window.width], window)


def write_scene(folder: Path, size: int) -> Grid:
    target = Grid("EPSG:32618", Affine(12.5, 0, 4e5, 0, -12.5, 7e5), (size, size))
    wide = target.crop(Window(-8, -8, size + 16, size + 16))
    shift = Affine.translation(3.3, -4.7)
    optical = metric_grid(wide, "EPSG:32618", 10)
    write_noise(folder / "optical.tif", _moved(optical, shift), 3, "uint16", 0)
    write_noise(folder / "dem.tif", metric_grid(wide, "EPSG:32618", 25), 1, "float32", 1)
    write_noise(folder / "sar.tif", metric_grid(wide, "EPSG:3116", 10), 1, "float32", 2)
    (folder / "recipe.toml").write_text(RECIPE.format(**target.bounds._asdict()))
    return target


def _moved(grid: Grid, shift: Affine) -> Grid:
    return Grid(grid.crs, shift * grid.transform, grid.shape)


def bare_commands(folder: Path, grid: Grid) -> list[str]:
    box = " ".join(map(str, grid.bounds))
    place = f"-t_srs EPSG:32618 -te {box} -ts {grid.width} {grid.height}"
    commands = ["gdaldem slope -q dem.tif slope.tif -co TILED=YES -co BIGTIFF=IF_SAFER"]
    for name in ("optical", "slope", "sar"):
        commands.append(f"gdalwarp {WARP} {place} {name}.tif w_{name}.tif")
    for band in (1, 2, 3):
        commands.append(f"gdal_translate -q -of VRT -b {band} w_optical.tif b{band}.vrt")
    sources = "b1.vrt b2.vrt b3.vrt w_slope.tif w_sar.tif"
    commands.append(f"gdalbuildvrt -q -separate all.vrt {sources}")
    return [*commands, f"gdal_translate -q {FINAL} all.vrt bare.tif"]


def measure(commands: list[list[str]], folder: Path) -> tuple[float, float]:
    """Wall time in seconds of all, and the highest peak memory of any, in MB."""
    environment = os.environ | {"GDAL_CACHEMAX": "64"}
    start, peak = time.perf_counter(), 0.0
    for command in commands:
        child = subprocess.Popen(
            command, cwd=folder, env=environment, stderr=subprocess.DEVNULL, stdout=-3
        )
        _, status, usage = os.wait4(child.pid, 0)
        if status:
            raise SystemExit(f"failed: {' '.join(command)}")
        peak = max(peak, usage.ru_maxrss / 1024)
    return time.perf_counter() - start, peak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[2000, 12000])
    parser.add_argument("--folder", type=Path, help="where to put the files (default: temporary)")
    args = parser.parse_args()
    ours = [sys.executable, "-m", "keras_landslide", "stack", "recipe.toml", "-o", "ours.tif"]
    peaks = []
    for size in args.sizes:
        with tempfile.TemporaryDirectory(dir=args.folder) as name:
            folder = Path(name)
            grid = write_scene(folder, size)
            bare, bare_mb = measure([c.split() for c in bare_commands(folder, grid)], folder)
            mine, mine_mb = measure([ours], folder)
            peaks.append(mine_mb)
        print(
            f"{size:>6} px: ours {mine:6.1f} s, {mine_mb:5.0f} MB   bare {bare:6.1f} s, "
            f"{bare_mb:5.0f} MB   ratio {mine / bare:.2f} (aim: at most 1.2)",
            flush=True,
        )
    print(f"peak memory, largest over smallest scene: {peaks[-1] / peaks[0]:.2f} (aim: about 1)")


if __name__ == "__main__":
    main()
