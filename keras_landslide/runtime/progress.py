"""One progress bar with an ETA for all long work."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")
LOG_INTERVAL_S = 15.0
QUIET = "KERAS_LANDSLIDE_QUIET"
"""Environment variable that keeps bars away; worker processes inherit it."""
_open: list[tqdm] = []


class _Lines:
    """Standard error for a bar in a log file: each update a line of its own, nothing redrawn."""

    def write(self, text: str) -> None:
        if line := text.strip():
            print(line, file=sys.stderr)

    def flush(self) -> None:
        sys.stderr.flush()


def progress(
    items: Iterable[T], description: str, *, total: int | None = None, unit: str = "it"
) -> Iterator[T]:
    """Yield `items` while a bar with rate and ETA is drawn on standard error.

    On a terminal the bar redraws in place. In a log file it prints a line every quarter of a
    minute, so that short work prints none.
    """
    terminal = sys.stderr.isatty()
    bar = tqdm(
        items,
        desc=description,
        total=total,
        unit=unit,
        file=sys.stderr if terminal else _Lines(),
        mininterval=0.2 if terminal else LOG_INTERVAL_S,
        delay=0 if terminal else LOG_INTERVAL_S,
        leave=terminal,
        dynamic_ncols=terminal,
        disable=bool(os.environ.get(QUIET)),
    )
    _open.append(bar)
    try:
        yield from bar
    finally:
        bar.close()
        _open.remove(bar)


def close_bars() -> None:
    """End the bars that an error left open, so that its message starts on a line of its own."""
    for bar in _open:
        bar.close()
