"""Patch loading: the cut cache and the stack itself against patches that are already in memory.

    python benchmarks/loading.py --size 2048 --patch 128 --epochs 3

Writes a simulated stack of noise, cuts it, and reads whole epochs in shuffled batches. The figure
to look at is the ratio to memory: 1.00 means that the cache costs nothing. `chips.py` does the same
for data sets of chips, from cold files on, and holds loading against a training step.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from affine import Affine

from keras_landslide.bands import IMAGE_MODELS
from keras_landslide.grid import Grid
from keras_landslide.patches.cache import PatchCache, open_cache
from keras_landslide.patches.plan import PatchSettings, plan_patches
from keras_landslide.rasters.read import BandReader
from keras_landslide.rasters.write import RasterWriter
from keras_landslide.samples.batches import PatchBatches

BANDS = IMAGE_MODELS["rgb_terrain_sar"]


def write_stack(path: Path, size: int, seed: int) -> None:
    grid = Grid("EPSG:32618", Affine(12.5, 0, 4e5, 0, -12.5, 7e5), (size, size))
    names = [*BANDS, "label"]
    rng = np.random.default_rng(seed)
    with RasterWriter(path, grid, len(names), names=names, tags={"SIMULATED": "yes"}) as writer:
        for window in grid.windows(1024):
            tile = rng.normal(size=(window.height, window.width, len(names))).astype(np.float32)
            tile[..., -1] = tile[..., 0] > 1.75  # 4 % landslide
            writer.write(tile, window)


def batches_per_second(cache: PatchCache, batch_size: int, augment: bool, epochs: int) -> float:
    batches = PatchBatches(
        cache, range(len(cache.patches)), batch_size=batch_size, augment=augment, seed=0
    )
    return rate(lambda e: [batches.batch(e, i) for i in range(len(batches))], cache, epochs)


def stack_per_second(path: Path, cache: PatchCache, epochs: int) -> float:
    with BandReader(path) as reader:

        def epoch(number: int) -> None:
            for i in np.random.default_rng(number).permutation(len(cache.patches)):
                reader.read([*BANDS, "label"], cache.patches[i].window)

        return rate(epoch, cache, epochs)


def rate(epoch: Callable[[int], object], cache: PatchCache, epochs: int) -> float:
    """Patches per second of the best epoch, after one to warm up."""
    epoch(0)
    times = []
    for number in range(1, epochs + 1):
        start = time.perf_counter()
        epoch(number)
        times.append(time.perf_counter() - start)
    return len(cache.patches) / min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--size", type=int, default=1024, help="edge of the stack, px")
    parser.add_argument("--patch", type=int, default=128, help="edge of a patch, px")
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        stack = Path(folder) / "stack.tif"
        write_stack(stack, arguments.size, arguments.seed)
        settings = PatchSettings(size=arguments.patch, split_kind="random", split=(1, 0, 0))
        patches = plan_patches(stack, settings)
        start = time.perf_counter()
        cache = open_cache(stack, patches, BANDS, Path(folder) / "cache")
        cut_s = time.perf_counter() - start
        memory = replace(cache, images=np.array(cache.images), labels=np.array(cache.labels))
        size_mb = cache.images.nbytes / 2**20
        print(
            f"{len(cache.patches)} patches of {arguments.patch} px, {len(BANDS)} bands, "
            f"{size_mb:.0f} MiB; cut once in {cut_s:.1f} s"
        )
        print(f"{'source':24} {'augment':>7} {'patches/s':>10} {'of memory':>10}")
        for augment in (False, True):
            base = batches_per_second(memory, arguments.batch_size, augment, arguments.epochs)
            mapped = batches_per_second(cache, arguments.batch_size, augment, arguments.epochs)
            for name, value in (("memory", base), ("cache (memory-mapped)", mapped)):
                print(f"{name:24} {augment!s:>7} {value:10.0f} {value / base:10.2f}")
            if not augment:
                straight = stack_per_second(stack, cache, 1)
                print(
                    f"{'stack.tif, no cache':24} {'-':>7} {straight:10.0f} {straight / base:10.2f}"
                )


if __name__ == "__main__":
    main()
