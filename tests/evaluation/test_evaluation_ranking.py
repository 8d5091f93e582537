"""Rankings, losses and calibration against scikit-learn, on random and degenerate inputs."""

import numpy as np
import pytest
from sklearn import metrics
from sklearn.calibration import calibration_curve

from keras_landslide.evaluation.distribution import Distribution
from keras_landslide.evaluation.ranking import (
    average_precision,
    brier,
    naive_nll,
    nll,
    ranking_scores,
    roc_auc,
)
from keras_landslide.evaluation.scores import Scores

BOTH = {"roc_auc": metrics.roc_auc_score, "average_precision": metrics.average_precision_score}


def sample(kind, n=4000, seed=0):
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.05).astype(np.uint8)
    p = rng.beta(1 + 2 * y, 3).astype(np.float32)
    if kind == "ties":
        p = np.round(p, 1)
    elif kind == "constant":
        p[:] = 0.3
    elif kind == "certain":
        p = (p > 0.5).astype(np.float32)
    elif kind == "tiny":
        p = (p * 1e-6).astype(np.float32)
    return y, p


@pytest.mark.parametrize("kind", ["smooth", "ties", "constant", "certain", "tiny"])
def test_rankings_and_losses_are_sklearns(kind):
    y, p = sample(kind)
    seen = Distribution()
    for part in np.array_split(np.arange(len(y)), 7):
        seen.add(p[part], y[part])
    assert roc_auc(seen) == pytest.approx(metrics.roc_auc_score(y, p), abs=1e-9)
    assert average_precision(seen) == pytest.approx(metrics.average_precision_score(y, p), abs=1e-9)
    assert brier(seen) == pytest.approx(metrics.brier_score_loss(y, p), abs=1e-6)
    assert nll(seen) == pytest.approx(metrics.log_loss(y, p), abs=1e-6)
    assert seen.exact and (seen.positives, seen.total) == (y.sum(), len(y))


def test_binned_rankings_stay_close_and_losses_exact():
    y, p = sample("smooth", 50_000)
    seen = Distribution(most_values=1000)
    for part in np.array_split(np.arange(len(y)), 5):
        seen.add(p[part], y[part])
    assert not seen.exact and seen.total == len(y)
    assert roc_auc(seen) == pytest.approx(metrics.roc_auc_score(y, p), abs=1e-5)
    assert brier(seen) == pytest.approx(metrics.brier_score_loss(y, p), abs=1e-7)


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_has_no_auc(label):
    p = np.linspace(0, 1, 11, dtype=np.float32)
    seen = Distribution.of(p, np.full(11, label, np.uint8))
    found = ranking_scores(seen)
    assert found["roc_auc"] is None
    assert found["average_precision"] == (None if label == 0 else pytest.approx(1))
    assert found["naive_nll"] == 0
    assert found["brier"] == pytest.approx(np.mean((p - label) ** 2), abs=1e-6)


def test_nothing_seen_is_undefined():
    p = np.array([0.2, np.nan, 0.7], np.float32)
    seen = Distribution.of(p, np.array([255, 1, np.nan], np.float32))
    assert set(ranking_scores(seen).values()) == {None}
    assert set(ranking_scores(Distribution()).values()) == {None}


def test_naive_nll_is_the_best_constants():
    y, _ = sample("smooth")
    seen = Distribution.of(np.full(len(y), y.mean(), np.float32), y)
    assert naive_nll(seen) == pytest.approx(nll(seen), abs=1e-6)


def test_remaining_scores_are_sklearns():
    rng = np.random.default_rng(1)
    y, said = rng.random(300) < 0.2, rng.random(300) < 0.3
    tn, fp, fn, tp = metrics.confusion_matrix(y, said).ravel()
    s = Scores(*(int(n) for n in (tp, fp, fn, tn)))
    iou = metrics.jaccard_score(y, said, average=None)
    assert s.macro_f1 == pytest.approx(metrics.f1_score(y, said, average="macro"), abs=1e-12)
    assert s.mean_accuracy == pytest.approx(metrics.balanced_accuracy_score(y, said), abs=1e-12)
    assert (s.background_iou, s.iou) == pytest.approx(tuple(iou), abs=1e-12)
    weighted = metrics.jaccard_score(y, said, average="weighted")
    assert s.frequency_weighted_iou == pytest.approx(weighted, abs=1e-12)
    micro = metrics.jaccard_score(y, said, average="micro")
    assert s.micro_iou == pytest.approx(micro, abs=1e-12)
    rows = metrics.confusion_matrix(y, said, normalize="true").ravel()
    assert [s.normalised[k] for k in ("tn", "fp", "fn", "tp")] == pytest.approx(rows.tolist())


def test_frequency_weights_and_absent_classes():
    s = Scores(tp=50, fp=10, fn=10, tn=930)
    pi = 60 / 1000
    assert s.frequency_weighted_iou == pytest.approx(pi * s.iou + (1 - pi) * s.background_iou)
    assert Scores(tn=5).frequency_weighted_iou == 1
    assert Scores(tn=5).mean_iou is None


def test_reliability_is_sklearns():
    from keras_landslide.evaluation.calibration import ece, reliability

    y, p = sample("smooth")
    found = reliability(Distribution.of(p, y), 10)
    so, said = calibration_curve(y, p, n_bins=10)
    used = found.pixels > 0
    assert found.so[used] == pytest.approx(so, abs=1e-6)
    assert found.said[used] == pytest.approx(said, abs=1e-6)
    share = found.pixels[used] / len(y)
    seen = Distribution.of(p, y)
    assert ece(seen, 10) == pytest.approx(float(share @ np.abs(so - said)), abs=1e-6)
    assert ece(Distribution()) is None
