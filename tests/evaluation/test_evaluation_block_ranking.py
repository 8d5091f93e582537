"""Intervals of rankings and losses against scikit-learn on the very same draws of blocks."""

import numpy as np
import pytest
from sklearn import metrics

from keras_landslide.evaluation.block_ranking import BINS, BlockRanking, binned_ranking
from keras_landslide.evaluation.cloud_cover import CLASSES, by_cloud_cover
from keras_landslide.evaluation.distribution import Distribution
from keras_landslide.evaluation.intervals import block_bootstrap
from keras_landslide.evaluation.ranking import ranking_scores

SCORES = {
    "average_precision": metrics.average_precision_score,
    "brier": lambda y, p, sample_weight: np.average((p - y) ** 2, weights=sample_weight),
}


def sample(blocks=25, pixels=60, seed=0):
    rng = np.random.default_rng(seed)
    number = np.repeat(np.arange(blocks), pixels)
    hard = rng.beta(2, 2, blocks)[number]
    truth = rng.random(number.size) < 0.15
    probability = np.clip(rng.beta(2, 5, number.size) + 0.5 * truth * hard, 1e-3, 0.999)
    return number, probability.astype(np.float32), truth


def filled(number, probability, truth):
    ranking = BlockRanking(int(number.max()) + 3)
    for part in np.array_split(np.arange(len(number)), 4):
        ranking.add(number[part], probability[part], truth[part])
    return ranking


def test_intervals_are_those_of_a_bootstrap_with_scikit_learn():
    number, probability, truth = sample()
    exact = ranking_scores(Distribution.of(probability, truth))
    found = filled(number, probability, truth).intervals(exact, seed=5)
    rng = np.random.default_rng(5)
    blocks = 25
    drawn = {name: [] for name in SCORES}
    for _ in range(1000):
        times = rng.multinomial(blocks, np.full(blocks, 1 / blocks))[number]
        for name, score in SCORES.items():
            drawn[name].append(score(truth, probability, sample_weight=times))
    for name in SCORES:
        low, high = np.quantile(drawn[name], [0.025, 0.975])
        tolerance = 0.03 * (high - low)
        assert found[name].low == pytest.approx(low, abs=tolerance), name
        assert found[name].high == pytest.approx(high, abs=tolerance), name
        assert found[name].blocks == blocks


def test_binned_rankings_with_ties_are_scikit_learns():
    rng = np.random.default_rng(1)
    place, truth = rng.integers(0, BINS, 3000), rng.random(3000) < 0.1
    counts = np.bincount(place + BINS * truth, minlength=2 * BINS)[None]
    found = binned_ranking(counts)
    assert found["roc_auc"][0] == pytest.approx(metrics.roc_auc_score(truth, place), abs=1e-12)
    wanted = metrics.average_precision_score(truth, place)
    assert found["average_precision"][0] == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("label", [True, False])
def test_one_class_has_no_interval_of_rankings(label):
    number, probability, truth = sample(6)
    truth[:] = label
    exact = ranking_scores(Distribution.of(probability, truth))
    found = filled(number, probability, truth).intervals(exact)
    assert found["roc_auc"] is None and found["nll"].low < found["nll"].high
    assert (found["average_precision"] is None) is not label
    assert found["brier"].low <= exact["brier"] <= found["brier"].high


def test_few_blocks_or_none_have_no_interval():
    number, probability, truth = sample(4)
    exact = ranking_scores(Distribution.of(probability, truth))
    assert set(filled(number, probability, truth).intervals(exact).values()) == {None}
    nothing = ranking_scores(Distribution())
    assert set(BlockRanking(3).intervals(nothing).values()) == {None}


def test_cloud_cover_of_blocks():
    every = np.array([[10, 5, 5, 80], [8, 2, 4, 86], [1, 9, 9, 81], [0, 0, 20, 80], [0, 0, 0, 0]])
    cloud = np.array([[0, 0, 0, 0], [0, 0, 0, 25], [0, 0, 9, 41], [0, 0, 20, 80], [0, 0, 0, 0]])
    rows = by_cloud_cover(every, cloud)
    assert [row["cloud_cover"] for row in rows] == list(CLASSES)
    assert [row["blocks"] for row in rows] == [1, 1, 1, 1]
    assert [row["tp"] for row in rows] == [10, 8, 1, 0]
    assert rows[0]["f1"] == pytest.approx(20 / 30) and rows[0]["interval_f1"] is None
    assert rows[3]["precision"] is None and rows[3]["recall"] == 0
    # Six blocks without cloud, as `block_bootstrap` sees them.
    six = np.stack([every[0] + [k, 0, 0, 0] for k in range(6)])
    wanted = block_bootstrap(six, ("f1",))["f1"]
    assert by_cloud_cover(six, six * 0)[0]["interval_f1"] == [wanted.low, wanted.high]
