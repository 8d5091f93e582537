"""What an engine is: a bundle's network as a callable."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from keras_landslide.bundle.read import Bundle
from keras_landslide.errors import BundleError, EngineError
from keras_landslide.evaluation.answers import Predict

ROUNDING = 1e-3
"""How far half precision may lead beyond 0 and 1."""


class PoolUse(NamedTuple):
    """Memory that an engine keeps from one call for the next.

    Attributes:
        peak: the most bytes in use since the last look, beyond what is in use now.
        kept: the most at any time, beyond what is in use now: the pool does not shrink.
    """

    peak: int
    kept: int


class LoadedBundle(ABC):
    """A network that is ready to answer.

    Args:
        bundle: its bundle.
        inputs: shape of each input of the graph, None where a side may have any length.
        path: the file or folder that it was read from.

    Raises:
        BundleError: the graph takes other bands than the contract names.
    """

    def __init__(
        self, bundle: Bundle, inputs: Sequence[tuple[int | None, ...]], path: Path
    ) -> None:
        if [len(shape) for shape in inputs] != [4] or inputs[0][3] not in (None, len(bundle.bands)):
            raise BundleError(
                f"{path}: takes {' and '.join(map(str, inputs)) or 'nothing'}, "
                f"bundle.json names {len(bundle.bands)} bands; export the run again"
            )
        self.bundle = bundle
        known = bundle.contract.calibration
        # Format 1: the graph knows nothing of it.
        outside = known is not None and not known.in_graph and bundle.calibrated
        self._calibration = known.map() if known is not None and outside else None

    @classmethod
    def of(cls, bundle: Bundle) -> LoadedBundle:
        """The network of a bundle.

        Raises:
            BundleError: the graph cannot be loaded, or takes other bands.
            EngineError: the engine is not installed, or cannot run the network here.
        """
        return cls(bundle)  # type: ignore[call-arg]

    @classmethod
    def device(cls) -> str | None:
        """What the engine computes on, where answers depend on it and it can be told.

        Raises:
            EngineError: as `of` does.
        """
        return None

    @classmethod
    def pool_use(cls) -> PoolUse:
        """What a loaded engine uses of memory that it keeps from one call for the next.

        Each look begins anew with what was in use at most. The process's own memory does not show
        it: what a full pool gives out was taken from the system before.
        """
        return PoolUse(0, 0)

    @abstractmethod
    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Images float32 (B, h, w, C) to probability float32 (B, h, w), as `calibrated` has it."""

    @property
    def most_px(self) -> int | None:
        """The most pixels in a call that the memory of a GPU holds; None where it is not known."""
        return None

    def draws(self, count: int) -> list[Predict]:
        """The network `count` times with its dropout left on (Monte Carlo dropout).

        Raises:
            BundleError: the network has no dropout.
            EngineError: the engine cannot draw.
        """
        raise EngineError("draws from dropout are made by the engine tensorflow alone")

    def calibrated(self, probability: np.ndarray) -> np.ndarray:
        """What the graph answers, float32 (B, h, w), by the calibration of a bundle of format 1.

        Raises:
            BundleError: the answers are no probabilities.
        """
        if probability.size:
            low, high = float(np.nanmin(probability)), float(np.nanmax(probability))
            if low < -ROUNDING or high > 1 + ROUNDING:
                raise BundleError(
                    f"{self.bundle.folder}: its network answers from {low:g} to {high:g}, which "
                    "are no probabilities; export a network that ends in a sigmoid"
                )
        if self._calibration is None:
            return probability
        return self._calibration(probability).astype(np.float32)


def too_large(shape: tuple[int, ...]) -> EngineError:
    """The error of images (B, h, w, C) that a device's memory does not hold."""
    count, height, width = shape[:3]
    each = f"{count} windows" if count > 1 else "a window"
    return EngineError(
        f"the memory does not hold {each} of {height} x {width} px; give a smaller `window_px` or "
        "`batch_size`"
    )


def does_not_fit(bundle: Bundle, shape: tuple[int, ...]) -> BundleError:
    """The error of a graph that does not take images of a shape that the contract allows."""
    return BundleError(
        f"{bundle.saved_model}: does not take {shape[0]} image(s) of {shape[1]} x {shape[2]} px; "
        f"'stride_px' = {bundle.stride_px} in bundle.json is not its network's, export the run "
        "again"
    )


def not_loaded(bundle: Bundle, error: Exception) -> BundleError:
    """The error of a graph that an engine cannot load."""
    reason = str(error).strip().partition("\n")[0]
    return BundleError(f"{bundle.saved_model}: cannot be loaded ({reason}); export the run again")
