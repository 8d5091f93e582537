"""The calibration within a graph against SciPy and NumPy."""

import keras
import numpy as np
import pytest
from scipy.special import expit, logit

from keras_landslide.errors import ModelError
from keras_landslide.layers.probability_calibration import ProbabilityCalibration

P = np.random.default_rng(0).random((2, 9, 11, 1)).astype("float32")


def answer(layer, values=P):
    return keras.ops.convert_to_numpy(layer(values))


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
def test_temperature(temperature):
    found = answer(ProbabilityCalibration(temperature))
    np.testing.assert_allclose(found, expit(logit(P.astype(float)) / temperature), atol=1e-6)
    assert found.dtype == np.float32
    ends = answer(ProbabilityCalibration(temperature), np.array([0, 1], "float32"))
    assert 0 <= ends[0] < 0.01 and 0.99 < ends[1] <= 1


@pytest.mark.parametrize("knots", [1, 2, 3, 8, 9, 500])
def test_knots(knots):
    rng = np.random.default_rng(knots)
    x = np.sort(rng.random(knots).astype("float32"))
    y = np.sort(rng.random(knots).round(1 if knots > 3 else 7).astype("float32"))
    layer = ProbabilityCalibration(x=x, y=y)
    values = np.concatenate([P.ravel(), x, [0, 1]]).astype("float32")
    found = answer(layer, values)
    np.testing.assert_allclose(found, np.interp(values, x, y), atol=2e-7)
    # No value overtakes another, and a plateau is one to the bit.
    assert (np.diff(found[np.argsort(values, kind="stable")]) >= 0).all()
    for level in set(y[1:][np.diff(y) == 0]):
        inside = (values >= x[y == level][0]) & (values <= x[y == level][-1])
        assert (found[inside] == level).all()


def test_it_travels_with_the_network(tmp_path):
    image = keras.Input((None, None, 1))
    for name, layer in (
        ("t", ProbabilityCalibration(2.0)),
        ("i", ProbabilityCalibration(x=[0.2, 0.7], y=[0.1, 0.9])),
    ):
        model = keras.Model(image, layer(image))
        model.save(tmp_path / f"{name}.keras")
        again = keras.saving.load_model(tmp_path / f"{name}.keras", safe_mode=True)
        np.testing.assert_array_equal(again.predict_on_batch(P), model.predict_on_batch(P))
        assert not model.weights


@pytest.mark.parametrize(
    "numbers",
    [
        {},
        {"temperature": 0.0},
        {"temperature": 1.0, "x": [0, 1], "y": [0, 1]},
        {"x": [0, 1], "y": [0]},
        {"x": [1, 0], "y": [0, 1]},
        {"x": [0, 1], "y": [1, 0]},
        {"x": [0, 2], "y": [0, 1]},
        {"x": [], "y": []},
    ],
)
def test_no_rising_map(numbers):
    with pytest.raises(ModelError, match="calibration"):
        ProbabilityCalibration(**numbers)
