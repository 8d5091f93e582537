"""Windows of a stack, continued by reflection beyond its edges, read ahead by one thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from keras_landslide.grid import Window
from keras_landslide.inference.windows import reflected
from keras_landslide.rasters.read import BandReader

Item = TypeVar("Item")
Loaded = TypeVar("Loaded")


def read_reflected(reader: BandReader, band_names: tuple[str, ...], window: Window) -> np.ndarray:
    """Read a window that may stick out of the scene; what lies outside is its mirror image.

    Only the pixels that occur in the window are read from the file.

    Args:
        reader: the open stack.
        band_names: bands in channel order.
        window: any rectangle, in pixels of the stack.

    Returns:
        float32 (height, width, C) in the bands' units, NaN where a band has no data. Infinities
        are returned as NaN, since no network has a use for them.

    Raises:
        InputFileError: the file is truncated or cannot be read.
        BandError: a band is missing.
    """
    rows = reflected(window.row_off, window.height, reader.shape[0])
    cols = reflected(window.col_off, window.width, reader.shape[1])
    top, left = int(rows.min()), int(cols.min())
    inner = Window(top, left, int(rows.max()) - top + 1, int(cols.max()) - left + 1)
    image = reader.read(band_names, inner)
    if inner != window:
        image = image[np.ix_(rows - top, cols - left)]
    image[~np.isfinite(image)] = np.nan
    return image


def read_ahead(
    items: Iterable[Item], load: Callable[[Item], Loaded], depth: int
) -> Iterator[Loaded]:
    """Yield `load(item)` in order while a thread loads up to `depth` items ahead.

    The reading overlaps with whatever the caller does in between; memory is bounded by `depth`.
    An error of `load` is raised where its item would have been yielded.
    """
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="read-ahead")
    pending: deque = deque()
    try:
        for item in items:
            pending.append(pool.submit(load, item))
            if len(pending) > depth:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
