"""Half precision on a GPU: the engines `jax` and `jax_float16` on windows in memory.

    python benchmarks/engines_gpu.py BUNDLE --image pixels.npy --windows 2048 4096

Each engine answers in a process of its own; the windows are the given pixels, mirrored as far as
they need. Printed per window: the best time of a call, from and to the memory of the process, and
the most memory of the GPU, half precision over float32; how far the answers of both are from those
of float32 on the CPU, and how many pixels are on another side of the threshold; whether two
processes gave the same bytes. At last a window of as many pixels as the engine says that the GPU
holds, in a twentieth of its memory. Neither GDAL nor TensorFlow is needed.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from keras_landslide.bundle.read import read_bundle
from keras_landslide.inference.engines.table import load
from keras_landslide.inference.windows import reflected

ENGINES = ("jax", "jax_float16")
FRACTION = "XLA_PYTHON_CLIENT_MEM_FRACTION"


def measure(bundle: Path, engine: str, image: Path, side: int, calls: int, answers: Path) -> dict:
    """Times and memory of an engine; its answer goes to `answers`. Side 0: as large as it can."""
    import jax

    start = time.perf_counter()
    call = load(bundle, engine)
    if not side:
        if call.most_px is None:
            raise SystemExit("JAX sees no GPU")
        side = math.isqrt(call.most_px) // call.bundle.stride_px * call.bundle.stride_px
    pixels = np.load(image)
    rows, columns = (reflected(0, side, size) for size in pixels.shape[:2])
    images = pixels[np.ix_(rows, columns)][None]
    found = call(images)
    ready, times = time.perf_counter() - start, []
    for _ in range(calls):
        begun = time.perf_counter()
        found = call(images)
        times.append(time.perf_counter() - begun)
    np.save(answers, found)
    statistics = jax.devices()[0].memory_stats() or {}
    return {
        "device": jax.devices()[0].device_kind, "side": side, "ready": ready,
        "seconds": min(times, default=0.0),
        "peak_mb": statistics.get("peak_bytes_in_use", 0) / 1e6,
        "limit_mb": statistics.get("bytes_limit", 0) / 1e6,
    }  # fmt: skip


def apart(*arguments: object, **variables: str) -> dict:
    """`measure` in a process of its own."""
    command = [sys.executable, __file__, "--measure", *map(str, arguments)]
    done = subprocess.run(
        command, env=os.environ | variables, check=True, stdout=subprocess.PIPE, text=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def compare(bundle: Path, image: Path, side: int, folder: Path) -> None:
    """A line per engine for windows of this side."""
    reference, threshold = folder / "cpu.npy", read_bundle(bundle).threshold
    cpu = apart(bundle, "jax", image, side, 0, reference, JAX_PLATFORMS="cpu")
    first: dict = {}
    for engine in ENGINES:
        runs = [apart(bundle, engine, image, side, 5, folder / f"{i}.npy") for i in range(2)]
        one, other = (np.load(folder / f"{i}.npy") for i in range(2))
        row = min(runs, key=lambda run: run["seconds"])
        first = first or row
        own = np.load(reference)
        off, over = np.abs(one - own), np.mean((one >= threshold) != (own >= threshold))
        print(
            f"{side} px, {engine} on {row['device']}: {row['seconds']:.3f} s "
            f"({row['seconds'] / first['seconds']:.2f}), {row['peak_mb']:.0f} MB "
            f"({row['peak_mb'] / first['peak_mb'] if first['peak_mb'] else 0:.2f}), ready after "
            f"{row['ready']:.1f} s; from {cpu['device']}: at most {off.max():.1e}, mean "
            f"{off.mean():.1e}, {over:.1e} of the pixels change sides; two processes agree: "
            f"{np.array_equal(one, other)}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bundle", type=Path, nargs="?")
    parser.add_argument("--image", type=Path, help="pixels (h, w, bands) float32, a .npy file")
    parser.add_argument("--windows", type=int, nargs="+", default=[2048, 4096])
    parser.add_argument("--measure", nargs=6, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        bundle, engine, image, side, calls, answers = args.measure
        print(json.dumps(measure(Path(bundle), engine, Path(image), int(side), int(calls),
                                 Path(answers))))  # fmt: skip
        return
    if args.bundle is None or args.image is None:
        parser.error("name a bundle and --image")
    with tempfile.TemporaryDirectory() as name:
        for side in args.windows:
            compare(args.bundle, args.image, side, Path(name))
        for engine in ENGINES:
            answers = Path(name) / "full.npy"
            row = apart(args.bundle, engine, args.image, 0, 1, answers, **{FRACTION: "0.05"})
            print(
                f"{engine}: {row['side']} px as the GPU allows; {row['peak_mb']:.0f} of "
                f"{row['limit_mb']:.0f} MB, {row['seconds']:.3f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
