"""A bundle's network as a callable, with TensorFlow alone: neither Keras nor our layers."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from keras_landslide.errors import BundleError
from keras_landslide.evaluation.calibration_entry import read_calibration
from keras_landslide.inference.bundle import Bundle, read_bundle
from keras_landslide.inference.run import Predict
from keras_landslide.quiet import quiet_tensorflow


class SavedModelPredict:
    """Calls the `serve` signature of a loaded SavedModel.

    It always calls the same signature, so that nothing is traced twice.
    """

    def __init__(self, loaded: Any, bundle: Bundle) -> None:
        import tensorflow as tf

        # The signatures hold their variables weakly: the loaded object has to stay alive with them.
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
        self._draw = loaded.signatures.get("draw")
        self._bundle = bundle
        self._constant = tf.constant
        self._calibration = read_calibration(bundle.contract.get("calibration"), bundle.folder)

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Images float32 (B, h, w, C) to calibrated probability float32 (B, h, w)."""
        return self._calibrated(self._serve(**{self._input: self._constant(images, "float32")}))

    def draws(self, count: int) -> list[Predict]:
        """The network `count` times with its dropout left on (Monte Carlo dropout).

        The seed of a draw comes from its number and from the images themselves, so that a window
        gets the same answer in whichever run, process or order it is asked for.

        Raises:
            BundleError: the network has no dropout.
        """
        if self._draw is None:
            raise BundleError(
                f"{self._bundle.folder}: its network has no dropout to draw from; train it with a "
                "dropout rate ([model] options = { dropout = 0.2 }), or ask for augmentation or an "
                "ensemble"
            )
        return [partial(self._drawn, number) for number in range(count)]

    def _drawn(self, number: int, images: np.ndarray) -> np.ndarray:
        images = np.ascontiguousarray(images, np.float32)
        content = crc32(images.tobytes()) & 0x7FFFFFFF
        # Layers add their own number to the first part.
        seed = self._constant([number * 1000, content], "int32")
        return self._calibrated(self._draw(images=self._constant(images), seed=seed))

    def _calibrated(self, outputs: dict[str, Any]) -> np.ndarray:
        (output,) = outputs.values()
        probability = output.numpy()[..., 0]
        if self._calibration is None:
            return probability
        return self._calibration(probability).astype(np.float32)


def load(bundle: Bundle | str | Path) -> SavedModelPredict:
    """Load the SavedModel of a bundle.

    Args:
        bundle: the bundle, or its folder.

    Returns:
        A function of images float32 (B, h, w, C), raw units with NaN for missing, that returns
        probabilities float32 (B, h, w), calibrated if the bundle holds a calibration.

    Raises:
        BundleError: the bundle is incomplete, or its graph cannot be loaded or takes other bands.
    """
    bundle = bundle if isinstance(bundle, Bundle) else read_bundle(bundle)
    with quiet_tensorflow():
        import tensorflow as tf

        tf.config.list_logical_devices()  # looks for GPUs now, noisily, rather than later

    tf.get_logger().setLevel("ERROR")
    try:
        loaded = tf.saved_model.load(str(bundle.saved_model))
    except (OSError, ValueError, RuntimeError, IndexError, tf.errors.OpError) as error:
        reason = str(error).splitlines()[0]
        raise BundleError(
            f"{bundle.saved_model}: cannot be loaded ({reason}); export the run again"
        ) from error
    return SavedModelPredict(loaded, bundle)
