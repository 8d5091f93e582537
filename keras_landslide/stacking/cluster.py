"""A stack's layers and tiles by the workers of a Dask cluster.

A worker makes the layers of one section of the recipe and leaves its working files beside the
stack, in a folder that all have to share. From those files workers read the tiles, which come back
in order to this process, which alone writes the stack: the bytes are those of a single process.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from keras_landslide.errors import ClusterError
from keras_landslide.files import on_disk
from keras_landslide.grid import Window
from keras_landslide.rasters.cache import limited_cache
from keras_landslide.runtime.cluster import (
    connection_errors,
    dask_client,
    in_flight,
    result_of,
    submit,
)
from keras_landslide.stacking.tiles import Here, LayerMaker
from keras_landslide.stacking.working_files import Layer

KEPT = "finished working files are kept"
TILES_PER_TASK = 4
"""Files are opened once per task, and a task's tiles are held in memory."""


@contextmanager
def cluster_workers(
    inputs: Iterable[Path], cache_bytes: int, *, scheduler: str | None, workers: int | None
) -> Iterator[ClusterWorkers]:
    """Yield the workers that work on a cluster.

    Args:
        inputs: the recipe's files, which every worker has to see under the same path.
        cache_bytes: GDAL's block cache in each worker.
        scheduler: as in `dask_client`.
        workers: as in `dask_client`.

    Raises:
        ClusterError: as `dask_client` does.
    """
    with dask_client(scheduler, workers) as client:
        yield ClusterWorkers(client, _sizes(inputs), cache_bytes)


class ClusterWorkers:
    """As `tiles.Workers` says, by the workers of a cluster.

    Raises:
        ClusterError: the connection is lost, a task takes several workers down with it, or the
            workers do not share files with this process.
        LandslideError: what a task raised.
    """

    def __init__(self, client: Any, sizes: dict[Path, int], cache_bytes: int) -> None:
        self._client = client
        self._sizes = sizes
        self._cache_bytes = cache_bytes

    def layers(self, makers: Sequence[LayerMaker]) -> list[Layer]:
        """As in `Workers`."""
        with connection_errors(KEPT):
            futures = [
                submit(self._client, _make, maker, self._sizes, self._cache_bytes)
                for maker in makers
            ]
            try:
                made = [
                    layer
                    for future in futures
                    for layer in result_of(future, "the making of a layer", KEPT)
                ]
            finally:
                with suppress(Exception):
                    self._client.cancel(futures)
        for part in (part for layer in made for part in layer.parts):
            if not part.path.exists():
                raise ClusterError(
                    f"{part.path}: was made by a worker and is not to be seen here; write the "
                    "stack to a folder that all workers share"
                )
        return made

    def tiles(self, layers: list[Layer], windows: Iterable[Window]) -> Iterator[np.ndarray]:
        """As in `Workers`."""
        rest = iter(windows)
        given: deque[Any] = deque()
        try:
            with connection_errors(KEPT):
                while True:
                    while len(given) < in_flight(self._client) and (
                        some := list(islice(rest, TILES_PER_TASK))
                    ):
                        given.append(submit(self._client, _tiles, layers, some, self._cache_bytes))
                    if not given:
                        return
                    # The oldest first, whichever is ready: the order makes the bytes of the file.
                    future = given.popleft()
                    yield from result_of(future, "a row of tiles", KEPT)
                    future.release()
        finally:
            with suppress(Exception):
                self._client.cancel(list(given))


def _sizes(inputs: Iterable[Path]) -> dict[Path, int]:
    return {path: on_disk(path).stat().st_size for path in inputs if on_disk(path).exists()}


def _make(maker: LayerMaker, sizes: dict[Path, int], cache_bytes: int) -> list[Layer]:
    """Make a section's layers; runs on a worker."""
    seen = _sizes(sizes)
    for path, size in sizes.items():
        if seen.get(path) != size:
            raise ClusterError(
                f"{path}: is missing or another file on a worker; share one among all"
            )
    with limited_cache(cache_bytes):
        return maker()


def _tiles(layers: list[Layer], windows: list[Window], cache_bytes: int) -> list[np.ndarray]:
    """Read tiles; runs on a worker."""
    with limited_cache(cache_bytes):
        return list(Here().tiles(layers, windows))
