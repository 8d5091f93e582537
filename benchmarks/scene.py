"""Scene inference: time over the model's own, peak memory by size, two workers, a tutorial loop.

    python benchmarks/scene.py --sizes 2048 8192 20000 --memory 4GB

One run measures, with the huge pages that the command line asks for, on a 7-band stack of a
simulated basin, mirrored side by side as far as the size needs, and a 16-filter U-Net with random
weights:

- time per scene pixel over the network's own time on the same windows in memory, and how many
  pixels it is fed per pixel of the scene (the halo). Both are loaded, and warm by 256 pixels; the
  first window of their shape belongs to both. The own time is that of the first window and of at
  most --own-windows more, times the rest over those. They are spread over the scene, which is
  stopped meanwhile: the speed of a shared machine swings. A window goes before each, untimed, since
  a process that waited is slower at first. The same ratio in processor time follows: it does not
  show what overlaps;
- two worker processes against one, in turns (one, two, two, one), without starting them: the time
  of a scene of 256 pixels is taken off;
- the loop of tutorials as the peer: every patch of the scene in memory, half overlapping, one
  `predict` call, averaged;
- other engines on the same windows (`engines.py`);
- peak memory of a whole process for each size, with its budget, and with windows of one side in
  all sizes: those of the budget share a small scene otherwise than a large one.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from turns import finish, start, take_turns

from keras_landslide.bands import BANDS as KNOWN
from keras_landslide.bands import IMAGE_MODELS
from keras_landslide.runtime.huge_pages import restart_with_huge_pages

BANDS = IMAGE_MODELS["rgb_terrain_sar"]
PATCH = 128
PX_PER_S = 600_000
"""Roughly the pace of a scene, to spread the own windows over it."""


def simulate(folder: Path, size: int) -> None:
    """A simulated basin and its stack."""
    from keras_landslide.simulation.twin_basins import simulate
    from keras_landslide.stacking.build import build_stack

    (recipe,) = simulate(folder, size, 0, ["argelia"])
    build_stack(recipe, folder / "basin.tif")


def write_stack(folder: Path, size: int) -> None:
    """The basin's stack from its middle on, mirrored until the size is reached."""
    from keras_landslide.grid import Grid
    from keras_landslide.inference.windows import reflected
    from keras_landslide.rasters.read import read_bands, stack_info
    from keras_landslide.rasters.write import RasterWriter

    basin = folder / "basin.tif"
    image, grid = read_bands(basin, BANDS), stack_info(basin).grid
    grid = Grid(grid.crs, grid.transform, (size, size))
    units, tags = [KNOWN[name].unit for name in BANDS], {"SIMULATED": "yes"}
    with RasterWriter(
        folder / f"stack-{size}.tif", grid, len(BANDS), names=BANDS, units=units, tags=tags
    ) as writer:
        for window in grid.windows(1024):
            middle = image.shape[0] // 2  # the outer pixels lack some bands
            rows = reflected(middle + window.row_off, window.height, image.shape[0])
            columns = reflected(middle + window.col_off, window.width, image.shape[1])
            writer.write(image[np.ix_(rows, columns)], window)


def write_bundle(folder: Path, filters: int) -> None:
    import keras

    from keras_landslide import models
    from keras_landslide.bundle.write import write_network
    from keras_landslide.models.analysis.receptive_field import receptive_field

    keras.utils.set_random_seed(0)
    model = models.build("unet_colombia", (None, None, len(BANDS)), filters=filters)
    field = receptive_field(model)
    write_network(model, folder, folder)
    bands = [{"name": name, "unit": KNOWN[name].unit, "kind": "continuous"} for name in BANDS]
    contract = {
        "format": 1, "name": "bench", "simulated": True, "bands": bands, "pixel_size_m": 12.5,
        "patch_size_px": PATCH, "stride_px": field.stride_px, "halo_px": field.halo_px,
        "bounded": field.bounded, "threshold": 0.5,
        "model": {"name": "unet_colombia", "options": {"filters": filters}},
    }  # fmt: skip
    (folder / "bundle.json").write_text(json.dumps(contract))


class Clock:
    """Seconds and processor seconds of this process."""

    def __init__(self) -> None:
        self.start = time.perf_counter(), time.process_time()

    def passed(self) -> dict[str, float]:
        """Both since the clock was made."""
        seconds, cpu = time.perf_counter() - self.start[0], time.process_time() - self.start[1]
        return {"seconds": seconds, "cpu": cpu}


def network_of(folder: Path, engine: str) -> Any:
    from keras_landslide.bundle.read import read_bundle
    from keras_landslide.inference.network import Network

    return Network((read_bundle(folder),), engine=engine)


