import math

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

from keras_landslide.susceptibility.folds import make_folds
from keras_landslide.susceptibility.scores import gap, overall, rate_curve, score_folds


def maps(seed=0):
    """Two probability maps of different worth, their label and folds."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(-3, 1, (128, 96))
    label = (rng.random(odds.shape) < 1 / (1 + np.exp(-odds))).astype("uint8")
    label[:, 90:] = 255
    good = (1 / (1 + np.exp(-odds))).astype("float32")
    poor = (1 / (1 + np.exp(-(odds + rng.normal(0, 2, odds.shape))))).astype("float32")
    good[3, 5] = np.nan
    return good, poor, label, make_folds(label, "rows", 4)


def test_equals_scikit_learn_fold_by_fold():
    good, _, label, fold = maps()
    for number, found in enumerate(score_folds(good, label, fold, block_px=16)):
        here = (fold == number) & ~np.isnan(good)
        truth, p = label[here], good[here].astype(float)
        assert found.scores["roc_auc"] == pytest.approx(roc_auc_score(truth, p))
        assert found.scores["average_precision"] == pytest.approx(average_precision_score(truth, p))
        assert found.scores["nll"] == pytest.approx(log_loss(truth, p), rel=1e-6)
        low, high = found.intervals["roc_auc"]
        assert low < found.scores["roc_auc"] < high


def test_mean_over_folds_and_gap():
    good, poor, label, fold = maps()
    folds = [score_folds(p, label, fold, block_px=16) for p in (good, poor)]
    mean = overall(folds[0])["roc_auc"]
    assert mean["value"] == pytest.approx(np.mean([f.scores["roc_auc"] for f in folds[0]]))
    assert mean["low"] < mean["value"] < mean["high"]
    between = gap(folds[0], folds[1])
    assert 0 < between.low < between.value < between.high and between.share_above == 1
    back = gap(folds[1], folds[0])
    assert back.value == pytest.approx(-between.value)
    same = gap(folds[0], folds[0])
    assert same.value == same.low == same.high == 0


def test_naive_by_its_closed_form():
    _, _, label, fold = maps()
    p = 0.013
    constant = np.full(label.shape, p, "float32")
    for number, found in enumerate(score_folds(constant, label, fold)):
        q = (label[fold == number] == 1).mean()
        expected = -q * math.log(p) - (1 - q) * math.log(1 - p)
        assert found.scores["nll"] == pytest.approx(expected, rel=1e-5)
        least = -q * math.log(q) - (1 - q) * math.log(1 - q)
        assert found.scores["naive_nll"] == pytest.approx(least, rel=1e-6)
        assert found.scores["roc_auc"] == 0.5


def test_rate_curve_by_hand():
    label = np.array([[1, 0, 0, 0, 1, 0, 255, 0]], "uint8")
    p = np.array([[0.9, 0.1, 0.2, 0.3, 0.8, 0.4, 1.0, np.nan]], "float32")
    area, caught = rate_curve(p, label)
    assert caught[0] == 0 and caught[-1] == 1
    np.testing.assert_allclose(np.interp([1 / 6, 2 / 6], area, caught), [0.5, 1], atol=0.02)


def test_a_constant_catches_as_much_as_it_covers():
    label = np.zeros((10, 10), "uint8")
    label[:2] = 1
    area, caught = rate_curve(np.full(label.shape, 0.3, "float32"), label)
    np.testing.assert_allclose(caught, area, atol=1e-12)


def test_rate_curve_ranks_within_folds():
    """A fold whose model says more everywhere must not crowd out the others."""
    good, _, label, fold = maps()
    shifted = np.where(fold == 1, good * 0.01, good)
    one, other = rate_curve(good, label, fold), rate_curve(shifted, label, fold)
    np.testing.assert_allclose(one[1], other[1], atol=1e-9)
    # The area under the curve follows from the AUC and the share of landslides.
    whole = label[:, :90]
    area, caught = rate_curve(good[:, :90], whole)
    known = ~np.isnan(good[:, :90])
    q = (whole[known] == 1).mean()
    auc = roc_auc_score(whole[known], good[:, :90][known])
    assert np.trapezoid(caught, area) == pytest.approx(q / 2 + (1 - q) * auc, abs=2e-3)
