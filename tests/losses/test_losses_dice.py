import keras
import numpy as np
import pytest
from keras import ops
from sklearn.metrics import log_loss

from keras_landslide import losses
from keras_landslide.errors import ModelError, UnknownNameError


def pixels(values):
    return np.array(values, "float32").reshape(1, 1, -1, 1)


def value(name, truth, probability):
    return float(losses.get(name)(truth, probability))


def test_dice_by_hand():
    # overlap 0.8 + 0.4, labels 2, probabilities 0.8 + 0.4 + 0.3: 1 - (2.4 + 1) / (3.5 + 1)
    truth, probability = pixels([1, 1, 0]), pixels([0.8, 0.4, 0.3])
    assert value("dice", truth, probability) == pytest.approx(1 - 3.4 / 4.5, abs=1e-6)


def test_dice_pools_the_batch():
    truth = np.stack([pixels([1, 1])[0], pixels([0, 0])[0]])
    probability = np.stack([pixels([1, 1])[0], pixels([0.5, 0])[0]])
    assert value("dice", truth, probability) == pytest.approx(1 - 5 / 5.5, abs=1e-6)


@pytest.mark.parametrize("name", losses.LOSSES)
def test_unlabelled_pixels_carry_no_loss_and_no_gradient(name):
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, (2, 5, 5, 1)).astype("float32")
    probability = rng.uniform(0.1, 0.9, truth.shape).astype("float32")
    hidden = truth.copy()
    hidden[:, :3] = 255
    other = probability.copy()
    other[:, :3] = 0.999
    expected = value(name, truth[:, 3:], probability[:, 3:])
    assert value(name, hidden, probability) == pytest.approx(expected, rel=1e-6)
    assert value(name, hidden, other) == pytest.approx(expected, rel=1e-6)


def test_crossentropy_equals_scikit_learn():
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, (2, 5, 5, 1)).astype("float32")
    probability = rng.uniform(0.01, 0.99, truth.shape).astype("float32")
    expected = log_loss(truth.ravel(), probability.ravel())
    assert value("bce", truth, probability) == pytest.approx(expected, rel=1e-5)
    both = expected + value("dice", truth, probability)
    assert value("bce_dice", truth, probability) == pytest.approx(both, rel=1e-5)


@pytest.mark.parametrize("name", losses.LOSSES)
def test_degenerate_batches_are_finite(name):
    zeros, ones = pixels([0, 0]), pixels([1, 1])
    for truth in (zeros, ones, pixels([255, 255])):
        for probability in (zeros, ones):
            assert np.isfinite(value(name, truth, probability))
    assert value(name, zeros, zeros) == pytest.approx(0, abs=1e-6)
    assert value(name, pixels([255, 255]), pixels([0, 0])) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("name", losses.LOSSES)
def test_nan_counts_where_there_is_a_label_alone(name, from_logits):
    loss = losses.LOSSES[name](from_logits=from_logits)
    truth, prediction = pixels([1, 0, 1, 0, 0]), pixels([0.8, np.nan, 0.3, 0.4, 0.1])
    assert np.isnan(float(loss(truth, prediction)))
    hidden = pixels([1, 255, 1, 0, 0])
    without = loss(pixels([1, 1, 0, 0]), pixels([0.8, 0.3, 0.4, 0.1]))
    assert float(loss(hidden, prediction)) == pytest.approx(float(without), rel=1e-6)


@pytest.mark.parametrize("name", ["dice", "bce_dice", "tversky", "focal_tversky"])
@pytest.mark.parametrize("smoothing", [0, -1, np.nan, "1"])
def test_refuses_a_smoothing_that_divides_nought_by_nought(name, smoothing):
    with pytest.raises(ModelError, match=r"smoothing = .* must be above 0"):
        losses.LOSSES[name](smoothing=smoothing)


@pytest.mark.parametrize(
    ("name", "option", "value", "bound"),
    [
        ("weighted_bce", "positive_weight", 0, "above 0"),
        ("focal", "alpha", 1.5, "from 0 to 1"),
        ("focal", "gamma", -1, "at least 0"),
        ("tversky", "beta", -0.1, "at least 0"),
        ("focal_tversky", "gamma", 0, "above 0"),
        ("focal_tversky", "alpha", True, "at least 0"),
    ],
)
def test_options_out_of_range(name, option, value, bound):
    with pytest.raises(ModelError, match=f"{option} = {value} is not possible.*{bound}"):
        losses.LOSSES[name](**{option: value})


@pytest.mark.parametrize("name", losses.LOSSES)
def test_half_precision_probabilities_are_summed_in_float32(name):
    truth = np.zeros((1, 400, 400, 1), "float32")
    truth[:, :200] = 1
    probability = np.full(truth.shape, 0.5, "float16")
    expected = value(name, truth, probability.astype("float32"))
    # 160 000 pixels overflow a float16 sum.
    assert value(name, truth, ops.cast(probability, "float16")) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", losses.LOSSES)
def test_round_trip(name):
    loss = losses.get(name)
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert type(again) is type(loss)
    assert again.get_config() == loss.get_config()
    assert losses.LOSSES[name](dtype="float64").get_config()["dtype"] == "float64"


def test_unknown_loss_lists_the_choices():
    with pytest.raises(UnknownNameError, match="dice, bce, bce_dice"):
        losses.get("dise")
