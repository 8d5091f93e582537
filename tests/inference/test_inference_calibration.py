"""The engine applies the calibration that a bundle holds, and refuses one that makes no sense."""

import numpy as np
import pytest
from scipy.special import expit, logit

from keras_landslide.errors import BundleError
from keras_landslide.evaluation.calibration import Isotonic, Temperature
from keras_landslide.evaluation.calibration_entry import calibration_entry, read_calibration
from keras_landslide.inference import engine
from keras_landslide.inference.bundle import read_bundle


def test_probabilities_come_out_calibrated(make_bundle, predict):
    images = np.random.default_rng(2).normal(size=(1, 16, 16, 2)).astype(np.float32)
    bare = predict(images)
    warm = engine.load(make_bundle("t", calibration={"method": "temperature", "temperature": 2.0}))
    np.testing.assert_allclose(warm(images), expit(logit(bare.astype(float)) / 2), atol=1e-6)
    assert warm(images).dtype == np.float32
    steps = {"method": "isotonic", "x": [0.2, 0.8], "y": [0.1, 0.4]}
    bent = engine.load(make_bundle("i", calibration=steps))
    np.testing.assert_allclose(bent(images), np.interp(bare, [0.2, 0.8], [0.1, 0.4]), atol=1e-6)


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        ("temperature", "unknown calibration 'temperature'"),
        ({"method": "platt"}, "unknown calibration 'platt'"),
        ({"method": "temperature"}, "temperature None should be a number above 0"),
        ({"method": "temperature", "temperature": 0}, "temperature 0 should"),
        ({"method": "temperature", "temperature": True}, "temperature True should"),
        ({"method": "isotonic", "x": [0, 1]}, "no rising map|no numbers"),
        ({"method": "isotonic", "x": [0, 1], "y": [1, 0]}, "no rising map"),
        ({"method": "isotonic", "x": [0, 0], "y": [0, 1]}, "no rising map"),
        ({"method": "isotonic", "x": [], "y": []}, "no rising map"),
        ({"method": "isotonic", "x": ["a"], "y": [1]}, "holds no numbers"),
        ({"method": "isotonic", "x": [0, 1], "y": [0, 2]}, "no rising map"),
    ],
)
def test_senseless_entries_are_refused(make_bundle, entry, what):
    with pytest.raises(BundleError, match=what):
        read_bundle(make_bundle(calibration=entry))


@pytest.mark.parametrize(
    "fitted", [Temperature(1.7), Isotonic(np.array([0.1, 0.9]), np.array([0.0, 1.0]))]
)
def test_entries_survive_writing(fitted):
    again = read_calibration(calibration_entry(fitted), "bundle.json")
    p = np.linspace(0, 1, 9)
    np.testing.assert_array_equal(again(p), fitted(p))
    assert read_calibration(None, "bundle.json") is None
