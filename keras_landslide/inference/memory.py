"""How large a window fits in a memory budget: what the network costs, and all the rest."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import rasterio

from keras_landslide.errors import BudgetError
from keras_landslide.files import write_json
from keras_landslide.inference.run import Predict
from keras_landslide.rasters.cache import CACHE_BYTES

UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "KI": 2**10, "MI": 2**20, "GI": 2**30}
SPARE = 1.15
"""Factor on what the network was measured to take: allocators keep some of what they free."""
FIXED_BYTES = 2 * CACHE_BYTES + (96 << 20)
"""GDAL's two block caches, and writing the map and tracing polygons at the end."""
LARGEST_PX = 8192
"""Windows grow no larger: the halo's share is small by then, and so is the gain."""


class Cost(NamedTuple):
    """What a network takes.

    Attributes:
        base_bytes: memory of this process with the network loaded and warm.
        per_px: bytes per pixel of the windows in a call, at the call's peak.
    """

    base_bytes: int
    per_px: float


class Layout(NamedTuple):
    """What else determines the memory of a scene's windows.

    Attributes:
        shape: (height, width) of the scene.
        bands: bands read.
        outputs: bands of the map.
        bounded: exact windows, else blended ones.
        halo_px: margin of an exact window.
        stride_px: windows grow by this.
        batch_size: windows per call.
    """

    shape: tuple[int, int]
    bands: int
    outputs: int
    bounded: bool
    halo_px: int
    stride_px: int
    batch_size: int = 1


def parse_bytes(text: str) -> int:
    """Bytes from `4GB`, `500 MB` (powers of 1000) or `4GiB` (of 1024).

    Raises:
        BudgetError: the text is none of these.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMG]?I?)B?\s*", text.upper())
    if not found or found[2] not in UNITS:
        raise BudgetError(f"'{text}' is no amount of memory; write for example 4GB or 512MiB")
    return int(float(found[1]) * UNITS[found[2]])


def measure_cost(predict: Predict, bands: int, stride_px: int) -> Cost:
    """Run the network on a small window and on a larger one, and see what each takes.

    The slope between the two peaks is the cost of a pixel: whatever does not grow with the window
    cancels out.
    """
    sides = [-(-side // stride_px) * stride_px for side in (128, 384)]
    peaks = []
    for side in sides:
        images = np.zeros((1, side, side, bands), np.float32)
        predict(images)  # the first call builds buffers that stay
        before = _resident_bytes()
        with _peak_bytes() as peak:
            predict(images)
        peaks.append(max(peak[0], before))
    base = peaks[0]
    pixels = [side**2 for side in sides]
    return Cost(base, max(peaks[1] - peaks[0], 0) / (pixels[1] - pixels[0]))


def window_bytes(side_px: int, cost: Cost, layout: Layout) -> int:
    """Memory of a run whose windows have this side."""
    margin = layout.halo_px if layout.bounded else side_px // 4
    core = min(side_px - 2 * margin, max(layout.shape))
    pixels = (core + 2 * margin) ** 2
    # Read ahead, being read (copies at the edges and by pixel), in the batch and as a tensor.
    stacked = layout.batch_size if layout.batch_size > 1 else 0
    images = layout.batch_size + 3 + 2 * layout.batch_size + stacked
    strip = min(core, layout.shape[0]) * layout.shape[1] * layout.outputs * 4
    # One in the making, one being stored and one to spare; blended ones hold two rows more.
    strips = 3 if layout.bounded else 7
    network = SPARE * cost.per_px * pixels * layout.batch_size
    return int(
        cost.base_bytes
        + FIXED_BYTES
        + network
        + images * pixels * layout.bands * 4
        + strips * strip
    )


def largest_window(budget_bytes: int, cost: Cost, layout: Layout) -> int:
    """Side of the largest exact window that fits, in steps of the stride.

    Raises:
        BudgetError: the smallest does not fit.
    """
    smallest = 2 * layout.halo_px + layout.stride_px
    check_window(budget_bytes, smallest, cost, layout)
    whole = max(layout.shape) + 2 * layout.halo_px + layout.stride_px
    steps = (min(whole, max(LARGEST_PX, smallest)) - smallest) // layout.stride_px
    # Evenly: memory grows with the side.
    low, high = 0, steps
    while low < high:
        middle = (low + high + 1) // 2
        side = smallest + middle * layout.stride_px
        if window_bytes(side, cost, layout) <= budget_bytes:
            low = middle
        else:
            high = middle - 1
    return smallest + low * layout.stride_px


def check_window(budget_bytes: int, side_px: int, cost: Cost, layout: Layout) -> None:
    """Refuse a window that does not fit.

    Raises:
        BudgetError: saying how much it takes.
    """
    needed = window_bytes(side_px, cost, layout)
    if needed > budget_bytes:
        raise BudgetError(
            f"a memory budget of {budget_bytes / 1e6:.0f} MB is too small for one window of "
            f"{side_px} px, which takes {needed / 1e6:.0f} MB; give at least "
            f"{-(-needed // 10**7) * 10} MB"
        )


def remembered_window(out: Path, work_folder: Path, key: str) -> int | None:
    """The window that an earlier run with the same `key` chose; measured costs vary a little.

    A run that goes on after a kill has to cut the scene as it was cut before.
    """
    try:
        note = json.loads((work_folder / "window.json").read_text(encoding="utf-8"))
        if note["key"] == key:
            return int(note["window_px"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    try:
        with rasterio.open(out) as src:
            tags = src.tags()
    except rasterio.errors.RasterioIOError:
        return None
    return int(tags["WINDOW_PX"]) if tags.get("WINDOW_KEY") == key else None


def remember_window(work_folder: Path, key: str, window_px: int) -> None:
    """Note the window beside the strips that will be cut with it."""
    write_json(work_folder / "window.json", {"key": key, "window_px": window_px})


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def _peak_bytes() -> Iterator[list[int]]:
    """Yield a list whose only item becomes the peak of this process's memory in the block."""
    peak, done = [_resident_bytes()], threading.Event()

    def watch() -> None:
        while not done.is_set():
            peak[0] = max(peak[0], _resident_bytes())
            time.sleep(0.0005)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        done.set()
        thread.join()
