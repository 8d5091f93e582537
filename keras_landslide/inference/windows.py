"""Where the windows of a scene lie, and how its edges are continued by reflection."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keras_landslide.errors import ModelError
from keras_landslide.grid import Window


@dataclass(frozen=True)
class WindowPlan:
    """A scene cut into full-width strips of windows that all have one shape.

    The scene is thought of as continued by reflection without end. A window is a `core` with a
    `margin` on every side; cores tile the scene from its upper left corner, and those that stick
    out at the right and at the bottom are cut after prediction, so that no pixel is dropped.

    Attributes:
        shape: (height, width) of the scene in pixels.
        core: (height, width) of what one window answers for; multiples of the total stride.
        margin_px: pixels around the core that the network sees as well.
    """

    shape: tuple[int, int]
    core: tuple[int, int]
    margin_px: int

    @property
    def window_shape(self) -> tuple[int, int]:
        """(height, width) of every window."""
        return self.core[0] + 2 * self.margin_px, self.core[1] + 2 * self.margin_px

    @property
    def strip_count(self) -> int:
        """How many strips cover the scene."""
        return -(-self.shape[0] // self.core[0])

    @property
    def column_count(self) -> int:
        """How many windows a strip has."""
        return -(-self.shape[1] // self.core[1])

    def strip(self, index: int) -> Window:
        """The rows of the scene that strip `index` answers for."""
        top = index * self.core[0]
        return Window(top, 0, min(self.core[0], self.shape[0] - top), self.shape[1])

    def cores(self, index: int) -> list[Window]:
        """The cores of strip `index`, left to right, some sticking out of the scene."""
        height, width = self.core
        columns = range(0, self.column_count * width, width)
        return [Window(index * height, column, height, width) for column in columns]


def exact_plan(
    shape: tuple[int, int], *, window_px: int, halo_px: int, stride_px: int
) -> WindowPlan:
    """Windows whose cores equal one pass over the whole scene, for a bounded receptive field.

    Exact because no core pixel sees the zero padding at its window's edge (halo at least the
    receptive-field radius) and because every window starts on a multiple of the network's total
    stride, so that its poolings fall on the same pixels. A small scene gets small windows.

    Args:
        shape: (height, width) of the scene.
        window_px: side of a window, halo included; rounded down to the stride.
        halo_px: receptive-field radius rounded up to a multiple of `stride_px`.
        stride_px: product of all downsampling factors of the network.

    Raises:
        ModelError: the halo is no multiple of the stride, or leaves no core in the window.
    """
    if stride_px < 1 or halo_px < 0 or halo_px % stride_px:
        raise ModelError(f"halo of {halo_px} px is not a multiple of the stride, {stride_px} px")
    core = (window_px - 2 * halo_px) // stride_px * stride_px
    if core < stride_px:
        raise ModelError(
            f"a window of {window_px} px has no room for the network's halo of {halo_px} px on "
            f"both sides; use at least {2 * halo_px + stride_px} px"
        )
    return WindowPlan(shape, _fit(core, shape, stride_px), halo_px)


def blended_plan(shape: tuple[int, int], *, window_px: int, stride_px: int) -> WindowPlan:
    """Windows for a network that sees its whole input: each overlaps its neighbours by half.

    The plan's cores are the squares between window centres; a window reaches half a core beyond
    its own core on every side.

    Raises:
        ModelError: the window is smaller than twice the stride.
    """
    step = window_px // (2 * stride_px) * stride_px
    if step < 1:
        raise ModelError(
            f"a window of {window_px} px is too small; use at least {2 * stride_px} px"
        )
    return WindowPlan(shape, (step, step), 0)


def reflected(start: int, length: int, size: int) -> np.ndarray:
    """Indices of pixels `start` to `start + length` of an axis continued by reflection.

    The edge pixel is not repeated (NumPy's `reflect`), and the continuation folds back as often
    as needed, so it also serves scenes smaller than the margin.

    Returns:
        int64 (length,), each in [0, size).
    """
    period = max(2 * (size - 1), 1)
    index = np.arange(start, start + length) % period
    return np.minimum(index, period - index) if size > 1 else np.zeros(length, np.int64)


def _fit(core: int, shape: tuple[int, int], stride_px: int) -> tuple[int, int]:
    """The core's (height, width): as many windows as `core` needs, sharing the scene evenly.

    Else the last windows of a strip would lie mostly outside of the scene, at full cost.
    """
    height, width = (-(-side // (-(-side // core) * stride_px)) * stride_px for side in shape)
    return height, width
