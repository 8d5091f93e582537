"""The search on a GPU through any Keras backend: trials per hour, utilisation, against bare `fit`.

    python benchmarks/search_gpu.py --backend jax
    python benchmarks/search_gpu.py --backend torch --workers 4

The study's U-Net (four levels, 16 and 32 filters, three learning rates) on simulated patches of
noise with bright landslides. Three times the same trainings: one after another in one process
without Keras Tuner, by a search, and by a search with several workers that share the GPU. The
figures to look at: trials per hour, the search's time over the bare loop's, and how busy the GPU
was while each ran. Without a GPU it says so and shows the times alone.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from functools import partial
from pathlib import Path

from noise_search import NoiseTrainer, space_of
from search import search, train_bare

from keras_landslide.tuning.space import SearchSpace

GRID = {"filters": (16, 32), "learning_rate": (1e-2, 3e-3, 1e-3), "batch_size": (32,)}


class GpuWatch:
    """Reads utilisation and memory of the first GPU four times a second while inside."""

    def __enter__(self) -> GpuWatch:
        self.busy: list[float] = []
        self.used_mb: list[float] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        if shutil.which("nvidia-smi"):
            self._thread.start()
        return self

    def _look(self) -> None:
        query = "--query-gpu=utilization.gpu,memory.used"
        command = ["nvidia-smi", "-i", "0", query, "--format=csv,noheader,nounits"]
        while not self._over.wait(0.25):
            said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            busy, used = said.split(",")
            self.busy.append(float(busy))
            self.used_mb.append(float(used))

    def __exit__(self, *error: object) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def __str__(self) -> str:
        if not self.busy:
            return "no GPU seen"
        mean, peak = sum(self.busy) / len(self.busy), max(self.busy)
        return f"GPU busy {mean:.0f} % (at most {peak:.0f} %), memory {max(self.used_mb):.0f} MB"


def trials(part: str, space: SearchSpace, patches: int, size: int, workers: int, backend: str):
    """All trainings of the space: `bare` one after another in this process, or by a `search`.

    Raises:
        SystemExit: a trial failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        if part == "bare":
            trainer = NoiseTrainer(patches, size)
            for number in range(len(space.combinations)):
                train_bare(space, number, trainer, Path(folder))
            return
        make = partial(NoiseTrainer, patches, size)
        _, found = search(space, make, Path(folder), workers, backend)
        failed = [row.reason for row in found.rows if row.status != "completed"]
        if failed:
            raise SystemExit(f"{len(failed)} trials failed: {failed[0]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--backend", choices=["tensorflow", "jax", "torch"], default="jax")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--patches", type=int, default=1024)
    parser.add_argument("--size", type=int, default=128, help="of a patch, in pixels")
    parser.add_argument("--workers", type=int, default=4, help="of the third run; 0 leaves it out")
    parser.add_argument("--part", help="internal: bare or search, in a process of its own")
    given = parser.parse_args()
    space = space_of(given.epochs, GRID, levels=4)
    if given.part:
        trials(given.part, space, given.patches, given.size, given.workers, given.backend)
        return
    count = len(space.combinations)
    shape = f"{given.epochs} epochs of {given.patches * 3 // 4} patches of {given.size} px"
    print(f"{given.backend}: {count} trainings, {shape}", flush=True)
    runs = [("bare", 1), ("search", 1)] + ([("search", given.workers)] if given.workers else [])
    base = None
    for part, workers in runs:
        asked = ["--part", part, "--workers", str(workers)]
        for name in ("backend", "epochs", "patches", "size"):
            asked += [f"--{name}", str(getattr(given, name))]
        # JAX takes most of a GPU's memory at once, which several processes cannot.
        environment = os.environ | {
            "KERAS_BACKEND": given.backend,
            "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
            "TF_FORCE_GPU_ALLOW_GROWTH": "true",
        }
        begin = time.perf_counter()
        with GpuWatch() as watch:
            subprocess.run([sys.executable, __file__, *asked], env=environment, check=True)
        seconds = time.perf_counter() - begin
        base = base or seconds
        print(
            f"{given.backend}, {part}, {workers} at a time: {seconds:.1f} s, "
            f"{count / seconds * 3600:.0f} trials per hour, {seconds / base:.3f} of the bare "
            f"loop's time; {watch}",
            flush=True,
        )


if __name__ == "__main__":
    main()