def scene(folder: Path, size: int, memory: str, workers: int, window: int, engine: str) -> dict:
    """Map a scene; in a process of its own so that the peak memory is this size's."""
    from keras_landslide.inference.network import Network
    from keras_landslide.inference.scene import Running, map_stack

    network = network_of(folder, engine)
    out = folder / f"map-{size}-{workers}.tif"
    if not workers:  # loading takes seconds, whatever the scene, and the own time is without it
        patch.object(Network, "load", return_value=network.load()).start()
        map_stack(network, folder / "stack-256.tif", folder / "warm.tif", Running())
        (folder / "warm.tif").unlink()  # else the next process would find it made
    clock = Clock()
    running = Running(memory=memory or None, window_px=window or None, workers=workers or None)
    map_stack(network, folder / f"stack-{size}.tif", out, running)
    times, ended = clock.passed(), time.monotonic()
    import rasterio

    with rasterio.open(out) as src:
        told = src.tags().get("WINDOW_PX", f"{window}x{window}")
    out.unlink()
    return {**times, "ended": ended, "window": told}


def own_time(folder: Path, size: int, window: str, engine: str) -> None:
    """The network on a window of the scene's shape in memory: once, and for each line of input."""
    from keras_landslide.inference.window_choice import parsed
    from keras_landslide.inference.windows import exact_plan

    network = network_of(folder, engine)
    predict = network.load()
    plan = exact_plan(
        (size, size),
        window_px=parsed(window),
        halo_px=network.halo_px,
        stride_px=network.stride_px,
    )
    shape = (1, *plan.window_shape, len(BANDS))
    images = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    predict(images[:, :256, :256])  # warm as the scene's process is
    fed = plan.core_count * shape[1] * shape[2]
    told = {"count": plan.core_count, "halo": fed / size**2}
    while True:
        clock = Clock()
        predict(images)
        print(json.dumps({**clock.passed(), **told}), flush=True)
        if not sys.stdin.readline():
            return
        predict(images)  # after a pause a call takes up to a tenth longer


def tutorial(folder: Path, size: int) -> dict:
    """All patches in memory, half overlapping, one `predict`, averaged."""
    import keras
    import rasterio

    import keras_landslide.layers  # noqa: F401  # what model.keras is made of

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


def started(task: str, *arguments: object) -> subprocess.Popen:
    """Start a task in a process of its own."""
    return start([sys.executable, __file__, "--task", task, *map(str, arguments)])


def apart(task: str, *arguments: object) -> dict:
    """Run a task in a process of its own; its result, and its peak memory in MB."""
    return finish(started(task, *arguments))


