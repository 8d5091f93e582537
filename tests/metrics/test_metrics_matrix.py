"""Keras metrics against scikit-learn, with unlabelled pixels, over batches."""

import keras
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from sklearn import metrics as sklearn_metrics

from keras_landslide import metrics
from keras_landslide.evaluation.boundaries import Boundaries, outlines
from keras_landslide.evaluation.scores import confusion

# Name here, name of the exact score.
SCORES = {
    "macro_f1": "macro_f1",
    "accuracy": "accuracy",
    "mean_accuracy": "mean_accuracy",
    "landslide_iou": "iou",
    "background_iou": "background_iou",
    "mean_iou": "mean_iou",
    "frequency_weighted_iou": "frequency_weighted_iou",
    "kappa": "kappa",
}
LOSSES = {"nll": sklearn_metrics.log_loss, "brier": sklearn_metrics.brier_score_loss}
AREAS = {
    "roc_auc": sklearn_metrics.roc_auc_score,
    "average_precision": sklearn_metrics.average_precision_score,
}


def batches(prevalence=0.05, seed=0):
    rng = np.random.default_rng(seed)
    for _ in range(3):
        shares = [0.8 - prevalence, prevalence, 0.2]
        truth = rng.choice([0, 1, 255], (2, 40, 40, 1), p=shares).astype("float32")
        yield truth, rng.beta(1 + 2 * (truth == 1), 3).astype("float32")


def filled(name, threshold=0.4):
    metric = metrics.get(name, threshold)
    for truth, probability in batches():
        metric.update_state(truth, probability)
    truth, probability = (np.concatenate(parts).ravel() for parts in zip(*batches(), strict=True))
    return metric, truth, probability


@pytest.mark.parametrize("name", SCORES)
def test_scores_equal_the_exact_ones(name):
    metric, truth, probability = filled(name)
    wanted = getattr(confusion(probability, truth, 0.4), SCORES[name])
    assert float(metric.result()) == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_losses_equal_scikit_learn(name):
    metric, truth, probability = filled(name)
    valid = truth != 255
    wanted = LOSSES[name](truth[valid], probability[valid].astype(float))
    assert float(metric.result()) == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("name", AREAS)
def test_areas_are_nearly_scikit_learns(name):
    metric, truth, probability = filled(name)
    valid = truth != 255
    wanted = AREAS[name](truth[valid], probability[valid])
    assert float(metric.result()) == pytest.approx(wanted, abs=1e-4)


@pytest.mark.parametrize("kind", ["ties", "certain", "constant", "tiny"])
@pytest.mark.parametrize("name", AREAS)
def test_areas_of_tied_and_extreme_probabilities_equal_scikit_learn(name, kind):
    rng = np.random.default_rng(2)
    truth = (rng.random(3000) < 0.1).astype("float32")
    probability = rng.beta(1 + 2 * truth, 3).astype("float32")
    change = {"ties": np.round(probability, 1), "certain": np.round(probability),
              "constant": 0 * probability + 0.3, "tiny": probability * 1e-3}  # fmt: skip
    metric = metrics.get(name)
    for part in np.array_split(np.arange(3000), 4):
        metric.update_state(truth[part], change[kind][part])
    wanted = AREAS[name](truth, change[kind])
    assert float(metric.result()) == pytest.approx(wanted, abs=1e-4)


def test_confusion_matrix_is_scikit_learns():
    metric, truth, probability = filled("confusion")
    valid = truth != 255
    y, said = truth[valid], probability[valid] >= np.float32(0.4)
    found = {key: float(value) for key, value in metric.result().items()}
    counts = sklearn_metrics.confusion_matrix(y, said).ravel()
    assert [found[key] for key in ("tn", "fp", "fn", "tp")] == counts.tolist()
    shares = sklearn_metrics.confusion_matrix(y, said, normalize="true").ravel()
    keys = ("tn_share", "fp_share", "fn_share", "tp_share")
    assert [found[key] for key in keys] == pytest.approx(shares.tolist(), abs=1e-6)


@pytest.mark.parametrize("tolerance", [1, 2, 3])
def test_boundary_f1_is_that_of_the_maps(tolerance):
    """Images of a batch have nothing to do with each other; counts add up over batches."""
    rng, counts = np.random.default_rng(3), np.zeros(4, int)
    metric = metrics.BoundaryF1(0.5, tolerance_px=tolerance)
    for _ in range(2):
        truth, probability = gaussian_filter(rng.normal(size=(2, 3, 24, 30)), (0, 0, 2, 2))
        truth = np.where(rng.random(truth.shape) < 0.03, 255, truth > 0).astype("float32")
        probability = (probability + 0.1 * (truth == 1) > 0.05).astype("float32")
        metric.update_state(truth[..., None], probability[..., None])
        whole = (slice(None), slice(None))
        for so, said in zip(truth, probability, strict=True):
            found = outlines(said > 0.5, so == 1, so != 255, whole, tolerance)
            counts += [int(where.sum()) for where in found]
    assert float(metric.result()) == pytest.approx(Boundaries(*counts.tolist()).f1, abs=1e-6)


def number(metric):
    result = metric.result()
    return float(sum(result.values())) if isinstance(result, dict) else float(result)


@pytest.mark.parametrize("truth", [0, 1, 255])
@pytest.mark.parametrize("name", metrics.METRICS)
def test_degenerate_batches_stay_finite(name, truth):
    metric = metrics.get(name)
    metric.update_state(np.full((1, 4), truth, "float32"), np.array([[0.0, 0.4, 0.6, 1.0]]))
    assert np.isfinite(number(metric))
    if truth == 255:
        assert number(metric) == 0


@pytest.mark.parametrize("name", metrics.METRICS)
def test_nan_at_an_unlabelled_pixel_does_not_enter(name):
    truth, probability = np.array([[1, 0, 1, 0.0]]), np.array([[0.9, 0.2, 0.4, 0.6]])
    expected, found = metrics.get(name), metrics.get(name)
    expected.update_state(truth, probability)
    found.update_state(np.append(truth, [[255]], 1), np.append(probability, [[np.nan]], 1))
    assert number(found) == number(expected)
    assert np.isfinite(number(found))


@pytest.mark.parametrize("name", metrics.METRICS)
def test_every_metric_survives_saving(name):
    metric = metrics.get(name, 0.25)
    again = keras.metrics.deserialize(keras.metrics.serialize(metric))
    assert type(again) is type(metric) and again.get_config() == metric.get_config()
    assert again.name == name and again.dtype == "float32"
