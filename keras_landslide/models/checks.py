"""Checks that every network makes on its arguments."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any, TypeGuard

from keras_landslide.errors import ImageSizeError, ModelError
from keras_landslide.layers.head import ACTIVATIONS

OUTPUT_STRIDES = (32, 16, 8)
"""Strides at which encoders with dilated last stages can end."""


def check_image_shape(image_shape: Sequence[int | None], stride: int) -> None:
    """Refuse an image shape that the network cannot take.

    Args:
        image_shape: (height, width, channels); height and width may be None for any size.
        stride: total stride of the network, in pixels.

    Raises:
        ModelError: not three entries, no channels, or a height or width that is no whole number.
        ImageSizeError: a height or width that is no multiple of `stride`; the message names the
            next valid size.
    """
    if len(image_shape) != 3:
        raise ModelError(f"image_shape is (height, width, channels), not {tuple(image_shape)}")
    channels = image_shape[2]
    if not _is_whole(channels) or channels < 1:
        raise ModelError(f"the number of channels must be a positive integer, not {channels!r}")
    for name, size in (("height", image_shape[0]), ("width", image_shape[1])):
        if size is None:
            continue
        if not _is_whole(size):
            raise ModelError(
                f"an image {name} is a whole number of px, or none for any, not {size!r}"
            )
        if size < 1 or size % stride:
            valid = max(-(-size // stride), 1) * stride
            raise ImageSizeError(
                f"an image {name} of {size} px does not fit this model, whose stride is {stride} "
                f"px; the next valid {name} is {valid} px"
            )


def _is_whole(number: Any) -> TypeGuard[int]:
    # True and False are integers to Python, and NumPy's integers are none of its own.
    return isinstance(number, Integral) and not isinstance(number, bool)


def check_choice(option: str, value: Any, choices: Sequence[Any]) -> None:
    """Refuse an option's value that is not among its choices; 16.0 is not 16.

    Raises:
        ModelError: listing the choices.
    """
    if not any(type(value) is type(choice) and value == choice for choice in choices):
        listed = ", ".join(map(str, choices))
        raise ModelError(f"{option} = {value!r} is not possible; choose one of: {listed}")


def check_flag(option: str, value: Any) -> None:
    """Refuse what is neither True nor False: a string 'false' would count as true.

    Raises:
        ModelError: naming the option.
    """
    if not isinstance(value, bool):
        raise ModelError(f"{option} = {value!r} is not possible; it must be true or false")


def check_range(
    option: str, value: float, low: float, high: float = float("inf"), *, whole: bool = False
) -> None:
    """Refuse a number outside [low, high], or with `whole` one that is no integer.

    Raises:
        ModelError: naming the option and the range.
    """
    number = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
    if not number or not low <= value <= high:
        bound = f"at least {low}" if high == float("inf") else f"between {low} and {high}"
        kind = "a whole number, " if whole else ""
        raise ModelError(f"{option} = {value!r} is not possible; it must be {kind}{bound}")


def check_head(dropout: float, activation: str) -> None:
    """Refuse a dropout rate outside [0, 0.95] or an unknown activation of the head.

    Raises:
        ModelError: naming the option and what is possible.
    """
    check_range("dropout", dropout, 0, 0.95)
    check_choice("activation", activation, ACTIVATIONS)
