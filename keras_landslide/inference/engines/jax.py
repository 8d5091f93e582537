"""A bundle's `model.keras` by JAX: compiled by XLA, on a GPU where JAX sees one, in half precision.

TensorFlow's graph holds its precision and its device's kernels; the Keras network beside it can be
built for others.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from threading import Lock
from typing import Any

import numpy as np

from keras_landslide.bundle.contract import EXPORT_AGAIN
from keras_landslide.bundle.read import Bundle
from keras_landslide.errors import EngineError
from keras_landslide.inference.engines.base import LoadedBundle, too_large
from keras_landslide.runtime.environment import environment

PROBE_PX = 256, 512
"""Sides of the two windows that the GPU's memory is reckoned from."""
GPU_SHARE = 0.8
"""Share of the GPU's memory that windows may take: convolutions choose how much they work in."""
DETERMINISTIC = "--xla_gpu_deterministic_ops"
"""Else a GPU's kernels are those that were fastest today, and a strip made again may differ."""


class JaxBundle(LoadedBundle):
    """The network of `model.keras`, compiled for each shape of images anew.

    Args:
        bundle: what to load.
        precision: `float32`, or a name of `config.PRECISIONS`: what lies between the normalisation
            and the head is then computed in 16 bits.

    Raises:
        BundleError: `model.keras` cannot be loaded, or takes other bands.
        EngineError: JAX is not installed or cannot use its device, Keras runs on another backend
            already, or the bundle holds no network that can be built for JAX.
    """

    def __init__(self, bundle: Bundle, precision: str = "float32") -> None:
        _import_keras()
        import jax

        self._jax = jax
        with _device_errors():
            model = _network(bundle, precision)
        inputs = [tuple(each.shape) for each in model.inputs]
        super().__init__(bundle, inputs, bundle.keras_model)
        self._half = precision != "float32"
        self._state = (
            [variable.value for variable in model.trainable_variables],
            [variable.value for variable in model.non_trainable_variables],
        )

        def answer(trained: list[Any], fixed: list[Any], images: Any) -> Any:
            return model.stateless_call(trained, fixed, images, training=False)[0][..., 0]

        self._run = jax.jit(answer)
        # A worker may run several tasks in threads; the memory is reckoned for one window.
        self._lock = Lock()

    @classmethod
    def device(cls) -> str:
        """As in `LoadedBundle`, such as `NVIDIA H100 80GB HBM3` or `cpu`."""
        return _devices()[0].device_kind

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """As in `LoadedBundle`."""
        with _device_errors(images.shape), self._lock:
            given = self._run(*self._state, np.ascontiguousarray(images, np.float32))
            answer = np.array(given, np.float32)
        if self._half and not np.isfinite(answer).all():
            raise EngineError(
                f"{self.bundle.keras_model}: its values are too large for half precision; choose "
                "`engine` jax"
            )
        return self.calibrated(answer)

    @cached_property
    def most_px(self) -> int | None:
        """As in `LoadedBundle`, from what two compiled programs say that they take."""
        statistics = self._jax.devices()[0].memory_stats()
        if not statistics:  # a CPU, whose memory is the process's own
            return None
        with _device_errors():
            small, large = map(self._compiled_bytes, PROBE_PX)
        per_px = (large - small) / (PROBE_PX[1] ** 2 - PROBE_PX[0] ** 2)
        free = statistics["bytes_limit"] - statistics["bytes_in_use"]
        # The larger window may be computed another way, that takes less.
        return int(GPU_SHARE * free / max(per_px, large / PROBE_PX[1] ** 2 / 2))

    def _compiled_bytes(self, side_px: int) -> int:
        """Memory of the GPU for a window of this side, the weights left out."""
        side = -(-side_px // self.bundle.stride_px) * self.bundle.stride_px
        images = self._jax.ShapeDtypeStruct((1, side, side, len(self.bundle.bands)), np.float32)
        found: Any = self._run.lower(*self._state, images).compile().memory_analysis()
        return found.temp_size_in_bytes + found.output_size_in_bytes + images.size * 4


class JaxFloat16Bundle(JaxBundle):
    """The same in half precision, on a GPU.

    Raises:
        EngineError: JAX sees no GPU, which half precision alone makes quicker; or as `JaxBundle`.
    """

    def __init__(self, bundle: Bundle) -> None:
        _require_gpu()
        super().__init__(bundle, "mixed_float16")


def _require_gpu() -> None:
    """Refuse a processor, which half precision makes no quicker.

    Raises:
        EngineError: JAX sees no GPU, is not installed, or cannot use its device.
    """
    if _devices()[0].platform == "cpu":
        raise EngineError(
            "the engine jax_float16 is for GPUs and JAX sees none; install its GPU version, or "
            "choose `engine` jax"
        )


def _devices() -> list[Any]:
    """JAX's devices; made now, as these variables say."""
    flags = os.environ.get("XLA_FLAGS", "")
    if DETERMINISTIC not in flags:
        flags = f"{flags} {DETERMINISTIC}=true".strip()
    # Else every process takes most of a GPU at once, needed or not.
    grow = os.environ.get("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    with environment({"XLA_FLAGS": flags, "XLA_PYTHON_CLIENT_PREALLOCATE": grow}):
        try:
            import jax
        except ImportError as error:
            raise EngineError(
                "the engine jax is not installed; run pip install keras-landslide[jax], or "
                "leave `engine` out"
            ) from error
        with _device_errors():
            return jax.devices()


def _import_keras() -> None:
    """Import Keras with JAX behind it, and what `model.keras` may be made of."""
    _devices()
    with environment({"KERAS_BACKEND": "jax"}):
        import keras
    if keras.backend.backend() != "jax":
        raise EngineError(
            f"Keras runs on {keras.backend.backend()} in this process, and the engine jax needs it "
            "on JAX; set KERAS_BACKEND=jax before Keras or TensorFlow is imported, or take another "
            "engine"
        )


@contextmanager
def _device_errors(shape: tuple[int, ...] | None = None) -> Iterator[None]:
    """Turn what JAX says of its device into one line; `shape` is that of the images in hand."""
    try:
        yield
    except (RuntimeError, AssertionError) as error:  # the second where a platform has no plugin
        if shape is not None and "RESOURCE_EXHAUSTED" in str(error):
            raise too_large(shape) from error
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise EngineError(
            f"JAX cannot use its device ({reason}); free it, or take another engine"
        ) from error


def _network(bundle: Bundle, precision: str) -> Any:
    from keras_landslide import models
    from keras_landslide.models.calibrated import calibrated, calibration_of, uncalibrated
    from keras_landslide.models.trained import load_network, with_weights
    from keras_landslide.training.precision import computing_in

    path = bundle.keras_model
    if not path.is_file():
        raise EngineError(
            f"{bundle.folder}: holds no model.keras, which the engine jax runs; export the run "
            "again, or leave `engine` out"
        )
    trained = load_network(path, remedy=EXPORT_AGAIN)
    calibration = calibration_of(trained) if bundle.calibrated else None
    if precision == "float32":
        return trained if calibration is not None else uncalibrated(trained)
    known = bundle.contract.model
    if known is None or set(known) != {"name", "options"}:
        raise EngineError(
            f"{bundle.folder}: holds no single network of the shelf, and runs in float32 "
            "alone; choose `engine` jax"
        )
    with computing_in(precision):
        image_shape = (None, None, len(bundle.bands))
        twin = models.build(known["name"], image_shape, **known["options"])
    twin = with_weights(twin, path, remedy=EXPORT_AGAIN)
    return calibrated(twin, calibration) if calibration is not None else twin
