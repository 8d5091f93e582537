import math

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

from keras_landslide.susceptibility_study.curves import GRID, band, calibration
from keras_landslide.susceptibility_study.figures import ModelCurves, folds_figure
from keras_landslide.susceptibility_study.folds import make_folds
from keras_landslide.susceptibility_study.scores import gap, overall, score_fold


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


def scored(probability, label, fold):
    parts = [np.where(fold == number, label, 255) for number in range(fold.max() + 1)]
    return [score_fold(probability, part, block_px=16, seed=n) for n, part in enumerate(parts)]


def test_equals_scikit_learn_fold_by_fold():
    good, _, label, fold = maps()
    for number, found in enumerate(scored(good, label, fold)):
        here = (fold == number) & ~np.isnan(good)
        truth, p = label[here], good[here].astype(float)
        assert found.scores["roc_auc"] == pytest.approx(roc_auc_score(truth, p))
        assert found.scores["average_precision"] == pytest.approx(average_precision_score(truth, p))
        assert found.scores["nll"] == pytest.approx(log_loss(truth, p), rel=1e-6)
        low, high = found.intervals["roc_auc"]
        assert low < found.scores["roc_auc"] < high


def test_mean_over_folds_and_gap():
    good, poor, label, fold = maps()
    folds = [scored(p, label, fold) for p in (good, poor)]
    mean = overall(folds[0])["roc_auc"]
    assert mean["value"] == pytest.approx(np.mean([f.scores["roc_auc"] for f in folds[0]]))
    assert mean["low"] < mean["value"] < mean["high"]
    between = gap(folds[0], folds[1])
    assert 0 < between.low < between.value < between.high and between.share_above == 1
    back = gap(folds[1], folds[0])
    assert back.value == pytest.approx(-between.value)
    same = gap(folds[0], folds[0])
    assert same.value == same.low == same.high == 0


def test_draws_without_landslides_are_no_defeats():
    good, poor, *_ = (part[:48, :64] for part in maps())
    label = np.zeros(good.shape, "uint8")  # 12 blocks of 16 pixels, landslides in two of them
    label[4:12, 4:12] = label[36:44, 52:60] = 1
    good[label == 1] = np.linspace(0.3, 0.9, 128)
    poor[label == 1] = 0.01
    folds = [[score_fold(p, label, block_px=16)] for p in (good, poor)]
    undefined = np.isnan(folds[0][0].replicates["roc_auc"]).mean()
    assert undefined == pytest.approx((10 / 12) ** 12, abs=0.04)
    assert gap(*folds).share_above == 1 and gap(*folds[::-1]).share_above == 0
    for side in folds:
        side[0].replicates["roc_auc"][:] = np.nan
    assert math.isnan(gap(*folds).share_above)


def test_naive_by_its_closed_form():
    _, _, label, fold = maps()
    p = 0.013
    constant = np.full(label.shape, p, "float32")
    for number, found in enumerate(scored(constant, label, fold)):
        q = (label[fold == number] == 1).mean()
        expected = -q * math.log(p) - (1 - q) * math.log(1 - p)
        assert found.scores["nll"] == pytest.approx(expected, rel=1e-5)
        least = -q * math.log(q) - (1 - q) * math.log(1 - q)
        assert found.scores["naive_nll"] == pytest.approx(least, rel=1e-6)
        assert found.scores["roc_auc"] == 0.5


def test_curves_by_hand():
    label = np.array([[1, 0, 0, 0, 1, 0, 255, 0]], "uint8")
    p = np.array([[0.9, 0.1, 0.2, 0.3, 0.8, 0.4, 1.0, np.nan]], "float32")
    p[0, 4] = 0.35  # one background pixel is above the second landslide
    curves = [score_fold(p, label).curves]
    roc, rate, precision = (band(kind, curves).y for kind in ("roc", "rate", "precision_recall"))
    np.testing.assert_allclose(np.interp([0, 0.25, 1], GRID, roc), [0.5, 1, 1], atol=1e-9)
    np.testing.assert_allclose(np.interp([0, 0.25, 0.5, 1], GRID, rate), [0, 0.5, 1, 1])
    np.testing.assert_allclose(np.interp([0.5, 1], GRID, precision), [1, 2 / 3])


def test_areas_under_curves_are_the_scores():
    good, _, label, fold = maps()
    folds = scored(good, label, fold)
    roc, rate = (band(kind, [f.curves for f in folds]) for kind in ("roc", "rate"))
    auc = overall(folds)["roc_auc"]
    assert np.trapezoid(roc.y, roc.x) == pytest.approx(auc["value"], abs=2e-3)
    assert np.trapezoid(roc.low, roc.x) < auc["low"]  # no replicate is lowest everywhere
    assert (roc.low <= roc.y).all() and (roc.y <= roc.high).all()
    # The area under the rate curve follows from the AUC and the share of landslides.
    expected = []
    for number, found in enumerate(folds):
        here = (fold == number) & ~np.isnan(good)
        q = (label[here] == 1).mean()
        expected.append(q / 2 + (1 - q) * found.scores["roc_auc"])
    assert np.trapezoid(rate.y, rate.x) == pytest.approx(np.mean(expected), abs=2e-3)


def test_a_constant_catches_as_much_as_it_covers():
    label = np.zeros((10, 10), "uint8")
    label[:2] = 1
    curves = [score_fold(np.full(label.shape, 0.3, "float32"), label).curves]
    for kind in ("rate", "roc"):
        np.testing.assert_allclose(band(kind, curves).y, GRID, atol=1e-12)
    np.testing.assert_allclose(band("precision_recall", curves).y, 0.2)


def test_calibration_of_what_is_calibrated_and_what_is_not():
    good, _, label, fold = maps()
    odds = np.log(good / (1 - good))
    for shift, inside in ((0, True), (2, False)):
        shifted = (1 / (1 + np.exp(-odds - shift))).astype("float32")
        line = calibration([f.curves for f in scored(shifted, label, fold)])
        middle = slice(1, -1)  # the outermost bins have few pixels
        held = (line.low <= line.x) & (line.x <= line.high)
        assert held[middle].mean() > 0.7 if inside else not held[middle].any()
        assert (line.low <= line.y).all() and (line.y <= line.high).all()


def test_a_fold_with_few_pixels_has_no_calibration_but_figures(tmp_path):
    odds = np.random.default_rng(0).normal(0, 3, (20, 20))
    p = (1 / (1 + np.exp(-odds))).astype("float32")
    few = [score_fold(p, (odds > 1).astype("uint8"), block_px=8)]
    assert all(each.shape == (0,) for each in calibration([few[0].curves]))
    path = tmp_path / "few.png"
    folds_figure(path, "rows", "llr", ModelCurves(few, few), simulated=True)
    assert path.stat().st_size > 10_000
