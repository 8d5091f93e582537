"""Which window a memory budget allows, and keeping to it when a run goes on."""

from __future__ import annotations

import contextlib
import math
from bisect import bisect_left
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import rasterio

from keras_landslide.files import write_json
from keras_landslide.inference.engines.base import too_large
from keras_landslide.inference.memory import Cost, Layout, check_window, window_bytes
from keras_landslide.inference.windows import least_window, shared_core
from keras_landslide.records import entry, remembered

Sides = tuple[int, int]
"""(height, width) of a window in pixels."""
LARGEST_PX = 8192**2
"""Windows grow to no more pixels: the halo's share is small by then, and so is the gain."""
LEAST_MARGIN_PX = 32
"""Margin that is counted without a halo: a narrow window reads tiles of which it uses little."""


@dataclass(frozen=True)
class WindowNote:
    """What `window.json` beside the strips tells."""

    key: str = entry("digest of what the choice depends on")
    window_px: str = entry("the window, as `written` writes it")


def best_window(budget_bytes: int, cost: Cost, layout: Layout, most_px: int = LARGEST_PX) -> Sides:
    """The exact windows within the budget that feed the network the fewest pixels.

    Rows and columns of windows share the scene evenly, so windows need not be square: a scene that
    is a little too large for one is cut in two halves, not in four quarters. Fewest but for the
    rounding to the stride, which may let another number of columns come out lower by a percent.

    Args:
        budget_bytes: memory of the process.
        cost: what the network takes of it.
        layout: of the scene.
        most_px: pixels of a window, at most.

    Raises:
        BudgetError: the smallest window does not fit.
        EngineError: it has more than `most_px`.
    """
    (height, width), stride, halo = layout.shape, layout.stride_px, layout.halo_px
    side = least_window(halo, stride)
    best = (side, side)
    check_window(budget_bytes, best, cost, layout)
    if side**2 > most_px:
        raise too_large((layout.batch_size, *best))

    def window(rows: int, columns: int) -> Sides:
        core = shared_core(height, rows, stride), shared_core(width, columns, stride)
        return core[0] + 2 * halo, core[1] + 2 * halo

    def fits(rows: int, columns: int) -> bool:
        sides = window(rows, columns)
        needed = window_bytes(sides, cost, layout)
        return math.prod(sides) <= most_px and needed <= budget_bytes

    more = 2 * max(LEAST_MARGIN_PX - halo, 0)
    least, most = math.inf, -(-width // stride)
    for rows in range(1, -(-height // stride) + 1):
        if (height + rows * (2 * halo + more)) * width >= least:
            break  # the margins of so many rows alone cost more
        # The more columns, the narrower: the first that fit are the widest.
        columns = 1 + bisect_left(range(1, most + 1), True, key=partial(fits, rows))
        if columns <= most:
            sides = window(rows, columns)
            windows = rows * -(-columns // layout.batch_size) * layout.batch_size
            fed = windows * (sides[0] + more) * (sides[1] + more)
            if fed <= least:  # of two alike the wider: files are read by rows
                best, least = sides, fed
    return best


def remembered_window(out: Path, work_folder: Path, key: str) -> Sides | None:
    """The window that an earlier run with the same `key` chose; measured costs vary a little.

    A run that goes on after a kill has to cut the scene as it was cut before.
    """
    note = remembered(WindowNote, work_folder / "window.json")
    if note is not None and note.key == key:
        with contextlib.suppress(ValueError):
            return parsed(note.window_px)
    try:
        with rasterio.open(out) as src:
            tags = src.tags()
    except rasterio.errors.RasterioIOError:
        return None
    if tags.get("WINDOW_KEY") != key:
        return None
    try:
        return parsed(tags["WINDOW_PX"])
    except (KeyError, ValueError):
        return None


def remember_window(work_folder: Path, key: str, window: Sides) -> None:
    """Note the window beside the strips that will be cut with it."""
    write_json(work_folder / "window.json", {"key": key, "window_px": written(window)})


def written(window: Sides) -> str:
    """The window in a note or a tag: `1280x2304` pixels."""
    return "x".join(map(str, window))


def parsed(text: str) -> Sides:
    """What `written` wrote.

    Raises:
        ValueError: something else did.
    """
    height, width = map(int, text.split("x"))
    return height, width
