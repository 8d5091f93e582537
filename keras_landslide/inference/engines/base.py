"""A bundle's network as a callable, by the engine of the user's choice."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from keras_landslide.bundle.read import Bundle, read_bundle
from keras_landslide.errors import BundleError, EngineError, UnknownNameError

Predict = Callable[[np.ndarray], np.ndarray]
"""images float32 (B, h, w, C) in raw units, NaN allowed -> probability float32 (B, h, w), or
several estimates float32 (B, h, w, E) of which the probability is the first."""
ENGINES = ("tensorflow", "xla", "openvino", "jax", "jax_float16")
"""TensorFlow as it is, its graph compiled by XLA, OpenVINO (CPUs alone, an extra), and Keras on JAX
(an extra), in float32 or, on GPUs, in half precision."""


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

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Images float32 (B, h, w, C) to calibrated probability float32 (B, h, w)."""
        return self._calibrated(self._answer(images))

    @property
    def most_px(self) -> int | None:
        """The most pixels in a call that the memory of a GPU holds; None where it is not known."""
        return None

    @abstractmethod
    def _answer(self, images: np.ndarray) -> np.ndarray:
        """Images float32 (B, h, w, C) to what the graph answers, float32 (B, h, w)."""

    def draws(self, count: int) -> list[Predict]:
        """The network `count` times with its dropout left on (Monte Carlo dropout).

        Raises:
            BundleError: the network has no dropout.
            EngineError: the engine cannot draw.
        """
        raise EngineError("draws from dropout are made by the engine tensorflow alone")

    def _calibrated(self, probability: np.ndarray) -> np.ndarray:
        if self._calibration is None:
            return probability
        return self._calibration(probability).astype(np.float32)


def load(bundle: Bundle | str | Path, engine: str = "tensorflow") -> LoadedBundle:
    """Load the network of a bundle.

    Args:
        bundle: the bundle, or its folder.
        engine: one of `ENGINES`; their answers differ by rounding (on CPUs by less than 1e-5; GPUs
            round more).

    Returns:
        A function of images float32 (B, h, w, C), raw units with NaN for missing, that returns
        probabilities float32 (B, h, w), calibrated if the bundle holds a calibration.

    Raises:
        BundleError: the bundle is incomplete, or its graph cannot be loaded or takes other bands.
        EngineError: the engine is not installed, or cannot run the network here.
        UnknownNameError: there is no such engine.
    """
    if engine not in ENGINES:
        raise UnknownNameError.among("engine", engine, ENGINES)
    bundle = bundle if isinstance(bundle, Bundle) else read_bundle(bundle)
    if engine == "openvino":
        from keras_landslide.inference.engines.openvino import OpenVinoBundle

        return OpenVinoBundle(bundle)
    if engine.startswith("jax"):
        from keras_landslide.inference.engines.jax import JaxBundle, require_gpu

        if engine == "jax":
            return JaxBundle(bundle)
        require_gpu()
        return JaxBundle(bundle, "mixed_float16")
    from keras_landslide.inference.engines.tensorflow import TensorFlowBundle

    return TensorFlowBundle(bundle, compiled=engine == "xla")


def device(engine: str) -> str | None:
    """What the engine computes on, where answers depend on it and it can be told.

    Raises:
        EngineError: as `load` does.
    """
    if not engine.startswith("jax"):
        return None
    from keras_landslide.inference.engines import jax as jax_engine

    return jax_engine.device()


def pool_use(engine: str) -> PoolUse:
    """What a loaded engine uses of memory that it keeps from one call for the next.

    Each look begins anew with what was in use at most.
    The process's own memory does not show it: what a full pool gives out was taken from the system
    before.
    """
    if engine not in ("tensorflow", "xla"):
        return PoolUse(0, 0)
    from keras_landslide.inference.engines import tensorflow as tensorflow_engine

    return tensorflow_engine.pool_use()


def too_large(shape: tuple[int, ...]) -> EngineError:
    """The error of images (B, h, w, C) that a device's memory does not hold."""
    count, height, width = shape[:3]
    each = f"{count} windows" if count > 1 else "a window"
    return EngineError(
        f"the memory does not hold {each} of {height} x {width} px; give a smaller --window or "
        "--batch-size"
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
