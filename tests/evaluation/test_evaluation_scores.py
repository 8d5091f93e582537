"""Scores against scikit-learn, and against the published table that they have to reproduce."""

import math

import numpy as np
import pytest
from sklearn import metrics

from keras_landslide.errors import GridMismatchError
from keras_landslide.evaluation.scores import Scores, confusion, confusion_classes

# Vega and Hidalgo, Table 4 (inference zone, confusion matrix in pixels), and the precision,
# recall, F1, landslide IoU, two-class mean IoU, accuracy and kappa that follow, worked out
# independently to four digits.
TABLE_4 = [
    ((1258, 1113, 2021, 38441), (0.5306, 0.3837, 0.4453, 0.2864, 0.6055, 0.9268, 0.4072)),
    ((873, 683, 2406, 38871), (0.5611, 0.2662, 0.3611, 0.2203, 0.5734, 0.9279, 0.3280)),
    ((922, 682, 2357, 38872), (0.5748, 0.2812, 0.3776, 0.2328, 0.5801, 0.9291, 0.3447)),
]


@pytest.mark.parametrize(("counts", "expected"), TABLE_4)
def test_published_transfer_scores(counts, expected):
    s = Scores(*counts)
    found = (s.precision, s.recall, s.f1, s.iou, s.mean_iou, s.accuracy, s.kappa)
    assert [round(value, 4) for value in found] == list(expected)
    assert s.total == 42833


def against_sklearn(y, p):
    s = confusion(p.astype(np.float32), y.astype(np.uint8), 0.5)
    said = p >= 0.5
    tn, fp, fn, tp = metrics.confusion_matrix(y, said, labels=[0, 1]).ravel()
    assert (s.tp, s.fp, s.fn, s.tn) == (tp, fp, fn, tn)
    nan = {"zero_division": np.nan}
    wanted = {
        "precision": metrics.precision_score(y, said, **nan),
        "recall": metrics.recall_score(y, said, **nan),
        "f1": metrics.f1_score(y, said, **nan),
        "accuracy": metrics.accuracy_score(y, said),
    }
    with np.errstate(invalid="ignore"):
        wanted["kappa"] = metrics.cohen_kappa_score(y, said, labels=[0, 1])
    if s.tp + s.fp + s.fn:
        wanted["iou"] = metrics.jaccard_score(y, said)
    if s.iou is not None and s.tn + s.fp + s.fn:
        wanted["mean_iou"] = metrics.jaccard_score(y, said, average="macro")
    for name, value in wanted.items():
        found = getattr(s, name)
        if math.isnan(value):
            assert found is None, name
        else:
            assert found == pytest.approx(value, abs=1e-12), name


def test_scores_are_sklearns():
    rng = np.random.default_rng(0)
    for prevalence in (0.02, 0.5, 0.9):
        y = rng.random(500) < prevalence
        against_sklearn(y, np.clip(rng.normal(0.3 + 0.3 * y, 0.2), 0, 1))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("y", [0, 1, "mixed"])
@pytest.mark.parametrize("p", [0.0, 1.0, "mixed"])
def test_degenerate_inputs_are_sklearns(y, p):
    mixed = np.array([0, 1, 1, 0, 1, 0])
    y = mixed if y == "mixed" else np.full(6, y)
    p = np.roll(mixed, 1).astype(float) if p == "mixed" else np.full(6, p)
    against_sklearn(y, p)


def test_nothing_scored_is_undefined_not_zero():
    s = Scores()
    values = s.to_dict()
    assert [k for k, v in values.items() if v is not None] == ["tp", "fp", "fn", "tn"]


def test_unlabelled_missing_and_masked_pixels_never_count():
    probability = np.array([0.9, 0.9, 0.1, 0.1, np.nan, 0.9, 0.9], np.float32)
    label = np.array([1, 0, 1, 0, 1, 255, np.nan], np.float32)
    classes = confusion_classes(probability, label, 0.5)
    assert classes.tolist() == [1, 2, 3, 0, 255, 255, 255]
    assert confusion(probability, label, 0.5) == Scores(1, 1, 1, 1)
    mask = np.array([True, False, True, True, True, True, True])
    assert confusion(probability, label, 0.5, mask) == Scores(1, 0, 1, 1)


def test_threshold_itself_is_landslide_in_float32():
    assert confusion(np.float32([0.3]), np.uint8([1]), 0.3).tp == 1


def test_scores_add_up_and_stay_exact_for_huge_scenes():
    assert Scores(1, 2, 3, 4) + Scores(10, 20, 30, 40) == Scores(11, 22, 33, 44)
    big = Scores(10**9, 10**8, 10**8, 10**11)
    small = Scores(1000, 100, 100, 100000)
    assert big.kappa == pytest.approx(small.kappa, abs=1e-12)


def test_shapes_have_to_agree():
    with pytest.raises(GridMismatchError):
        confusion(np.zeros((2, 3), np.float32), np.zeros((3, 2), np.uint8), 0.5)
