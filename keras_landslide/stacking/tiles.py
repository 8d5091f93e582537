"""Who makes the layers of a stack and reads its tiles: this process, or others in its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from keras_landslide.grid import Window
from keras_landslide.rasters.read import BandReader
from keras_landslide.stacking.working_files import Layer

LayerMaker = Callable[[], list[Layer]]
"""A section of the recipe, ready to be made into layers; also travels to other processes."""


class Workers(Protocol):
    """Makes the working files of a stack, and its pixels from them."""

    def layers(self, makers: Sequence[LayerMaker]) -> list[Layer]:
        """The layers of all makers, in their order."""

    def tiles(self, layers: list[Layer], windows: Iterable[Window]) -> Iterator[np.ndarray]:
        """Each window's pixels of all bands, in order: float32 (bands, height, width)."""


class Here:
    """This process alone."""

    def layers(self, makers: Sequence[LayerMaker]) -> list[Layer]:
        """As in `Workers`."""
        return [layer for maker in makers for layer in maker()]

    def tiles(self, layers: list[Layer], windows: Iterable[Window]) -> Iterator[np.ndarray]:
        """As in `Workers`."""
        count = sum(len(layer.bands) for layer in layers)
        with _Readers() as readers:
            for window in windows:
                yield _read(layers, readers, window, count)


def _read(
    layers: list[Layer], readers: dict[Path, BandReader], window: Window, count: int
) -> np.ndarray:
    values = np.empty((count, window.height, window.width), np.float32)
    first = 0
    for layer in layers:
        finished = layer.finish(*(part.read(readers, window) for part in layer.parts))
        for channel in range(len(layer.bands)):
            values[first + channel] = finished[..., channel]
        first += len(layer.bands)
    return values


class _Readers(dict):
    """Open readers by path, closed together."""

    def __enter__(self) -> _Readers:
        return self

    def __exit__(self, *_: object) -> None:
        for reader in self.values():
            reader.close()
