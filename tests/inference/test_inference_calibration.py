"""Bundles of format 1: whoever reads one applies the calibration that its contract holds."""

import numpy as np
import pytest
from scipy.special import expit, logit

from keras_landslide.bundle.contract import Calibration
from keras_landslide.bundle.read import read_bundle
from keras_landslide.errors import BundleError
from keras_landslide.evaluation.calibration import Isotonic, Temperature
from keras_landslide.inference.engines import table as engine


def test_probabilities_come_out_calibrated(make_bundle, predict):
    images = np.random.default_rng(2).normal(size=(1, 16, 16, 2)).astype(np.float32)
    bare = predict(images)
    folder = make_bundle("t", calibration={"method": "temperature", "temperature": 2.0})
    warm = engine.load(folder)
    np.testing.assert_allclose(warm(images), expit(logit(bare.astype(float)) / 2), atol=1e-6)
    assert warm(images).dtype == np.float32
    np.testing.assert_array_equal(
        engine.load(read_bundle(folder).uncalibrated())(images), engine.load(make_bundle())(images)
    )
    steps = {"method": "isotonic", "x": [0.2, 0.8], "y": [0.1, 0.4]}
    bent = engine.load(make_bundle("i", calibration=steps))
    np.testing.assert_allclose(bent(images), np.interp(bare, [0.2, 0.8], [0.1, 0.4]), atol=1e-6)


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        ("temperature", "'calibration' = 'temperature' should be an object"),
        ({"method": "platt"}, "'platt' is unknown; choose one of: temperature, isotonic"),
        ({"method": "temperature"}, "'temperature' is missing"),
        ({"method": "temperature", "temperature": None}, "'temperature' is missing"),
        ({"method": "temperature", "temperature": 0}, "= 0 is out of range: .* above 0"),
        ({"method": "temperature", "temperature": True}, "= True is out of range"),
        ({"method": "isotonic", "x": [0, 1]}, "'y' is missing"),
        ({"method": "isotonic", "x": [0, 1], "y": [1, 0]}, "no rising map"),
        ({"method": "isotonic", "x": [0, 0], "y": [0, 1]}, "no rising map"),
        ({"method": "isotonic", "x": [], "y": []}, "'calibration.x' is empty"),
        ({"method": "isotonic", "x": ["a"], "y": [1]}, r"'calibration.x\[0\]' = 'a' is out of"),
        ({"method": "isotonic", "x": [0, 1], "y": [0, 2]}, r"y\[1\]' = 2 is out of range"),
    ],
)
def test_senseless_entries_are_refused(make_bundle, entry, what):
    with pytest.raises(BundleError, match=what):
        read_bundle(make_bundle(calibration=entry))


@pytest.mark.parametrize(
    "fitted", [Temperature(1.7), Isotonic(np.array([0.1, 0.9]), np.array([0.0, 1.0]))]
)
def test_entries_survive_writing(fitted):
    again = Calibration.of(fitted).map()
    p = np.linspace(0, 1, 9)
    np.testing.assert_array_equal(again(p), fitted(p))
