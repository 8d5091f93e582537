"""A bundle's network as a callable, with TensorFlow alone: neither Keras nor our layers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from keras_landslide.errors import BundleError
from keras_landslide.evaluation.calibration_entry import read_calibration
from keras_landslide.inference.bundle import Bundle, read_bundle
from keras_landslide.quiet import quiet_tensorflow


class SavedModelPredict:
    """Calls the `serve` signature of a loaded SavedModel.

    It always calls the same signature, so that nothing is traced twice.
    """

    def __init__(self, loaded: Any, bundle: Bundle) -> None:
        import tensorflow as tf

        # The signature holds its variables weakly: the loaded object has to stay alive with it.
        self._loaded = loaded
        self._serve = loaded.signatures.get("serve") or loaded.signatures.get("serving_default")
        if self._serve is None:
            raise BundleError(
                f"{bundle.saved_model}: has no signature 'serve'; export the run again"
            )
        (self._input, spec), *others = self._serve.structured_input_signature[1].items()
        if others or spec.shape.rank != 4 or spec.shape[-1] not in (None, len(bundle.bands)):
            raise BundleError(
                f"{bundle.saved_model}: takes {spec.shape}, bundle.json names "
                f"{len(bundle.bands)} bands; export the run again"
            )
        self._constant = tf.constant
        self._calibration = read_calibration(bundle.contract.get("calibration"), bundle.folder)

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Images float32 (B, h, w, C) to calibrated probability float32 (B, h, w)."""
        (output,) = self._serve(**{self._input: self._constant(images, "float32")}).values()
        probability = output.numpy()[..., 0]
        if self._calibration is None:
            return probability
        return self._calibration(probability).astype(np.float32)


def load(folder: str | Path) -> SavedModelPredict:
    """Load the SavedModel of a bundle.

    Args:
        folder: the bundle.

    Returns:
        A function of images float32 (B, h, w, C), raw units with NaN for missing, that returns
        probabilities float32 (B, h, w), calibrated if the bundle holds a calibration.

    Raises:
        BundleError: the bundle is incomplete, or its graph cannot be loaded or takes other bands.
    """
    bundle = read_bundle(folder)
    with quiet_tensorflow():
        import tensorflow as tf

        tf.config.list_logical_devices()  # looks for GPUs now, noisily, rather than later

    tf.get_logger().setLevel("ERROR")
    try:
        loaded = tf.saved_model.load(str(bundle.saved_model))
    except (OSError, ValueError, RuntimeError, tf.errors.OpError) as error:
        reason = str(error).splitlines()[0]
        raise BundleError(
            f"{bundle.saved_model}: cannot be loaded ({reason}); export the run again"
        ) from error
    return SavedModelPredict(loaded, bundle)
