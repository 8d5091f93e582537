import numpy as np
import pytest
from sklearn.metrics import jaccard_score, log_loss

from keras_landslide import losses


def pixels(values):
    return np.array(values, "float32").reshape(1, 1, -1, 1)


def batch(seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.choice([0, 1, 255], (2, 6, 5, 1), p=[0.6, 0.3, 0.1]).astype("float32")
    return truth, rng.uniform(0.01, 0.99, truth.shape).astype("float32")


def labelled(truth, probability):
    keep = truth.ravel() != 255
    return truth.ravel()[keep].astype(float), probability.ravel()[keep].astype(float)


def logits(probability):
    p = probability.astype(float)
    return np.log(p / (1 - p)).astype("float32")


def test_weighted_crossentropy_equals_scikit_learn():
    truth, probability = batch()
    y, p = labelled(truth, probability)
    for b in (1, 10, 37.5):
        found = losses.WeightedBinaryCrossentropyLoss(b)(truth, probability)
        expected = log_loss(y, p, sample_weight=np.where(y == 1, b, 1))
        assert float(found) == pytest.approx(expected, rel=1e-5)


def test_focal_by_formula():
    truth, probability = batch(1)
    y, p = labelled(truth, probability)
    p_t, a_t = np.where(y == 1, p, 1 - p), np.where(y == 1, 0.25, 0.75)
    expected = np.mean(-a_t * (1 - p_t) ** 2 * np.log(p_t))
    assert float(losses.get("focal")(truth, probability)) == pytest.approx(expected, rel=1e-5)
    plain = losses.FocalLoss(alpha=0.5, gamma=0)(truth, probability)
    assert float(plain) == pytest.approx(log_loss(y, p) / 2, rel=1e-5)


def test_focal_by_hand():
    # p_t = 1/2 twice: -(1/4 + 3/4) / 2 * (1/2)^2 * ln(1/2)
    found = losses.get("focal")(pixels([1, 0]), pixels([0.5, 0.5]))
    assert float(found) == pytest.approx(np.log(2) / 8, rel=1e-6)


def test_tversky_by_hand():
    # TP 0.8, FP 0.4, FN 0.2 + 1: index (0.8 + 1) / (0.8 + 0.3 * 0.4 + 0.7 * 1.2 + 1)
    truth, probability = pixels([1, 1, 0, 255]), pixels([0.8, 0, 0.4, 0.9])
    expected = 1 - 1.8 / 2.76
    found = float(losses.get("tversky")(truth, probability))
    assert found == pytest.approx(expected, rel=1e-6)
    focal = float(losses.get("focal_tversky")(truth, probability))
    assert focal == pytest.approx(expected**0.75, rel=1e-6)


def test_tversky_with_equal_weights_is_dice():
    truth, probability = batch(2)
    tversky = losses.TverskyLoss(0.5, 0.5, smoothing=0.5)(truth, probability)
    assert float(tversky) == pytest.approx(float(losses.DiceLoss(1)(truth, probability)), rel=1e-5)


def lovasz(y, error):
    """Equation 9 and Algorithm 1 with plain sets, pixel by pixel."""
    order = np.argsort(-error, kind="stable")
    landslides = set(np.flatnonzero(y))
    total, before, first = 0.0, 0.0, set()
    for pixel in order:
        first = first | {pixel}
        jaccard = 1 - len(landslides - first) / len(landslides | first)
        total += max(error[pixel], 0) * (jaccard - before)
        before = jaccard
    return total


@pytest.mark.parametrize("seed", range(3))
def test_lovasz_equals_the_sets(seed):
    truth, probability = batch(seed)
    y, p = labelled(truth, probability)
    found = float(losses.get("lovasz")(truth, probability))
    assert found == pytest.approx(lovasz(y, np.abs(y - p)), rel=1e-5)
    z = logits(probability)
    hinge = float(losses.LovaszLoss(from_logits=True)(truth, z))
    assert hinge == pytest.approx(lovasz(y, 1 - (2 * y - 1) * labelled(truth, z)[1]), rel=1e-5)


def test_lovasz_of_certain_predictions_is_the_jaccard_loss():
    truth, probability = batch(3)
    certain = (probability > 0.5).astype("float32")
    expected = 1 - jaccard_score(*labelled(truth, certain))
    assert float(losses.get("lovasz")(truth, certain)) == pytest.approx(expected, rel=1e-5)


def test_lovasz_by_hand():
    # errors 0.6 (background), 0.5 (landslide), 0.2 (landslide); J = 1/3, 2/3, 1
    found = losses.get("lovasz")(pixels([1, 0, 1]), pixels([0.5, 0.6, 0.8]))
    assert float(found) == pytest.approx((0.6 + 0.5 + 0.2) / 3, rel=1e-6)
    without = losses.get("lovasz")(pixels([255, 0, 0]), pixels([0.9, 0.6, 0.3]))
    assert float(without) == pytest.approx(0.6, rel=1e-6)


@pytest.mark.parametrize("name", [name for name in losses.LOSSES if name != "lovasz"])
def test_logits_and_probabilities_agree(name):
    truth, probability = batch(4)
    from_logits = losses.LOSSES[name](from_logits=True)(truth, logits(probability))
    expected = float(losses.get(name)(truth, probability))
    assert float(from_logits) == pytest.approx(expected, rel=1e-4)
