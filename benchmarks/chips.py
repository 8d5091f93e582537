"""Chips of a data set: from files, from the decoded cache, from memory, and against a step.

    python benchmarks/chips.py                    # 64 generated chips of Landslide4Sense's shape
    python benchmarks/chips.py --rehearse         # 3 799 + 245 + 800: memory, time per epoch

Generated HDF5 patches of 128 x 128 px and 14 bands (simulated data). The figures to look at are the
ratio to memory, and the share of a training step of the smallest network that waits for data. The
rehearsal links a few generated files under the names of the full set, decodes them all, and
extrapolates an epoch from some of its steps.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np

from keras_landslide.datasets.landslide4sense import DIVISORS
from keras_landslide.datasets.landslide4sense_folder import OFFICIAL
from keras_landslide.datasets.registry import open_source
from keras_landslide.datasets.store import ChipCache, load, open_chips
from keras_landslide.runtime.quiet import quiet_tensorflow
from keras_landslide.samples.batches import PatchBatches

FOLDERS = {"train": "TrainData", "val": "ValidData", "test": "TestData"}
DISTINCT = 64


def write_chips(folder: Path, counts: dict[str, int], distinct: int) -> None:
    """Generated patches; beyond `distinct` of them the same files under other names."""
    made: list[tuple[Path, Path]] = []
    for split, count in counts.items():
        for role in ("img", "mask"):
            (folder / FOLDERS[split] / role).mkdir(parents=True)
        for number in range(1, count + 1):
            image = folder / FOLDERS[split] / "img" / f"image_{number}.h5"
            mask = folder / FOLDERS[split] / "mask" / f"mask_{number}.h5"
            if len(made) < distinct:
                rng = np.random.default_rng(len(made))
                values = rng.integers(100, 3000, (128, 128, 14)) / np.array(DIVISORS)
                truth = np.zeros((128, 128), np.uint8)
                truth[40:60, 50:75] = 1
                for path, key, array in ((image, "img", values), (mask, "mask", truth)):
                    with h5py.File(path, "w") as file:
                        file.create_dataset(key, data=array)
                made.append((image, mask))
            else:
                kept = made[number % distinct]
                os.link(kept[0], image)
                os.link(kept[1], mask)


def forget(paths) -> None:
    """Ask the kernel to drop files from its page cache."""
    for path in paths:
        handle = os.open(path, os.O_RDONLY)
        os.fsync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(handle)


def per_second(work: Callable[[], object], count: int) -> float:
    start = time.perf_counter()
    work()
    return count / (time.perf_counter() - start)


def epoch(cache: ChipCache, batch_size: int) -> Callable[[], object]:
    batches = PatchBatches(cache, cache.indices("train"), batch_size=batch_size, augment=True)
    return lambda: [batches.batch(0, i) for i in range(len(batches))]


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def step_seconds(name: str, options: dict, cache: ChipCache, batch_size: int, steps: int) -> float:
    """Seconds of a training step on a batch that is already there."""
    with quiet_tensorflow():
        from keras_landslide import models
        from keras_landslide.config import TrainingConfig
        from keras_landslide.training.compiling import compile_model

    model = models.build(name, cache.images.shape[1:], **options)
    compile_model(model, TrainingConfig(loss="bce_dice"))
    batch = PatchBatches(cache, cache.indices("train"), batch_size=batch_size).batch(0, 0)
    model.train_on_batch(*batch)
    times = []
    for _ in range(steps):
        start = time.perf_counter()
        model.train_on_batch(*batch)
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def loading(batch_size: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "l4s"
        write_chips(home, {"train": DISTINCT}, DISTINCT)
        source = open_source(home)
        files = [path for chip in source.chips for path in chip.files]
        forget(files)
        cold = per_second(lambda: [load(source, chip) for chip in source.chips], DISTINCT)
        warm = per_second(lambda: [load(source, chip) for chip in source.chips], DISTINCT)
        cache = open_chips(source, Path(folder) / "cache")
        memory = replace(cache, images=np.array(cache.images), labels=np.array(cache.labels))
        epoch(memory, batch_size)()
        base = max(per_second(epoch(memory, batch_size), DISTINCT) for _ in range(5))
        forget(Path(folder, "cache", f"chips-{cache.key}").glob("*.npy"))
        mapped_cold = per_second(epoch(cache, batch_size), DISTINCT)
        mapped = max(per_second(epoch(cache, batch_size), DISTINCT) for _ in range(5))
        step = step_seconds("sssn", {}, cache, batch_size, 10)
        print(f"{DISTINCT} chips of 128 px, 6 bands, augmented batches of {batch_size}")
        print(f"{'source':34} {'chips/s':>9} {'of memory':>10}")
        for name, value in (
            ("files, cold", cold),
            ("files, in the page cache", warm),
            ("decoded cache, cold", mapped_cold),
            ("decoded cache", mapped),
            ("memory", base),
        ):
            print(f"{name:34} {value:9.0f} {value / base:10.2f}")
        wait = batch_size / mapped
        print(
            f"a step of sssn (the smallest network with context) takes {step * 1e3:.0f} ms, its "
            f"batch {wait * 1e3:.1f} ms: {wait / step:.1%} of a step, in a thread of its own"
        )


def rehearse(batch_size: int, steps: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "l4s"
        write_chips(home, OFFICIAL, DISTINCT)
        source = open_source(home)
        print(f"simulated chips of Landslide4Sense's shape: {source.counts()}")
        before = peak_mb()
        start = time.perf_counter()
        cache = open_chips(source, Path(folder) / "cache")
        decoded = time.perf_counter() - start
        size = (cache.images.nbytes + cache.labels.nbytes) / 2**20
        rate = len(cache.names) / decoded
        print(
            f"decoded in {decoded:.0f} s ({rate:.0f} chips/s), {size:.0f} MiB on disk; "
            f"peak memory {before:.0f} -> {peak_mb():.0f} MB"
        )
        start = time.perf_counter()
        open_chips(open_source(home), Path(folder) / "cache")
        print(f"opened again in {time.perf_counter() - start:.1f} s")
        batches = PatchBatches(cache, cache.indices("train"), batch_size=batch_size, augment=True)
        some = list(range(0, len(batches), 8))
        rate = per_second(lambda: [batches.batch(0, i) for i in some], len(some) * batch_size)
        print(f"{rate:.0f} chips/s in shuffled, augmented batches from the cache")
        for filters in (8, 64):
            step = step_seconds("unet", {"filters": filters}, cache, batch_size, steps)
            hours = step * len(batches) / 3600
            print(
                f"unet, {filters} filters: {step:.2f} s a step of {batch_size}; an epoch of "
                f"{len(batches)} steps extrapolates to {hours * 60:.1f} min, 30 epochs to "
                f"{hours * 30:.1f} h; peak memory {peak_mb():.0f} MB"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rehearse", action="store_true", help="the size of the whole data set")
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--steps", type=int, default=3, help="training steps to time")
    arguments = parser.parse_args()
    if arguments.rehearse:
        rehearse(arguments.batch_size, arguments.steps)
    else:
        loading(arguments.batch_size)


if __name__ == "__main__":
    main()
