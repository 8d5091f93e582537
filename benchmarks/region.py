"""A region of Veneto's size in bounded memory: stack, align and map, from a strip of it.

    python benchmarks/region.py --strip 400 800        # strips of so many rows, 19 500 pixels wide
    python benchmarks/region.py --height 21005 --strip 21005      # all of it: hours

Simulated rasters, 6 stored bands for 94 features, 160 with the aligned ones. Each step runs in a
process of its own, whose peak memory is printed; the whole takes as many times the strip's time as
it has more rows. A second strip of twice the rows shows whether memory grows with them.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIMULATE = """
from keras_landslide.simulation.mixed_region import simulate_region
simulate_region({folder!r}, ({rows}, {width}))
"""
STACK = """
from keras_landslide.stacking.build import build_stack
build_stack({folder!r} + "/recipe.toml", {folder!r} + "/stack.tif")
"""
MAP = """
import keras
from keras_landslide.models.registry import build
from keras_landslide.rasters.read import stack_info
from keras_landslide.susceptibility_study.features import stack_features
from keras_landslide.susceptibility_study.mappers import network_mapper
from keras_landslide.susceptibility_study.mapping import deploy, map_classes, map_probability
keras.utils.set_random_seed(0)
stack = {folder!r} + "/stack.tif"
features = stack_features(stack_info(stack))
features = features.with_aligned(features.names[:22])
assert len(features.bands) == 6 and len(features.names) == 94 and len(features.channels) == 160
network = build(
    "lacnn", (None, None, 160), filters={filters}, levels={levels}, features_to_head=True
)
out = {folder!r} + "/probability.tif"
map_probability(network_mapper(deploy(features, [network]), features), stack, out, window_px=512)
map_classes(out, stack, {folder!r} + "/classes.tif", method="equal_area")
"""
PEAK = """
with open("/proc/self/status") as status:
    print([line.split()[1] for line in status if line.startswith("VmHWM")][0])
"""


def measure(code: str) -> tuple[float, float]:
    """Seconds and peak memory (MB) of a process."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code + PEAK], stdout=subprocess.PIPE, text=True, check=True
    )
    return time.perf_counter() - start, int(done.stdout.split()[-1]) / 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--height", type=int, default=21_005)
    parser.add_argument("--width", type=int, default=19_500)
    parser.add_argument("--strip", type=int, nargs="+", default=[400, 800], help="rows")
    parser.add_argument("--filters", type=int, default=8)
    parser.add_argument("--levels", type=int, default=2)
    args = parser.parse_args()
    print(f"of {args.height} x {args.width} pixels; SIMULATED rasters, an untrained network")
    print(" rows  step        time, s  peak, MB  all of it, h")
    for rows in args.strip:
        with tempfile.TemporaryDirectory() as folder:
            values = {"folder": folder, "rows": rows, "width": args.width}
            values |= {"filters": args.filters, "levels": args.levels}
            for name, code in (("simulate", SIMULATE), ("stack", STACK), ("map", MAP)):
                seconds, peak = measure(code.format(**values))
                whole = seconds * args.height / rows / 3600
                print(f"{rows:5d}  {name:9s} {seconds:9.1f} {peak:9.0f} {whole:13.2f}", flush=True)
            size = sum(path.stat().st_size for path in Path(folder).iterdir()) / 1e6
            print(f"       files on disk {size:.0f} MB")


if __name__ == "__main__":
    main()
