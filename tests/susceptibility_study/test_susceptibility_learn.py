import gc
import weakref

import keras
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from keras_landslide.errors import SplitError, TrainingError
from keras_landslide.models.registry import build
from keras_landslide.susceptibility_study.folds import make_folds
from keras_landslide.susceptibility_study.learn import (
    Learner,
    Learning,
    logistic_weights,
    statistics,
)
from keras_landslide.susceptibility_study.rates import search_rates
from keras_landslide.susceptibility_study.sampling import Cutting, Patches
from keras_landslide.susceptibility_study.whole import predict_whole

SMALL = Cutting(size_px=32, margin_px=4)


def region(seed=0, shape=(96, 80)):
    """Two continuous channels and a class, and landslides that follow them."""
    rng = np.random.default_rng(seed)
    features = np.dstack(
        [rng.normal(500, 100, shape), rng.normal(0, 3, shape), rng.random(shape) < 0.3]
    ).astype("float32")
    odds = -2 + (features[..., 0] - 500) / 100 - features[..., 1] / 3 + features[..., 2]
    label = (rng.random(shape) < 1 / (1 + np.exp(-odds))).astype("uint8")
    label[:, 70:] = 255
    return features, label, (True, True, False)


def test_llr_finds_the_regression_of_scikit_learn():
    features, label, continuous = region()
    learning = Learning(learning_rate=0.1, epochs=30, l2=0, batch_size=4, cutting=SMALL)
    found = logistic_weights(Learner("llr", continuous, learning).train(features, label))
    mean, std = statistics(features, label, continuous)
    known = label != 255
    peer = LogisticRegression(C=1e6).fit(((features - mean) / std)[known], label[known])
    np.testing.assert_allclose(found, [*peer.coef_[0], *peer.intercept_], atol=0.05)


def test_naive_is_the_share_of_the_training_pixels():
    features, label, continuous = region()
    learner = Learner("naive", continuous, Learning())
    p = learner.predict(learner.train(features, label), features)
    np.testing.assert_allclose(p, (label == 1).sum() / (label != 255).sum(), rtol=1e-5)


def test_a_network_begins_as_the_regression():
    features, label, continuous = region()
    start = np.array([0.7, -0.4, 0.2, -1.5])
    options = {"filters": 2, "levels": 1, "features_to_head": True}
    learning = Learning(learning_rate=1e-9, epochs=1, options=options, cutting=SMALL)
    learner = Learner("cnn", continuous, learning)
    found = learner.predict(learner.train(features, label, start=start), features)
    mean, std = statistics(features, label, continuous)
    odds = ((features - mean) / std) @ start[:-1] + start[-1]
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-odds)), atol=1e-4)


