"""Intervals of rankings and losses against scikit-learn on the very same draws of blocks."""

import numpy as np
import pytest
from sklearn import metrics

from keras_landslide.evaluation import block_ranking
from keras_landslide.evaluation.block_ranking import BlockRanking, bin_edges, binned_ranking
from keras_landslide.evaluation.cloud_cover import CLASSES, by_cloud_cover
from keras_landslide.evaluation.distribution import Distribution
from keras_landslide.evaluation.intervals import block_bootstrap
from keras_landslide.evaluation.ranking import ranking_scores

SCORES = {
    "roc_auc": metrics.roc_auc_score,
    "average_precision": metrics.average_precision_score,
}


def sample(blocks=25, pixels=40, seed=0):
    rng = np.random.default_rng(seed)
    number = np.repeat(np.arange(blocks), pixels)
    hard = rng.beta(2, 2, blocks)[number]
    truth = rng.random(number.size) < 0.15
    probability = np.clip(rng.beta(2, 5, number.size) + 0.5 * truth * hard, 1e-3, 0.999)
    return number, probability.astype(np.float32), truth


def filled(number, probability, truth):
    blocks = int(number.max()) + 3
    edges = bin_edges(Distribution.of(probability, truth), blocks)
    ranking = BlockRanking(blocks, edges)
    for part in np.array_split(np.arange(len(number)), 4):
        ranking.add(number[part], probability[part], truth[part])
    return ranking


def test_replicates_are_scikit_learns_on_the_same_draws():
    number, probability, truth = sample()
    ranking = filled(number, probability, truth)
    found = ranking.replicates(seed=5)
    rng = np.random.default_rng(5)
    for replicate in range(40):
        times = rng.multinomial(25, np.full(25, 1 / 25))[number]
        for name, score in SCORES.items():
            wanted = score(truth, probability, sample_weight=times)
            assert found[name][replicate] == pytest.approx(wanted, abs=1e-9), name
    intervals = ranking.intervals(seed=5)
    for name in SCORES:
        wanted = np.quantile(found[name], [0.025, 0.975])
        assert [intervals[name].low, intervals[name].high] == pytest.approx(list(wanted))
        assert intervals[name].blocks == 25


def test_losses_are_means_over_the_drawn_blocks():
    number, probability, truth = sample()
    found = filled(number, probability, truth).intervals(seed=5)["brier"]
    error = np.square(probability.astype(float) - truth)
    rng = np.random.default_rng(5)
    times = rng.multinomial(25, np.full(25, 1 / 25), 1000)[:, number]
    wanted = np.quantile(times @ error / times.sum(axis=1), [0.025, 0.975])
    assert [found.low, found.high] == pytest.approx(list(wanted))


def test_fewer_bins_than_probabilities_come_close(monkeypatch):
    number, probability, truth = sample()
    exact = filled(number, probability, truth).replicates()
    monkeypatch.setattr(block_ranking, "MOST_BINS", 128)
    ranking = filled(number, probability, truth)
    assert 64 < len(ranking.edges) <= 128
    binned = ranking.replicates()
    assert np.abs(binned["roc_auc"] - exact["roc_auc"]).max() < 3e-3
    assert np.abs(binned["average_precision"] - exact["average_precision"]).max() < 0.02


@pytest.mark.parametrize("bins", [128, 1024])
def test_intervals_of_nearly_perfect_rankings_stay_in_range(monkeypatch, bins):
    """Probabilities down to 1e-30, and classes that hardly overlap."""
    monkeypatch.setattr(block_ranking, "MOST_BINS", bins)
    rng = np.random.default_rng(2)
    number, truth = np.repeat(np.arange(20), 100), rng.random(2000) < 0.1
    probability = np.float32(10.0) ** rng.uniform(-30, -9, 2000).astype(np.float32)
    probability[truth] *= np.float32(1e9)
    perfect = truth | (probability < probability[truth].min())
    found = filled(number[perfect], probability[perfect], truth[perfect]).intervals()
    for name in SCORES:
        assert (found[name].low, found[name].high) == (1, 1)
    probability[np.flatnonzero(~truth)[:30]] = 1e-4
    found = filled(number, probability, truth).intervals()
    for name in SCORES:
        assert 0 <= found[name].low < found[name].high <= 1


def test_binned_rankings_with_ties_are_scikit_learns():
    rng = np.random.default_rng(1)
    place, truth = rng.integers(0, 100, 3000), rng.random(3000) < 0.1
    counts = np.bincount(place + 100 * truth, minlength=200)[None]
    found = binned_ranking(counts)
    assert found["roc_auc"][0] == pytest.approx(metrics.roc_auc_score(truth, place), abs=1e-12)
    wanted = metrics.average_precision_score(truth, place)
    assert found["average_precision"][0] == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("label", [True, False])
def test_one_class_has_no_interval_of_rankings(label):
    number, probability, truth = sample(6)
    truth[:] = label
    exact = ranking_scores(Distribution.of(probability, truth))
    found = filled(number, probability, truth).intervals()
    assert found["roc_auc"] is None and found["nll"].low < found["nll"].high
    assert (found["average_precision"] is None) is not label
    assert found["brier"].low <= exact["brier"] <= found["brier"].high


def test_few_blocks_or_none_have_no_interval():
    number, probability, truth = sample(4)
    assert set(filled(number, probability, truth).intervals().values()) == {None}
    nothing = BlockRanking(3, bin_edges(Distribution(), 3))
    assert set(nothing.intervals().values()) == {None}


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