def run_task(task: str, folder: Path, arguments: list[str]) -> None:
    size = int(arguments[0])
    if task == "scene":
        memory, workers, window, engine = arguments[1:]
        result = scene(folder, size, memory, int(workers), int(window), engine)
    elif task == "own":
        own_time(folder, size, *arguments[1:])
        return
    elif task == "tutorial":
        result = tutorial(folder, size)
    else:
        {"simulate": simulate, "stack": write_stack, "bundle": write_bundle}[task](folder, size)
        result = {}
    print(json.dumps(result))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[2048, 8192, 20000])
    parser.add_argument("--memory", default="4GB")
    parser.add_argument("--window", type=int, default=0, help="side of the windows; default: what "
                        "the budget allows, less where a small scene is shared")  # fmt: skip
    parser.add_argument("--flat-window", type=int, default=1312, help="map each size once more "
                        "with windows of this side, for the peak memory")  # fmt: skip
    parser.add_argument("--engine", default="tensorflow", help="as in predict --engine")
    parser.add_argument("--filters", type=int, default=16)
    parser.add_argument("--tutorial-size", type=int, default=2048, help="size of the scene for the "
                        "tutorial loop")  # fmt: skip
    parser.add_argument("--workers-size", type=int, default=8192, help="size of the scene for one "
                        "and two workers")  # fmt: skip
    parser.add_argument("--basin", type=int, default=2048, help="edge of the simulated basin")
    parser.add_argument("--own-windows", type=int, default=8, help="windows that the own time is "
                        "measured on")  # fmt: skip
    parser.add_argument("--only-sizes", action="store_true", help="leave out engines, workers and "
                        "the tutorial loop")  # fmt: skip
    parser.add_argument("--folder", type=Path, help="where to keep the files, and find those of an "
                        "earlier run (default: temporary)")  # fmt: skip
    parser.add_argument("--task", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.task:
        run_task(args.task[0], Path(args.task[1]), args.task[2:])
        return
    if not args.memory:
        parser.error("--memory: give a budget, the windows' own time is measured by its choice")
    with tempfile.TemporaryDirectory() as name:
        # Named after what the files in it depend on, so that none serves another run by mistake.
        folder = (args.folder or Path(name)) / f"basin-{args.basin}-filters-{args.filters}"
        folder.mkdir(parents=True, exist_ok=True)
        made(folder / "basin.tif", "simulate", args.basin)
        made(folder / "bundle.json", "bundle", args.filters)
        compare_sizes(folder, args)
        if not args.only_sizes:
            script = Path(__file__).with_name("engines.py")
            subprocess.run([sys.executable, script, folder], check=True, stderr=subprocess.DEVNULL)
            compare_tutorial(folder, args)
            compare_workers(folder, args)
        compare_memory(folder, args)


def made(path: Path, task: str, size: int) -> None:
    """Make a file by a task, unless it is there."""
    if not path.exists():
        apart(task, path.parent, size)


def compare_sizes(folder: Path, args: argparse.Namespace) -> None:
    """A row per size: time, over the network's own, and peak memory."""
    for size in (256, *args.sizes):
        made(folder / f"stack-{size}.tif", "stack", size)
    print(f"{len(BANDS)} bands, {args.filters} filters, budget {args.memory}, {args.engine}")
    print(f"{'px':>6} {'window':>9} {'s':>8} {'us/px':>7} {'own s':>8} {'over own':>9} "
          f"{'cpu':>5} {'halo':>6} {'peak MB':>8}", flush=True)  # fmt: skip
    peaks = []
    for size in args.sizes:
        ours, own, halo = scene_and_own(folder, size, args)
        peaks.append(ours["peak_mb"])
        print(
            f"{size:>6} {ours['window']:>9} {ours['seconds']:>8.1f} "
            f"{ours['seconds'] / size**2 * 1e6:>7.2f} {own['seconds']:>8.1f} "
            f"{ours['seconds'] / own['seconds']:>9.2f} {ours['cpu'] / own['cpu']:>5.2f} "
            f"{halo:>6.2f} {ours['peak_mb']:>8.0f}",
            flush=True,
        )
    print(f"peak memory, largest over smallest: {max(peaks) / min(peaks):.2f}", flush=True)


def scene_and_own(folder: Path, size: int, args: argparse.Namespace) -> tuple[dict, dict, float]:
    """The scene, the own time of its windows, and how many pixels they have per scene pixel."""
    # Where a run notes the windows that it chose.
    note = folder / f".map-{size}-0.tif.work" / "window.json"
    shutil.rmtree(note.parent, ignore_errors=True)

    def own(content: str) -> subprocess.Popen:
        return started("own", folder, size, json.loads(content)["window_px"], args.engine)

    def every_s(told: dict) -> float:
        return size**2 / PX_PER_S / min(told["count"], args.own_windows + 1)

    ours, steps = take_turns(
        started("scene", folder, size, args.memory, 0, args.window, args.engine),
        note, own, every_s, args.own_windows,
    )  # fmt: skip
    first = steps[0]
    later = steps[1:] or steps
    times = {}
    for name in ("seconds", "cpu"):
        rest = sum(step[name] for step in later) / len(later)
        times[name] = first[name] + rest * (first["count"] - 1)
    return ours, times, first["halo"]


def compare_memory(folder: Path, args: argparse.Namespace) -> None:
    """Peak memory with the same windows in all sizes."""
    peaks = [
        apart("scene", folder, size, "", 0, args.flat_window, args.engine)["peak_mb"]
        for size in args.sizes
    ]
    told = ", ".join(f"{peak:.0f}" for peak in peaks)
    print(
        f"peak memory with windows of {args.flat_window} px in all sizes: {told} MB, "
        f"{max(peaks) / min(peaks):.2f} (aim: 1.10)",
        flush=True,
    )


def compare_tutorial(folder: Path, args: argparse.Namespace) -> None:
    """The loop of tutorials, and ours."""
    size = args.tutorial_size
    made(folder / f"stack-{size}.tif", "stack", size)
    peer = apart("tutorial", folder, size)
    ours = apart("scene", folder, size, args.memory, 0, 0, args.engine)
    print(
        f"{size} px, tutorial loop: {peer['seconds']:.1f} s, {peer['peak_mb']:.0f} MB; "
        f"ours {ours['seconds']:.1f} s, {ours['peak_mb']:.0f} MB",
        flush=True,
    )


def compare_workers(folder: Path, args: argparse.Namespace) -> None:
    """Two workers against one; both in the first half and in the second, as the speed swings."""
    size = args.workers_size
    made(folder / f"stack-{size}.tif", "stack", size)

    def seconds(edge: int, workers: int) -> float:
        return apart("scene", folder, edge, args.memory, workers, 0, args.engine)["seconds"]

    spans: dict[int, float] = {1: 0.0, 2: 0.0}
    starts = {workers: seconds(256, workers) for workers in spans}
    for workers in (1, 2, 2, 1):
        spans[workers] += (seconds(size, workers) - starts[workers]) / 2
    print(
        f"{size} px, one worker: {spans[1]:.1f} s, two: {spans[2]:.1f} s, "
        f"{spans[2] / spans[1]:.2f} of the time; starting them {starts[1]:.1f} and "
        f"{starts[2]:.1f} s",
        flush=True,
    )


if __name__ == "__main__":
    restart_with_huge_pages()
    main()
