"""Thresholds, calibration and risk control against scikit-learn and worked cases."""

import numpy as np
import pytest
from sklearn import metrics
from sklearn.isotonic import IsotonicRegression

from keras_landslide.errors import NodataError
from keras_landslide.evaluation.calibration import (
    Temperature,
    ece,
    fit_isotonic,
    fit_temperature,
)
from keras_landslide.evaluation.distribution import Distribution
from keras_landslide.evaluation.ranking import brier, nll
from keras_landslide.evaluation.thresholds import (
    best_f_beta,
    best_youden,
    conformal_threshold,
    least_cost,
    scores_at,
)
from keras_landslide.training.threshold import ProbabilityHistogram, best_f1


def sample(n=3000, seed=0):
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.1).astype(np.uint8)
    return y, np.round(rng.beta(1 + 2 * y, 3), 2).astype(np.float32)


@pytest.mark.parametrize("beta", [0.5, 1, 2])
def test_f_beta_is_the_best_of_all_thresholds(beta):
    y, p = sample()
    found = best_f_beta(Distribution.of(p, y), beta)
    values = np.unique(p)
    every = [metrics.fbeta_score(y, p >= t, beta=beta, zero_division=0) for t in values]
    assert found.value == pytest.approx(max(every), abs=1e-12)
    reached = metrics.fbeta_score(y, p >= found.threshold, beta=beta)
    assert reached == pytest.approx(found.value, abs=1e-12)
    # In the middle of the gap below the best value.
    above = np.searchsorted(values, np.float32(found.threshold))
    assert found.threshold == pytest.approx(values[above - 1 : above + 1].mean(), rel=2e-4)


def test_training_and_evaluation_choose_by_the_same_rule():
    """On values that the histogram of training keeps apart the very same number comes out."""
    y, p = sample()
    for power in (1, 8):
        histogram = ProbabilityHistogram()
        histogram.add(y, p**power)
        chosen = best_f_beta(Distribution.of(p**power, y))
        assert best_f1(histogram).value == pytest.approx(chosen.threshold, rel=2e-4)
        assert best_f1(histogram).f1 == chosen.value
        assert histogram.counts_at(chosen.threshold) == scores_at(
            Distribution.of(p**power, y), chosen.threshold
        )


def test_thresholds_of_rounded_probabilities_count_what_the_map_shows():
    rng = np.random.default_rng(0)
    y = (rng.random(4000) < 0.1).astype(np.uint8)
    p = rng.beta(1 + 2 * y, 3).astype(np.float32)
    rounded = Distribution(most_values=100)
    rounded.add(p, y)
    assert not rounded.exact
    for rule in (best_f_beta, best_youden, least_cost):
        threshold = rule(rounded).threshold
        said = p >= np.float32(threshold)
        at = scores_at(rounded, threshold)
        assert (at.tp, at.fp) == (np.sum(said & (y == 1)), np.sum(said & (y == 0)))


def test_youden_and_cost_are_the_best_of_all_thresholds():
    y, p = sample()
    seen = Distribution.of(p, y)
    every = [(metrics.confusion_matrix(y, p >= t).ravel()) for t in np.unique(p)]
    youden = max(tp / (tp + fn) - fp / (fp + tn) for tn, fp, fn, tp in every)
    assert best_youden(seen).value == pytest.approx(youden, abs=1e-12)
    cost = min((5 * fn + fp) / len(y) for tn, fp, fn, tp in every)
    assert least_cost(seen, missed=5).value == pytest.approx(cost, abs=1e-12)
    at = scores_at(seen, least_cost(seen, missed=5).threshold)
    assert (5 * at.fn + at.fp) / len(y) == pytest.approx(cost, abs=1e-12)


def test_rules_without_landslide_are_refused():
    seen = Distribution.of(np.float32([0.1, 0.9]), np.uint8([0, 0]))
    for rule in (best_f_beta, best_youden, least_cost, fit_temperature, fit_isotonic):
        with pytest.raises(NodataError, match="landslide"):
            rule(seen)


def test_temperature_is_recovered():
    rng = np.random.default_rng(0)
    logits = rng.normal(-1, 1.5, 200_000)
    y = (rng.random(logits.size) < 1 / (1 + np.exp(-logits))).astype(np.uint8)
    sure = (1 / (1 + np.exp(-2.5 * logits))).astype(np.float32)
    seen = Distribution.of(sure, y)
    found = fit_temperature(seen)
    assert found.value == pytest.approx(2.5, rel=0.02)
    after = seen.mapped(found(seen.values))
    assert ece(after) < 0.2 * ece(seen)
    assert nll(after) < nll(seen) and brier(after) < brier(seen)
    assert after.total == seen.total
    assert Temperature(1.0)(np.float32([0.25])) == pytest.approx(0.25)


def test_isotonic_is_scikit_learns_over_pixels():
    y, p = sample()
    found = fit_isotonic(Distribution.of(p, y))
    pixelwise = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(p, y)
    at = np.linspace(0, 1, 50)
    assert found(at) == pytest.approx(pixelwise.predict(at), abs=1e-6)


def test_mapped_losses_are_those_of_the_mapped_pixels():
    y, p = sample()
    seen = Distribution.of(p, y)
    halved = seen.mapped(seen.values / 2)
    again = Distribution.of(p / 2, y)
    assert halved.brier_sum == pytest.approx(again.brier_sum)
    assert halved.nll_sum == pytest.approx(again.nll_sum)
    assert (halved.values == again.values).all()


def test_conformal_threshold_worked_case():
    # Nine images of two landslide pixels each, at 0.k and 0.9; n + 1 = 10, recall 0.75:
    # 10 x 0.25 - 1 = 1.5 images' worth may be missed: the three pixels at 0.1, 0.2, 0.3.
    y = np.uint8([1, 1, 0])
    images = [Distribution.of(np.float32([k / 10, 0.95, 0.5]), y) for k in range(1, 10)]
    assert conformal_threshold(images, 0.75) == pytest.approx(0.4)
    # 10 x 0.1 - 1 = 0: nothing may be missed.
    assert conformal_threshold(images, 0.9) == pytest.approx(0.1)
    assert conformal_threshold(images[:3], 0.9) == 0
    empty = Distribution.of(np.float32([0.5]), np.uint8([0]))
    assert conformal_threshold([empty], 0.9) == 0
    assert conformal_threshold([*images, empty], 0.75) == pytest.approx(0.4)


def test_conformal_promise_holds_on_exchangeable_images():
    rng = np.random.default_rng(0)

    def image():
        p = rng.beta(rng.uniform(1, 6), 2, 40).astype(np.float32)
        return Distribution.of(p, np.ones(40, np.uint8))

    missed = []
    for _ in range(150):
        threshold = conformal_threshold([image() for _ in range(30)], 0.8)
        missed.append(1 - scores_at(image(), threshold).recall)
    assert 0.1 < np.mean(missed) < 0.2 + 3 * np.std(missed) / np.sqrt(150)
