import numpy as np
import pytest
from sklearn.metrics import precision_recall_curve

from keras_landslide.counts import Scores
from keras_landslide.training.threshold import ProbabilityHistogram, best_f1


def filled(label, probability, parts=1):
    histogram = ProbabilityHistogram()
    for chunk in np.array_split(np.arange(len(label)), parts):
        histogram.add(label[chunk], probability[chunk])
    return histogram


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("power", [0.2, 1, 6])
def test_best_f1_over_all_distinct_thresholds(seed, power):
    rng = np.random.default_rng(seed)
    label = rng.choice([0, 1, 255], 5000, p=[0.7, 0.1, 0.2])
    probability = rng.beta(1 + 2 * (label == 1), 3).astype("float32") ** power
    threshold = best_f1(filled(label, probability, parts=7))
    valid = label != 255
    precision, recall, _ = precision_recall_curve(label[valid], probability[valid])
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    assert threshold.f1 == pytest.approx(f1.max(), abs=1e-3)


def test_counts_at_the_threshold_are_those_of_the_map():
    rng = np.random.default_rng(0)
    label = rng.choice([0, 1, 255], 5000)
    probability = rng.beta(2, 3, 5000).astype("float32")
    histogram = filled(label, probability)
    threshold = best_f1(histogram)
    counts = histogram.counts_at(threshold.value)
    found = probability >= threshold.value
    assert counts == Scores(
        tp=np.sum(found & (label == 1)),
        fp=np.sum(found & (label == 0)),
        fn=np.sum(~found & (label == 1)),
        tn=np.sum(~found & (label == 0)),
    )
    assert counts.f1 == pytest.approx(threshold.f1)


def test_middle_of_the_gap():
    label, probability = np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.8, 0.9], "float32")
    threshold = best_f1(filled(label, probability))
    assert threshold.value == pytest.approx(0.5, abs=1e-3)
    assert threshold.f1 == 1


def test_hardly_trained_network():
    label = np.array([0, 0, 1, 1])
    probability = np.array([1e-9, 2e-9, 8e-9, 9e-9], "float32")
    threshold = best_f1(filled(label, probability))
    assert 2e-9 < threshold.value < 8e-9
    assert threshold.f1 == 1


@pytest.mark.parametrize("value", [0.0, -0.0, 1.0])
def test_one_probability_everywhere(value):
    histogram = filled(np.array([0, 1]), np.array([value, value], "float32"))
    threshold = best_f1(histogram)
    assert histogram.counts_at(threshold.value) == Scores(1, 1, 0, 0)
    assert 0 <= threshold.value <= 1


def test_no_landslide_in_validation():
    threshold = best_f1(filled(np.array([0, 255]), np.array([0.3, 0.4], "float32")))
    assert threshold.value == 0.5
    assert "no landslide" in threshold.rule
