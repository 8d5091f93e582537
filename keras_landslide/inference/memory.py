"""The memory of a run over a scene: what the network costs, and all the rest."""

from __future__ import annotations

import math
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from keras_landslide.errors import BudgetError
from keras_landslide.evaluation.answers import Predict
from keras_landslide.inference import windows
from keras_landslide.inference.engines.base import PoolUse
from keras_landslide.rasters.cache import CACHE_BYTES
from keras_landslide.rasters.write import BLOCK_PX

UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "KI": 2**10, "MI": 2**20, "GI": 2**30}
SPARE = 1.35
"""Factor on what the process was measured to take: allocators keep some of what they free, and
TensorFlow's pool grows in large steps."""
POOL_SPARE = 2.0
"""Factor on what a network was measured to use of a pool: how much the pool takes from the system
for it (1.0 to 1.9 in six networks)."""
FIXED_BYTES = 2 * CACHE_BYTES + (96 << 20)
"""GDAL's two block caches, and writing the map and tracing polygons at the end."""
PROBE_PX = 384, 512
"""The least and greatest side of the larger of two windows that the network is measured on."""
PROBE_SHARE = 0.05
"""Between them it has this share of the scene's pixels, which is what it costs of the run."""


class Cost(NamedTuple):
    """What a network takes.

    Attributes:
        base_bytes: memory of this process with the network loaded and warm, without a window.
        per_px: bytes per pixel of the windows in a call, at the call's peak, and some to spare.
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


def measure_cost(
    predict: Predict, layout: Layout, pool_use: Callable[[], PoolUse] = lambda: PoolUse(0, 0)
) -> Cost:
    """Run the network on a small window and on a larger one, and see what each takes.

    The slope between the two peaks is the cost of a pixel: whatever does not grow with the window
    cancels out. The larger they are, the closer it comes to that of the run's windows.

    Args:
        predict: the network.
        layout: of the scene; the larger window is a small part of it.
        pool_use: what is used of a pool of memory. Where earlier calls of a network left it larger
            than the small window needs, the process's own memory alone no longer shows what a
            window takes.
    """
    kept = pool_use().kept
    least, most = PROBE_PX
    share = math.isqrt(int(PROBE_SHARE * math.prod(layout.shape))) if layout.bounded else least
    side = min(max(least, share), most)
    _probe(predict, layout, side // 3, pool_use, kept)  # the first call builds buffers that stay
    small, large = (_probe(predict, layout, each, pool_use, kept) for each in (side // 3, side))
    per_px = max(large.used - small.used, 0) / (large.pixels - small.pixels)
    spare = POOL_SPARE if kept > small.pooled else SPARE
    return Cost(int(small.used - per_px * small.pixels), spare * per_px)


class _Probe(NamedTuple):
    """Pixels of a window, and the peak bytes of this process and of the pool for it.

    What the pool had before and did not need for the window counts as free: windows will use it.
    """

    pixels: int
    used: int
    pooled: int


def _probe(
    predict: Predict,
    layout: Layout,
    side_px: int,
    pool_use: Callable[[], PoolUse],
    kept: int,
) -> _Probe:
    """Run the network on a window of about this side."""
    side = -(-side_px // layout.stride_px) * layout.stride_px
    images = np.zeros((1, side, side, layout.bands), np.float32)
    pool_use()  # what was in use before is not this window's
    with _peak_bytes() as resident:
        predict(images)
    pooled = pool_use().peak
    return _Probe(side**2, resident[0] - max(kept - pooled, 0), pooled)


def window_bytes(window: tuple[int, int], cost: Cost, layout: Layout) -> int:
    """Memory of a run whose windows have this (height, width)."""
    if layout.bounded:  # windows end with the scene
        core_px = [
            min(side - 2 * layout.halo_px, -(-size // layout.stride_px) * layout.stride_px)
            for side, size in zip(window, layout.shape, strict=True)
        ]
        window = core_px[0] + 2 * layout.halo_px, core_px[1] + 2 * layout.halo_px
        batch = layout.batch_size * math.prod(core_px)
        strip = min(core_px[0] * layout.shape[1], max(batch, windows.STRIP_PX))
    else:
        strip = window[0] // 2 * layout.shape[1]
    pixels = math.prod(window)
    # Read ahead, being read (its rows of tiles up to four times), in the batch and as a tensor.
    stacked = layout.batch_size if layout.batch_size > 1 else 0
    images = layout.batch_size + 1 + 2 * layout.batch_size + stacked
    image_px = images * pixels + 4 * BLOCK_PX * window[1]
    # One in the making, one being stored and two to spare (a worker keeps four until it is done
    # with them); blended ones hold two rows more.
    strips = 4 if layout.bounded else 7
    network = cost.per_px * pixels * layout.batch_size
    return int(
        cost.base_bytes
        + FIXED_BYTES
        + network
        + image_px * layout.bands * 4
        + strips * strip * layout.outputs * 4
    )


def check_window(budget_bytes: int, window: tuple[int, int], cost: Cost, layout: Layout) -> None:
    """Refuse a window of this (height, width) that does not fit.

    Raises:
        BudgetError: saying how much it takes.
    """
    needed = window_bytes(window, cost, layout)
    if needed > budget_bytes:
        raise BudgetError(
            f"a memory budget of {budget_bytes / 1e6:.0f} MB is too small for one window of "
            f"{max(window)} px, which takes {needed / 1e6:.0f} MB; give at least "
            f"{-(-needed // 10**7) * 10} MB"
        )


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
