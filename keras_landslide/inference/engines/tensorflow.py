"""A SavedModel by TensorFlow alone: neither Keras nor our layers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from zlib import crc32

import numpy as np

from keras_landslide.bundle.graph import check_graph
from keras_landslide.bundle.read import Bundle
from keras_landslide.errors import BundleError, EngineError
from keras_landslide.evaluation.answers import Predict
from keras_landslide.inference.engines.base import (
    LoadedBundle,
    PoolUse,
    does_not_fit,
    not_loaded,
    too_large,
)
from keras_landslide.runtime.environment import environment
from keras_landslide.runtime.quiet import quiet_tensorflow


class TensorFlowBundle(LoadedBundle):
    """Calls the `serve` signature of a SavedModel, always the same: nothing is traced twice.

    Args:
        bundle: what to load.
        compiled: compile the graph with XLA, for each shape of images anew.

    Raises:
        BundleError: the graph cannot be loaded, or takes other bands.
    """

    def __init__(self, bundle: Bundle, *, compiled: bool = False) -> None:
        with quiet_tensorflow(), environment(_pooled_memory()):
            import tensorflow as tf

            # Makes the devices now: noisily, where there is no GPU, and as the variables say.
            tf.config.list_logical_devices()

        tf.get_logger().setLevel("ERROR")
        check_graph(bundle.saved_model)
        try:
            loaded = tf.saved_model.load(str(bundle.saved_model))
        except (OSError, ValueError, RuntimeError, IndexError, tf.errors.OpError) as error:
            raise not_loaded(bundle, error) from error
        # The signatures hold their variables weakly: the loaded object has to stay alive with them.
        self._loaded = loaded
        known = bundle.contract.calibration
        name = "serve"
        if known is not None and known.in_graph and not bundle.calibrated:
            name = "uncalibrated"
        serve = loaded.signatures.get(name)
        if serve is None and name == "serve":
            serve = loaded.signatures.get("serving_default")
        if serve is None:
            raise BundleError(
                f"{bundle.saved_model}: has no signature '{name}'; export the run again"
            )
        specs = serve.structured_input_signature[1]
        super().__init__(bundle, [tuple(spec.shape) for spec in specs.values()], bundle.saved_model)
        (self._input,) = specs
        self._serve = tf.function(serve, jit_compile=True) if compiled else serve
        self._draw = loaded.signatures.get("draw")
        self._compiled = compiled
        self._constant = tf.constant
        self._full = tf.errors.ResourceExhaustedError
        self._faults = tf.errors.InvalidArgumentError, tf.errors.UnimplementedError

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """As in `LoadedBundle`."""
        try:
            with self._fitting(images.shape):
                answer = self._serve(**{self._input: self._constant(images, "float32")})
                return self.calibrated(_only(answer))
        except self._faults as error:
            if self._compiled:
                raise EngineError(
                    f"{self.bundle.saved_model}: XLA cannot compile its graph here; leave `engine` "
                    "out"
                ) from error
            raise does_not_fit(self.bundle, images.shape) from error

    @classmethod
    def pool_use(cls) -> PoolUse:
        """As in `LoadedBundle`."""
        return _pool_use()

    def draws(self, count: int) -> list[Predict]:
        """As in `LoadedBundle`.

        The seed of a draw comes from its number and from the images themselves, so that a window
        gets the same answer in whichever run, process or order it is asked for.
        """
        if self._compiled:
            return super().draws(count)
        if self._draw is None:
            raise BundleError(
                f"{self.bundle.folder}: its network has no dropout to draw from; train it with a "
                "dropout rate ([model] options = { dropout = 0.2 }), or ask for augmentation or an "
                "ensemble"
            )
        return [partial(self._drawn, number) for number in range(count)]

    def _drawn(self, number: int, images: np.ndarray) -> np.ndarray:
        images = np.ascontiguousarray(images, np.float32)
        content = crc32(images.tobytes()) & 0x7FFFFFFF
        # Layers add their own number to the first part.
        seed = self._constant([number * 1000, content], "int32")
        draw: Any = self._draw
        with self._fitting(images.shape):
            return self.calibrated(_only(draw(images=self._constant(images), seed=seed)))

    @contextmanager
    def _fitting(self, shape: tuple[int, ...]) -> Iterator[None]:
        """Turn memory that does not hold images of this shape into one clear error."""
        try:
            yield
        except self._full as error:
            raise too_large(shape) from error


class XlaBundle(TensorFlowBundle):
    """The same, compiled by XLA."""

    def __init__(self, bundle: Bundle) -> None:
        super().__init__(bundle, compiled=True)


_most = 0
"""The most bytes of the pool that were in use when anybody looked, weights included."""


def _pool_use() -> PoolUse:
    """Nothing is in use where there is no pool, or tensors lie on a GPU."""
    global _most
    import tensorflow as tf

    if tf.config.list_logical_devices("GPU"):
        return PoolUse(0, 0)
    try:
        now = tf.config.experimental.get_memory_info("CPU:0")
    except ValueError:  # the system's allocator keeps no statistics
        return PoolUse(0, 0)
    tf.config.experimental.reset_memory_stats("CPU:0")
    _most = max(_most, now["peak"])
    return PoolUse(now["peak"] - now["current"], _most - now["current"])


def _pooled_memory() -> dict[str, str]:
    """Variables that let TensorFlow keep the memory of one window for the next, on CPUs.

    Else it goes back to the system, which clears gigabytes anew for every window: a fifth of the
    time. Read when TensorFlow makes its devices; where it did that before, they come too late and
    change nothing.
    """
    if "TF_CPU_ALLOCATOR_USE_BFC" in os.environ:
        return {}
    machine_mb = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20
    return {
        "TF_CPU_ALLOCATOR_USE_BFC": "1",
        "TF_CPU_BFC_MEM_LIMIT_IN_MB": os.environ.get("TF_CPU_BFC_MEM_LIMIT_IN_MB", str(machine_mb)),
    }


def _only(outputs: dict[str, Any]) -> np.ndarray:
    (output,) = outputs.values()
    return output.numpy()[..., 0]
