"""A SavedModel by OpenVINO, on CPUs: less time and memory than TensorFlow, which is not loaded."""

from __future__ import annotations

import sys
from threading import Lock
from typing import Any

import numpy as np

from keras_landslide.bundle.read import Bundle
from keras_landslide.errors import EngineError
from keras_landslide.inference.engines.base import LoadedBundle, not_loaded


class OpenVinoBundle(LoadedBundle):
    """Reads the SavedModel itself, and compiles it for the shape of the images in hand.

    Args:
        bundle: what to load.

    Raises:
        BundleError: the graph cannot be loaded, or takes other bands.
        EngineError: OpenVINO is not installed.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._core = _openvino().Core()
        try:
            self._model = self._core.read_model(bundle.saved_model)
        except RuntimeError as error:
            raise not_loaded(bundle, RuntimeError(_reason(error))) from error
        super().__init__(bundle, [_shape(each) for each in self._model.inputs], bundle.saved_model)
        self._compiled: tuple[tuple[int, ...], Any] | None = None
        # A worker may run several tasks in threads; a request serves one at a time.
        self._lock = Lock()

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """As in `LoadedBundle`."""
        images = np.ascontiguousarray(images, np.float32)
        try:
            with self._lock:
                (answer,) = self._request(images.shape).infer([images], share_inputs=True).values()
        except RuntimeError as error:
            raise EngineError(
                f"{self.bundle.saved_model}: OpenVINO cannot run it ({_reason(error)}); "
                "leave `engine` out"
            ) from error
        return self.calibrated(answer[..., 0])

    def _request(self, shape: tuple[int, ...]) -> Any:
        """The graph, compiled for images of this shape; only the last one is kept."""
        if self._compiled is None or self._compiled[0] != shape:
            self._compiled = None  # its memory goes before that of the next is asked for
            self._model.reshape(shape)
            # Else processors that have half precision would use it.
            how = {"INFERENCE_PRECISION_HINT": "f32"}
            compiled = self._core.compile_model(self._model, "CPU", how)
            self._compiled = shape, compiled.create_infer_request()
        return self._compiled[1]


def _openvino() -> Any:
    """The module, without the usage statistics that it else sends home when it is imported."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    try:
        import openvino
    except ImportError as error:
        raise EngineError(
            "the engine openvino is not installed; run pip install keras-landslide[openvino], or "
            "leave `engine` out"
        ) from error
    return openvino


def _shape(entry: Any) -> tuple[int | None, ...]:
    shape = entry.partial_shape
    if shape.rank.is_dynamic:
        return ()
    return tuple(side.get_length() if side.is_static else None for side in shape)


def _reason(error: RuntimeError) -> str:
    """The last line of OpenVINO's message: those before name lines of its source."""
    return str(error).strip().rpartition("\n")[2].strip()
