"""The engine applies the calibration that a bundle holds, and refuses one that makes no sense."""

import numpy as np
import pytest
from scipy.special import expit, logit

from keras_landslide.bundle.calibrated import calibrated_contract
from keras_landslide.bundle.contract import read_bundle
from keras_landslide.errors import BundleError
from keras_landslide.evaluation.calibration import Isotonic, Temperature
from keras_landslide.evaluation.calibration_entry import calibration_entry, read_calibration
from keras_landslide.inference.engines import base as engine


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


STEPS = Isotonic(np.array([0.1, 0.3, 0.5, 0.8, 0.9]), np.array([0.0, 0.0, 0.4, 0.4, 1.0]))
TOLD = dict.fromkeys(("fitted_on", "tested_on", "cross_fitted", "tested", "threshold_rule"), "") | {
    "threshold": 0.5
}


@pytest.mark.parametrize("fitted", [STEPS, Temperature(3.0), Temperature(0.2)])
@pytest.mark.parametrize("old", [0.0, 0.02, 0.2, 0.4, 0.6, 0.8, 0.85, 0.95])
def test_no_pixel_becomes_landslide_where_a_sensor_is_missing(make_bundle, fitted, old):
    dropout = {"rate": 0.3, "groups": {"sar": ["slope"]}, "thresholds": {"sar": old}}
    bundle = read_bundle(make_bundle(band_dropout=dropout))
    told = calibrated_contract(bundle, fitted, TOLD, {})
    new = told["band_dropout"]["thresholds"]["sar"]
    assert told["calibration"]["bare"]["band_dropout"] == dropout and 0 <= new <= 1
    p = np.random.default_rng(0).random(20000, np.float32)
    p = np.sort(np.append(p, [np.float32(old), np.nextafter(np.float32(old), np.float32(0))]))
    before, after = p >= np.float32(old), fitted(p).astype(np.float32) >= np.float32(new)
    if old == 0.95 and fitted is STEPS:
        # Nothing lies above 1: those at it are landslide.
        np.testing.assert_array_equal(after, p >= np.float32(0.9))
        return
    assert not (after & ~before).any()
    lost = fitted(p[before & ~after]).astype(np.float32)
    assert not lost.size or (lost == np.float32(fitted(np.float32(old)))).all()


def test_a_calibration_that_does_not_tell_of_the_bare_network_is_refused(make_bundle):
    bundle = read_bundle(make_bundle(calibration={"method": "temperature", "temperature": 2.0}))
    with pytest.raises(BundleError, match="does not tell what it was fitted to; export"):
        calibrated_contract(bundle, STEPS, TOLD, {})
