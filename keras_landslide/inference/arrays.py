"""A network over arrays in memory: the windows of a stack that is mapped, without the stack."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_landslide.evaluation.answers import Predict
from keras_landslide.grid import Window
from keras_landslide.inference.strips import WindowRunner, blended_strips, exact_strips
from keras_landslide.inference.windows import Cutting


class ArrayReader:
    """An image in memory, read like a stack.

    Args:
        image: float32 (height, width, C).
        band_names: of its channels.
    """

    def __init__(self, image: np.ndarray, band_names: Sequence[str]) -> None:
        self.image = image
        self.band_names = tuple(band_names)
        self.shape = image.shape[:2]
        self.tile_rows = max(1, image.shape[0])

    def read(self, names: Sequence[str], window: Window) -> np.ndarray:
        """A copy of a window, as float32 (height, width, bands) that may be changed."""
        channels = [self.band_names.index(name) for name in names]
        planes = np.moveaxis(self.image[window.slices], -1, 0)[channels]
        return np.moveaxis(np.array(planes, np.float32), 0, -1)


def map_array(
    predict: Predict, image: np.ndarray, band_names: tuple[str, ...], cutting: Cutting
) -> np.ndarray:
    """Answers of a network to one image, by the windows that a stack of its size would get.

    Args:
        predict: the network.
        image: float32 (height, width, C) in the bands' units, NaN where there are no data.
        band_names: of the channels.
        cutting: how the image is cut into windows.

    Returns:
        float32 (height, width), NaN where a band is missing.

    Raises:
        ModelError: the windows are too small for the network.
        BundleError: the network's answer has a wrong shape or holds NaN.
    """
    plan = cutting.plan(image.shape[:2])
    runner = WindowRunner(
        predict, ArrayReader(image, band_names), band_names, batch_size=cutting.batch_size
    )
    out = np.empty((*image.shape[:2], 1), np.float32)

    def store(index: int, strip: np.ndarray) -> None:
        out[plan.strip(index).slices] = strip

    make = exact_strips if cutting.bounded else blended_strips
    for _ in make(plan, runner, list(range(plan.strip_count)), store):
        pass
    return out[..., 0]
