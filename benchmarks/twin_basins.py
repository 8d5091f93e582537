"""Twin-basin generation against a floor: one FFT there and back, and the same bytes written.

    python benchmarks/twin_basins.py --sizes 512,1024,2048

The floor is measured in the same run on the same pixels: a power-law field of the truth's size
(any spectral terrain needs one) plus writing the basin's rasters, already made, block by block.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

RASTERS = ("optical", "dem", "sar_pre", "sar_post", "cloud")


def floor(size: int, made: Path, scratch: Path) -> float:
    """Seconds for one fractal field and for writing the rasters in `made` again."""
    import rasterio

    from keras_landslide.grid import Grid
    from keras_landslide.rasters.write import write_raster
    from keras_landslide.simulation.twin_basins import noise

    start = time.perf_counter()
    noise.fractal((size + 96, size + 96), 0.8, np.random.default_rng(0))
    seconds = time.perf_counter() - start
    for name in RASTERS:
        with rasterio.open(made / f"{name}.tif") as src:
            pixels = np.moveaxis(src.read(), 0, -1)
            grid, nodata = Grid(src.crs.to_wkt(), src.transform, src.shape), src.nodata
        start = time.perf_counter()
        write_raster(scratch / f"{name}.tif", pixels, grid, nodata=nodata)
        seconds += time.perf_counter() - start
    return seconds


def measure(size: int) -> None:
    """Print one row; run in a process of its own so that the peak memory is this size's."""
    from keras_landslide.simulation import twin_basins

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        start = time.perf_counter()
        twin_basins.simulate(root / "compile", 128, 0, ["argelia"])
        first = time.perf_counter() - start
        start = time.perf_counter()
        twin_basins.simulate(root / "twins", size, 0, ["argelia"])
        made = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        least = floor(size, root / "twins" / "argelia", root)
    print(
        f"{size:>6} {first:>10.1f} {made:>8.2f} {made / size**2 * 1e6:>8.2f} "
        f"{least:>8.2f} {made / least:>8.1f} {peak:>9.2f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sizes", default="512,1024,2048", help="edges in pixels, by commas")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        measure(arguments.one)
        return
    print("one basin; 'first' is a 128 px basin before it, with any compiling")
    print(f"{'px':>6} {'first s':>10} {'made s':>8} {'us/px':>8} {'floor s':>8} "
          f"{'ratio':>8} {'peak GiB':>9}", flush=True)  # fmt: skip
    for size in arguments.sizes.split(","):
        command = [sys.executable, __file__, "--one", size]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