def test_trained_again_as_if_for_the_first_time():
    features, label, continuous = region()
    learning = Learning(learning_rate=0.05, epochs=2, cutting=SMALL)
    again = Learner("nn", continuous, learning)
    again.train(*region(seed=1)[:2], seed=5)
    first = Learner("nn", continuous, learning).train(features, label, seed=3)
    for one, other in zip(first, again.train(features, label, seed=3), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_a_smaller_fold_has_the_whole_schedule():
    """What a learner was trained on before does not shorten or stretch the schedule."""
    features, label, continuous = region()
    rates = []

    class Watch(Learner):
        def _schedule(self, validated):
            seen = keras.callbacks.LambdaCallback(
                on_epoch_end=lambda epoch, logs: rates.append(float(logs["learning_rate"]))
            )
            return [*super()._schedule(validated), seen]

    learner = Watch("llr", continuous, Learning(learning_rate=0.1, epochs=4, cutting=SMALL))
    part = np.where(np.arange(96)[:, None] < 40, label, 255).astype("uint8")
    for known in (label, part):
        learner.train(features, known)
    np.testing.assert_allclose(rates[:4], rates[4:])
    expected = [0.05 * (1 + np.cos(np.pi * (epoch + 0.5) / 4)) for epoch in range(4)]
    np.testing.assert_allclose(rates[:4], expected, rtol=1e-6)


def test_training_lets_its_arrays_go():
    features, label, continuous = region()
    learner = Learner("llr", continuous, Learning(epochs=1, cutting=SMALL))
    given = features.copy()
    learner.train(given, label)
    seen = weakref.ref(given)
    del given
    gc.collect()
    assert seen() is None


def test_tiles_equal_the_whole():
    keras.utils.set_random_seed(0)
    model = build("cnn", (None, None, 3), filters=2, levels=2)
    features, *_ = region(shape=(150, 130))
    whole = predict_whole(model, features, tile_px=512)
    np.testing.assert_allclose(predict_whole(model, features, tile_px=40), whole, atol=1e-5)
    part = predict_whole(model, features, rows=(33, 90), cols=(7, 60), tile_px=32)
    np.testing.assert_allclose(part[33:90, 7:60], whole[33:90, 7:60], atol=1e-5)


def test_patches_carry_no_loss_in_the_margin_and_cover_all():
    features, label, _ = region()
    cutting = Cutting(size_px=32, margin_px=4, jitter=False, turn=False)
    patches = Patches(features, label, cutting, batch_size=4)
    seen = np.zeros(2, int)
    batches = [patches[i] for i in range(len(patches))]
    for images, labels in batches:
        assert images.shape == (4, 40, 40, 3) and labels.shape == (4, 40, 40, 1)
        assert (labels[:, :4] == 255).all() and (labels[:, :, -4:] == 255).all()
        seen += [(labels == value).sum() for value in (0, 1)]
    assert len(patches.plan) == 9
    repeated = len(batches) * 4 - len(patches.plan)
    assert (seen >= [(label == value).sum() for value in (0, 1)]).all() and repeated == 3


def test_oversampling_jitter_and_turns():
    features, label, _ = region()
    label[32:] = np.where(label[32:] == 1, 0, label[32:])
    plain = Patches(features, label, Cutting(32, 0, 1, False, False))
    more = Patches(features, label, Cutting(32, 0, 5, False, False))
    assert len(plain.plan) == 9 and len(more.plan) == 6 + 3 * 5
    moving = Patches(features, label, Cutting(32, 0, 1, True, True))
    before, count = list(moving.plan), len(moving)
    moving.on_epoch_end()
    assert moving.plan != before and len(moving) == count
    assert {turn for *_, turn in moving.plan} > {0}


def test_features_keep_their_values_when_patches_turn():
    features, label, _ = region()
    patches = Patches(features, label, Cutting(32, 0, 1, False, True), batch_size=9)
    images, labels = patches[0]
    whole = np.pad(features, ((0, 0), (0, 16), (0, 0)), mode="reflect")
    known = np.pad(label, ((0, 0), (0, 16)), constant_values=255)
    for image, truth, (row, col, _) in zip(images, labels, patches.plan, strict=True):
        box = slice(row, row + 32), slice(col, col + 32)
        assert (
            np.sort(image[..., 0].ravel()).tolist() == np.sort(whole[box][..., 0].ravel()).tolist()
        )
        assert ((truth[..., 0] == 1) & (image[..., 2] == 1)).sum() == (
            (known[box] == 1) & (whole[box][..., 2] == 1)
        ).sum()


def test_nothing_to_learn_from():
    features, label, _ = region()
    with pytest.raises(SplitError, match="no landslide pixel"):
        Patches(features, np.where(label == 1, 0, label).astype("uint8"), SMALL)


def test_a_rate_that_diverges_is_one_clear_line():
    features, label, continuous = region()
    features[5, 5, 0] = 1e38
    learning = Learning(optimizer="sgd", learning_rate=1e30, epochs=2, cutting=SMALL)
    with pytest.raises(TrainingError, match="smaller learning rate than 1e\\+30"):
        Learner("nn", continuous, learning).train(features, label)


def test_rates_are_searched_by_cross_validation():
    features, label, continuous = region()
    fold = make_folds(label, "blocks", 2, block_px=16)
    trials = search_rates(
        Learner("llr", continuous, Learning(cutting=SMALL)),
        features,
        label,
        fold,
        rates=(0.125, 2**-15),
    )
    assert [trial.nll for trial in trials] == sorted(trial.nll for trial in trials)
    assert len(trials) == 4 and trials[0].learning_rate == 0.125
