"""Reading ahead and writing behind, each in one thread, so that both overlap with the network."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

Item = TypeVar("Item")
Loaded = TypeVar("Loaded")


def read_ahead(
    items: Iterable[Item], load: Callable[[Item], Loaded], depth: int
) -> Iterator[Loaded]:
    """Yield `load(item)` in order while a thread loads up to `depth` items ahead.

    The reading overlaps with whatever the caller does in between; memory is bounded by `depth`.
    An error of `load` is raised where its item would have been yielded.
    """
    pool = ThreadPoolExecutor(1, thread_name_prefix="read-ahead", initializer=_step_back)
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


def _step_back() -> None:
    """Let other threads go first: reading fits in the gaps in which the network's wait."""
    if sys.platform == "linux":  # elsewhere this is for the whole process
        os.nice(10)


@contextmanager
def write_behind(write: Callable[..., None]) -> Iterator[Callable[..., None]]:
    """Yield a function that hands its arguments to `write` in a thread, one call at a time.

    The next call waits for the one before, so that at most one result is held. What `write`
    raises is raised by the next call or at the end of the block, by which all is written.
    """
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="write-behind")
    last: list[Future] = []

    def behind(*args: Any) -> None:
        if last:
            last.pop().result()
        last.append(pool.submit(write, *args))

    try:
        yield behind
        if last:
            last.pop().result()
    finally:
        pool.shutdown(wait=True)
