"""One progress bar with an ETA for all long work."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")


def progress(
    items: Iterable[T], description: str, *, total: int | None = None, unit: str = "it"
) -> Iterator[T]:
    """Yield `items` while a bar with rate and ETA is drawn on standard error.

    On a terminal the bar redraws in place; in a log file it prints a line now and then.
    """
    terminal = sys.stderr.isatty()
    yield from tqdm(
        items,
        desc=description,
        total=total,
        unit=unit,
        file=sys.stderr,
        mininterval=0.2 if terminal else 15.0,
        leave=terminal,
        dynamic_ncols=terminal,
    )
