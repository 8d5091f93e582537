"""Where the windows of a scene lie, and how its edges are continued by reflection."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keras_landslide.errors import ModelError
from keras_landslide.grid import Window

WINDOW_PX = 768
"""Default side of a window: about 1 GB of memory with 32 filters, and little halo wasted."""
STRIP_PX = 2**22
"""A strip of exact windows has at most this many pixels, or one batch, however wide the scene."""


@dataclass(frozen=True)
class WindowPlan:
    """A scene cut into strips of windows side by side, which all have one shape.

    The scene is thought of as continued by reflection without end. A window is a `core` with a
    `margin` on every side; cores tile the scene from its upper left corner, and those that stick
    out at the right and at the bottom are cut after prediction, so that no pixel is dropped.
    A strip is a row of windows, or in a wide scene a part of one. Strips are counted downwards from
    the upper left corner, then further to the right: where a strip is one large window, the tiles
    that it shares with the one above have just been read.

    Attributes:
        shape: (height, width) of the scene in pixels.
        core: (height, width) of what one window answers for; multiples of the total stride.
        margin_px: pixels around the core that the network sees as well.
        strip_columns: windows in a strip, but for the last of a row.
    """

    shape: tuple[int, int]
    core: tuple[int, int]
    margin_px: int
    strip_columns: int

    @property
    def window_shape(self) -> tuple[int, int]:
        """(height, width) of every window."""
        return self.core[0] + 2 * self.margin_px, self.core[1] + 2 * self.margin_px

    @property
    def strip_count(self) -> int:
        """How many strips cover the scene."""
        return self.row_count * self.strips_in_row

    @property
    def row_count(self) -> int:
        """How many windows a column has."""
        return -(-self.shape[0] // self.core[0])

    @property
    def column_count(self) -> int:
        """How many windows a row has."""
        return -(-self.shape[1] // self.core[1])

    @property
    def core_count(self) -> int:
        """How many cores cover the scene."""
        return self.row_count * self.column_count

    @property
    def strips_in_row(self) -> int:
        """How many strips a row of windows has."""
        return -(-self.column_count // self.strip_columns)

    def strip(self, index: int) -> Window:
        """The part of the scene that strip `index` answers for."""
        height, width = self.core
        place, row = divmod(index, self.row_count)
        whole = Window(
            row * height, place * self.strip_columns * width, height, self.strip_columns * width
        )
        return whole.clip(self.shape)

    def cores(self, index: int) -> list[Window]:
        """The cores of strip `index`, left to right, some sticking out of the scene."""
        strip = self.strip(index)
        height, width = self.core
        columns = range(strip.col_off, strip.col_end, width)
        return [Window(strip.row_off, column, height, width) for column in columns]


@dataclass(frozen=True)
class Cutting:
    """How a scene is to be cut into windows for a network.

    Attributes:
        halo_px: receptive-field radius rounded up to a multiple of `stride_px`.
        stride_px: product of the network's downsampling factors.
        window_px: side of a window, or (height, width) of a bounded network's; memory and speed
            grow with it. A bounded network's smallest side is twice the halo plus the stride, and
            smaller values are raised to it.
        bounded: whether the receptive field is bounded, so that windows are exact.
        batch_size: windows per call of the network; 1 is best without a GPU.
    """

    halo_px: int
    stride_px: int
    window_px: int | tuple[int, int] = WINDOW_PX
    bounded: bool = True
    batch_size: int = 1

    def plan(self, shape: tuple[int, int]) -> WindowPlan:
        """The windows of a scene of this (height, width).

        Raises:
            ModelError: as `exact_plan` and `blended_plan`.
        """
        height, width = both_sides(self.window_px)
        if not self.bounded:
            return blended_plan(shape, window_px=min(height, width), stride_px=self.stride_px)
        least = least_window(self.halo_px, self.stride_px)
        return exact_plan(
            shape,
            window_px=(max(height, least), max(width, least)),
            halo_px=self.halo_px,
            stride_px=self.stride_px,
            batch_size=self.batch_size,
        )


def exact_plan(
    shape: tuple[int, int],
    *,
    window_px: int | tuple[int, int],
    halo_px: int,
    stride_px: int,
    batch_size: int = 1,
) -> WindowPlan:
    """Windows whose cores equal one pass over the whole scene, for a bounded receptive field.

    Exact because no core pixel sees the zero padding at its window's edge (halo at least the
    receptive-field radius) and because every window starts on a multiple of the network's total
    stride, so that its poolings fall on the same pixels. A small scene gets small windows.

    Args:
        shape: (height, width) of the scene.
        window_px: side of a window or its (height, width), halo included; rounded down to the
            stride.
        halo_px: receptive-field radius rounded up to a multiple of `stride_px`.
        stride_px: product of all downsampling factors of the network.
        batch_size: a strip has a multiple of so many windows.

    Raises:
        ModelError: the halo is no multiple of the stride, or leaves no core in the window.
    """
    if stride_px < 1 or halo_px < 0 or halo_px % stride_px:
        raise ModelError(f"halo of {halo_px} px is not a multiple of the stride, {stride_px} px")
    sides = both_sides(window_px)
    least = least_window(halo_px, stride_px)
    if min(sides) < least:
        raise ModelError(
            f"a window of {min(sides)} px has no room for the network's halo of {halo_px} px on "
            f"both sides; use at least {least} px"
        )
    height, width = (
        _fit(size, side - 2 * halo_px, stride_px) for size, side in zip(shape, sides, strict=True)
    )
    batches = max(1, STRIP_PX // (height * width * batch_size))
    return WindowPlan(shape, (height, width), halo_px, batches * batch_size)


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
    return WindowPlan(shape, (step, step), 0, strip_columns=-(-shape[1] // step))


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


def least_window(halo_px: int, stride_px: int) -> int:
    """Side of the smallest exact window: one stride between two halos."""
    return 2 * halo_px + stride_px


def both_sides(window_px: int | tuple[int, int]) -> tuple[int, int]:
    """(height, width) of a window; an integer is the side of a square."""
    return window_px if isinstance(window_px, tuple) else (window_px, window_px)


def shared_core(size: int, count: int, stride_px: int) -> int:
    """The core's side when `count` windows share `size` pixels evenly.

    Else the last windows would lie mostly outside of the scene, at full cost.
    """
    return -(-size // (count * stride_px)) * stride_px


def _fit(size: int, largest: int, stride_px: int) -> int:
    """The core's side when as many windows as `largest` needs share `size`."""
    return shared_core(size, -(-size // (largest // stride_px * stride_px)), stride_px)
