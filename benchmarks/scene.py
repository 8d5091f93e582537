"""Scene inference: time over the model's own, peak memory by size, two workers, a tutorial loop.

    python benchmarks/scene.py --sizes 2048 8192 20000 --memory 4GB

One run measures, on a 7-band stack and a 16-filter U-Net with random weights:

- time per scene pixel (after a small scene to warm up) over the network's own time on the same
  windows, already in memory, and how many pixels it is fed per pixel of the scene (the halo);
- peak memory of a whole process for each size, with its budget;
- two worker processes against one (starting them is left out: a larger scene on the same
  workers is timed against a smaller one);
- the loop of tutorials as the peer: every patch of the scene in memory, half overlapping, one
  `predict` call, averaged;
- other engines on the same windows (`engines.py`).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from affine import Affine

BANDS = ("red", "green", "blue", "nir", "elevation", "slope", "curvature")
PATCH = 128


def write_stack(path: Path, size: int) -> None:
    from keras_landslide.grid import Grid
    from keras_landslide.rasters.write import RasterWriter

    grid = Grid("EPSG:32618", Affine(12.5, 0, 4e5, 0, -12.5, 7e5), (size, size))
    block = np.random.default_rng(0).normal(size=(1024, 1024, len(BANDS))).astype(np.float32)
    names, units = BANDS, ["1"] * len(BANDS)
    with RasterWriter(path, grid, len(BANDS), names=names, units=units) as writer:
        for window in grid.windows(1024):
            writer.write(block[: window.height, : window.width], window)


def write_bundle(folder: Path, filters: int) -> None:
    import keras

    from keras_landslide import models
    from keras_landslide.models.receptive_field import receptive_field

    keras.utils.set_random_seed(0)
    model = models.build("unet_colombia", (None, None, len(BANDS)), filters=filters)
    field = receptive_field(model)
    model.export(folder / "saved_model", verbose=False)
    model.save(folder / "model.keras")
    bands = [{"name": name, "unit": "1", "kind": "continuous"} for name in BANDS]
    contract = {
        "format": 1, "name": "bench", "simulated": True, "bands": bands, "pixel_size_m": 12.5,
        "patch_size_px": PATCH, "stride_px": field.stride_px, "halo_px": field.halo_px,
        "bounded": field.bounded, "threshold": 0.5,
    }  # fmt: skip
    (folder / "bundle.json").write_text(json.dumps(contract))


def scene(folder: Path, size: int, memory: str, workers: int) -> dict:
    """Map a scene; in a process of its own so that the peak memory is this size's."""
    from keras_landslide.inference.bundle import read_bundle
    from keras_landslide.inference.network import Network
    from keras_landslide.inference.produce import Running, produce_map

    network = Network((read_bundle(folder),))
    out = folder / f"map-{size}-{workers}.tif"
    if not workers:  # TensorFlow's start takes seconds, whatever the scene
        produce_map(network, folder / "stack-256.tif", folder / "warm.tif", Running())
    start = time.perf_counter()
    running = Running(memory=memory, workers=workers or None)
    produce_map(network, folder / f"stack-{size}.tif", out, running)
    seconds = time.perf_counter() - start
    import rasterio

    with rasterio.open(out) as src:
        window = int(src.tags()["WINDOW_PX"])
    out.unlink()
    return {"seconds": seconds, "window": window}


def own_time(folder: Path, size: int, window: int) -> dict:
    """The network on the windows of the scene, made of the same pixels, already in memory."""
    from keras_landslide.inference.bundle import read_bundle
    from keras_landslide.inference.network import Network
    from keras_landslide.inference.windows import exact_plan

    network = Network((read_bundle(folder),))
    predict = network.load()
    plan = exact_plan(
        (size, size), window_px=window, halo_px=network.halo_px, stride_px=network.stride_px
    )
    shape = (1, *plan.window_shape, len(BANDS))
    images = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    predict(images)
    count = plan.strip_count * plan.column_count
    start = time.perf_counter()
    for _ in range(count):
        predict(images)
    seconds = time.perf_counter() - start
    fed = count * plan.window_shape[0] * plan.window_shape[1]
    return {"seconds": seconds, "windows": count, "halo": fed / size**2}


