import keras
import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_score, recall_score

from keras_landslide import metrics
from keras_landslide.errors import UnknownNameError
from keras_landslide.metrics.confusion import CARRY

PEERS = {"precision": precision_score, "recall": recall_score, "f1": f1_score}


def batches(seed=0):
    rng = np.random.default_rng(seed)
    for _ in range(3):
        truth = rng.choice([0, 1, 255], (2, 9, 9, 1), p=[0.6, 0.2, 0.2]).astype("float32")
        yield truth, rng.uniform(0, 1, truth.shape).astype("float32")


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("name", PEERS)
def test_equals_scikit_learn_over_batches(name, threshold):
    metric = metrics.get(name, threshold)
    for truth, probability in batches():
        metric.update_state(truth, probability)
    truth, probability = (np.concatenate(parts).ravel() for parts in zip(*batches(), strict=True))
    valid = truth != 255
    expected = PEERS[name](truth[valid], probability[valid] >= threshold, zero_division=0)
    assert float(metric.result()) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("truth", [[0, 0], [1, 1], [255, 255]])
@pytest.mark.parametrize("probability", [[0.0, 0.0], [1.0, 1.0], [0.5, 0.4]])
@pytest.mark.parametrize("name", PEERS)
def test_degenerate_inputs_equal_scikit_learn(name, truth, probability):
    metric = metrics.get(name)
    metric.update_state(np.array(truth, "float32"), np.array(probability, "float32"))
    kept = [(t, p >= 0.5) for t, p in zip(truth, probability, strict=True) if t != 255]
    labels, found = ([], []) if not kept else map(list, zip(*kept, strict=True))
    expected = PEERS[name](labels, found, zero_division=0) if kept else 0.0
    assert float(metric.result()) == pytest.approx(expected)


def test_counts_beyond_float32():
    metric = metrics.get("precision")
    # As if 2^25 true positives had been seen: plain float32 would not count one more.
    metric.high.assign([32.0, 0.0, 0.0])
    for _ in range(3):
        metric.update_state(np.ones((1, 1)), np.ones((1, 1)))
    low, high = np.asarray(metric.low), np.asarray(metric.high)
    assert int(low[0]) + int(high[0]) * CARRY == 2**25 + 3
    metric.low.assign([CARRY - 1.0, 0.0, 0.0])
    metric.update_state(np.ones((1, 2)), np.ones((1, 2)))
    assert (float(metric.low[0]), float(metric.high[0])) == (1.0, 33.0)


@pytest.mark.parametrize("name", PEERS)
def test_reset_and_round_trip(name):
    metric = metrics.get(name, 0.25)
    metric.update_state(np.ones((1, 4)), np.ones((1, 4)))
    assert float(metric.result()) == 1
    metric.reset_state()
    assert float(metric.result()) == 0
    again = keras.metrics.deserialize(keras.metrics.serialize(metric))
    assert type(again) is type(metric)
    assert (again.name, again.threshold) == (name, 0.25)


def test_unknown_metric_lists_the_choices():
    with pytest.raises(UnknownNameError, match="confusion, precision, recall, f1"):
        metrics.get("iou")
