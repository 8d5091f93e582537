"""A network with its calibration as its last layer: put on, taken off, changed."""

from __future__ import annotations

import keras

from keras_landslide.layers.probability_calibration import ProbabilityCalibration


def calibrated(model: keras.Model, layer: ProbabilityCalibration) -> keras.Model:
    """The network with `layer` behind it, in the place of an earlier calibration."""
    bare = uncalibrated(model)
    return keras.Model(bare.inputs, layer(bare.outputs[0]), name=bare.name)


def uncalibrated(model: keras.Model) -> keras.Model:
    """The network without its calibration; `model` itself if it has none. They share weights."""
    layer = calibration_of(model)
    if layer is None:
        return model
    return keras.Model(model.inputs, layer.input, name=model.name)


def calibration_of(model: keras.Model) -> ProbabilityCalibration | None:
    """The last layer, if it is a calibration."""
    last = model.layers[-1] if model.layers else None
    return last if isinstance(last, ProbabilityCalibration) else None