def tutorial(folder: Path, size: int) -> dict:
    """All patches in memory, half overlapping, one `predict`, averaged."""
    import keras
    import rasterio

    model = keras.models.load_model(folder / "model.keras", compile=False)
    start = time.perf_counter()
    with rasterio.open(folder / f"stack-{size}.tif") as src:
        image = np.moveaxis(src.read(), 0, -1)
    offsets = [*range(0, size - PATCH, PATCH // 2), size - PATCH]
    places = [(row, col) for row in offsets for col in offsets]
    patches = np.stack([image[row : row + PATCH, col : col + PATCH] for row, col in places])
    answers = model.predict(patches, batch_size=16, verbose=0)[..., 0]
    total, count = np.zeros((size, size), np.float32), np.zeros((size, size), np.float32)
    for (row, col), answer in zip(places, answers, strict=True):
        total[row : row + PATCH, col : col + PATCH] += answer
        count[row : row + PATCH, col : col + PATCH] += 1
    with rasterio.open(
        folder / "tutorial.tif", "w", driver="GTiff", height=size, width=size, count=1,
        dtype="float32",
    ) as dst:  # fmt: skip
        dst.write(total / count, 1)
    return {"seconds": time.perf_counter() - start}


def apart(task: str, *arguments: object) -> dict:
    """Run a task in a process of its own; its result, and its peak memory in MB."""
    command = [sys.executable, __file__, "--task", task, *map(str, arguments)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert child.stdout is not None
    lines = child.stdout.read().splitlines()
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(f"failed: {' '.join(command)}")
    return {**json.loads(lines[-1]), "peak_mb": usage.ru_maxrss / 1024}


def run_task(task: str, folder: Path, arguments: list[str]) -> None:
    size = int(arguments[0])
    if task == "scene":
        result = scene(folder, size, arguments[1], int(arguments[2]))
    elif task == "own":
        result = own_time(folder, size, int(arguments[1]))
    elif task == "tutorial":
        result = tutorial(folder, size)
    else:
        write_bundle(folder, size)
        result = {}
    print(json.dumps(result))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[2048, 8192, 20000])
    parser.add_argument("--memory", default="4GB")
    parser.add_argument("--filters", type=int, default=16)
    parser.add_argument("--compare", type=int, help="size for workers and the tutorial loop")
    parser.add_argument("--folder", type=Path, help="where to put the files (default: temporary)")
    parser.add_argument("--task", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.task:
        run_task(args.task[0], Path(args.task[1]), args.task[2:])
        return
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        folder = Path(name)
        apart("bundle", folder, args.filters)
        script = Path(__file__).with_name("engines.py")
        subprocess.run([sys.executable, script, folder], check=True, stderr=subprocess.DEVNULL)
        print(f"{len(BANDS)} bands, {args.filters} filters, budget {args.memory}")
        print(f"{'px':>6} {'window':>7} {'s':>8} {'us/px':>7} {'own s':>8} {'over own':>9} "
              f"{'halo':>6} {'peak MB':>8}", flush=True)  # fmt: skip
        peaks, compare = [], args.compare or args.sizes[0]
        for size in sorted({*args.sizes, 256, compare, compare // 2}):
            write_stack(folder / f"stack-{size}.tif", size)
        for size in args.sizes:
            ours = apart("scene", folder, size, args.memory, 0)
            own = apart("own", folder, size, ours["window"])
            peaks.append(ours["peak_mb"])
            print(
                f"{size:>6} {ours['window']:>7} {ours['seconds']:>8.1f} "
                f"{ours['seconds'] / size**2 * 1e6:>7.2f} {own['seconds']:>8.1f} "
                f"{ours['seconds'] / own['seconds']:>9.2f} {own['halo']:>6.2f} "
                f"{ours['peak_mb']:>8.0f}",
                flush=True,
            )
        print(f"peak memory, largest over smallest: {max(peaks) / min(peaks):.2f} (aim: 1.10)")
        spans = []
        for workers in (1, 2):
            times = [
                apart("scene", folder, size, args.memory, workers)["seconds"]
                for size in (compare // 2, compare)
            ]
            spans.append(times[1] - times[0])
        print(f"{compare} px, two workers over one: {spans[1] / spans[0]:.2f} of the time")
        peer = apart("tutorial", folder, compare)
        ours = apart("scene", folder, compare, args.memory, 0)
        print(
            f"{compare} px, tutorial loop: {peer['seconds']:.1f} s, {peer['peak_mb']:.0f} MB; "
            f"ours {ours['seconds']:.1f} s, {ours['peak_mb']:.0f} MB"
        )


if __name__ == "__main__":
    main()
