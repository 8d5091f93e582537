"""A SavedModel by OpenVINO, on CPUs: less time and memory than TensorFlow, which is not loaded."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from keras_landslide.errors import EngineError
from keras_landslide.inference.bundle import Bundle
from keras_landslide.inference.engine import LoadedBundle, not_loaded
from keras_landslide.inference.run import Predict


class OpenVinoBundle(LoadedBundle):
    """Reads the SavedModel itself, and compiles it for the shape of the images in hand.

    Args:
        bundle: what to load.

    Raises:
        BundleError: the graph cannot be loaded, or takes other bands.
        EngineError: OpenVINO is not installed.
    """

    def __init__(self, bundle: Bundle) -> None:
        core = _openvino().Core()
        try:
            self._model = core.read_model(bundle.saved_model)
        except RuntimeError as error:
            raise not_loaded(bundle, RuntimeError(_reason(error))) from error
        inputs = self._model.inputs
        shape = inputs[0].partial_shape
        channels: int | None = 0  # of another rank: takes no images
        if shape.rank.is_static and len(shape) == 4:
            channels = shape[3].get_length() if shape[3].is_static else None
        super().__init__(bundle, [each.any_name for each in inputs], channels, shape)
        self._core = core
        self._shape: tuple[int, ...] | None = None
        self._request: Any = None

    def _answer(self, images: np.ndarray) -> np.ndarray:
        images = np.ascontiguousarray(images, np.float32)
        if images.shape != self._shape:
            self._request = None  # its memory goes before that of the next is asked for
            self._model.reshape(images.shape)
            # Else processors that have half precision would use it.
            how = {"INFERENCE_PRECISION_HINT": "f32"}
            self._request = self._core.compile_model(self._model, "CPU", how).create_infer_request()
            self._shape = images.shape
        (answer,) = self._request.infer([images], share_inputs=True).values()
        return answer[..., 0]

    def draws(self, count: int) -> list[Predict]:
        """As in `LoadedBundle`; the graph's random numbers are TensorFlow's own."""
        raise EngineError("draws from dropout are made by the engine tensorflow alone")


def _openvino() -> Any:
    """The module, without the usage statistics that it else sends home when it is imported."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    try:
        import openvino
    except ImportError as error:
        raise EngineError(
            "the engine openvino is not installed; run pip install keras-landslide[openvino], or "
            "leave --engine out"
        ) from error
    return openvino


def _reason(error: RuntimeError) -> str:
    """The last line of OpenVINO's message: those before name lines of its source."""
    return [line for line in str(error).splitlines() if line.strip()][-1].strip()
