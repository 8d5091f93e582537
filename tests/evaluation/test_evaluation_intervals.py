import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from keras_landslide.errors import GridMismatchError
from keras_landslide.evaluation.boundaries import Boundaries, outlines
from keras_landslide.evaluation.intervals import block_bootstrap, paired_difference
from keras_landslide.evaluation.scores import Scores
from keras_landslide.evaluation.seeds import seed_gap, seed_score


def blocks(n=40, seed=0, skill=0.7):
    """Blocks of 100 pixels that share a difficulty: their pixels are not independent."""
    rng = np.random.default_rng(seed)
    positives = rng.integers(0, 30, n)
    tp = rng.binomial(positives, rng.beta(7 * skill, 7 * (1 - skill), n))
    fp = rng.binomial(100 - positives, 0.05)
    return np.stack([tp, fp, positives - tp, 100 - positives - fp], axis=1)


def test_intervals_hold_the_score_and_are_seeded():
    counts = blocks()
    found = block_bootstrap(counts, ("f1", "recall"), seed=3)
    for name, interval in found.items():
        assert interval.low < getattr(Scores(*counts.sum(0).tolist()), name) < interval.high
        assert interval.blocks == 40
    assert found == block_bootstrap(counts, ("f1", "recall"), seed=3)
    assert found != block_bootstrap(counts, ("f1", "recall"), seed=4)


def test_accuracy_interval_is_that_of_the_normal_approximation():
    counts = blocks(400)
    right = counts[:, [0, 3]].sum(1) / 100
    half = 1.96 * right.std() / np.sqrt(400)
    interval = block_bootstrap(counts, ("accuracy",), replicates=4000)["accuracy"]
    assert interval.low == pytest.approx(right.mean() - half, abs=half / 10)
    assert interval.high == pytest.approx(right.mean() + half, abs=half / 10)


def test_few_blocks_or_none_have_no_interval():
    assert block_bootstrap(blocks(4), ("f1",)) == {"f1": None}
    assert block_bootstrap(blocks(5), ("f1",))["f1"].blocks == 5
    assert block_bootstrap(np.zeros((5, 4), int), ("f1",)) == {"f1": None}
    never = np.array([[0, 0, 0, 10]] * 5)
    assert block_bootstrap(never, ("precision", "accuracy"))["precision"] is None
    sometimes = np.array([[5, 0, 0, 5], *([[0, 0, 0, 10]] * 4)])
    assert 0 < block_bootstrap(sometimes, ("precision",))["precision"].undefined < 1


def test_paired_difference_is_tighter_than_the_models_own_intervals():
    first = blocks()
    moved = (first[:, 0] * 0.3).astype(int)
    second = first + np.stack([-moved, 0 * moved, moved, 0 * moved], axis=1)
    difference = paired_difference(first, second)["f1"]
    scores = [Scores(*side.sum(0).tolist()).f1 for side in (first, second)]
    assert difference.value == pytest.approx(scores[0] - scores[1])
    assert difference.interval.low > 0 and difference.share_above == 1
    same = paired_difference(first, first)["f1"]
    assert (same.value, same.interval.low, same.interval.high) == (0, 0, 0)
    own = block_bootstrap(first, ("f1",))["f1"]
    assert difference.interval.high - difference.interval.low < own.high - own.low


def test_gap_of_different_blocks_adds_the_variances():
    first, second = blocks(200, seed=1), blocks(300, seed=2, skill=0.5)
    means = [side[:, [0, 3]].sum(1) / 100 for side in (first, second)]
    half = 1.96 * np.sqrt(sum(m.var() / len(m) for m in means))
    # One scene, whose blocks are scored by one side or the other.
    ours = np.concatenate([first, second * 0])
    theirs = np.concatenate([first * 0, second])
    found = seed_gap([ours], [theirs], "accuracy")
    assert found.value == pytest.approx(means[0].mean() - means[1].mean())
    assert found.interval[1] - found.interval[0] == pytest.approx(2 * half, rel=0.15)
    assert seed_gap([first], [first * 0]) == (None, [None], None)


def test_the_interval_is_that_of_the_mean_over_seeds():
    """Seeds that differ by a constant alone: the spread of a mean of n is theirs over root n."""
    seeds = [np.tile([60 + 3 * k, 10 + 2 * k, 0, 30 - 5 * k], (40, 1)) for k in range(6)]
    found = seed_score(seeds, "precision")
    spread = np.std(found.values) / np.sqrt(6)
    assert found.interval[1] - found.interval[0] == pytest.approx(2 * 1.96 * spread, rel=0.1)
    one = seed_score(seeds[:1], "prevalence")
    assert one.interval == [0.6, 0.6] and one.value == pytest.approx(0.6)


def test_seeds_that_agree_leave_the_spread_over_blocks():
    alike = [blocks(80, seed=1)] * 2
    apart = [blocks(80, seed=1), blocks(80, seed=3, skill=0.5)]
    one, same, two = (seed_score(each) for each in (alike[:1], alike, apart))
    assert same.interval == one.interval
    assert two.interval[1] - two.interval[0] > one.interval[1] - one.interval[0]
    assert two.value == pytest.approx(np.mean(two.values)) and len(two.values) == 2
    gap = seed_gap(alike, alike)
    assert (gap.value, *gap.interval) == (0, 0, 0)
    with pytest.raises(GridMismatchError, match="one scene"):
        seed_gap(alike, [alike[0][:-1]] * 2)


def test_other_pixels_cannot_be_compared():
    with pytest.raises(GridMismatchError, match="same pixels"):
        paired_difference(blocks(), blocks() + 1)


def counts(*arguments):
    return np.array([int(where.sum()) for where in outlines(*arguments)])


def boundaries(*arguments):
    return Boundaries(*counts(*arguments))


def test_boundary_f1_equals_distances_in_windows_of_any_cut():
    rng = np.random.default_rng(2)
    said, so = (distance_transform_edt(rng.random((60, 50)) > 0.03) < 3 for _ in range(2))
    scored = rng.random((60, 50)) > 0.02
    whole = boundaries(said, so, scored, (slice(None), slice(None)), 2)
    parts = np.zeros(4, int)
    for top in range(0, 60, 13):
        first, end = max(top - 3, 0), min(top + 13 + 3, 60)
        core = slice(top - first, min(top + 13, 60) - first), slice(None)
        cut = slice(first, end)
        parts += counts(said[cut], so[cut], scored[cut], core, 2)
    assert Boundaries(*parts) == whole

    def outline(inside):
        found = []
        for r, c in np.argwhere(inside & scored):
            around = [(r + 1, c), (r - 1, c), (r, c + 1), (r, c - 1)]
            inner = [(i, j) for i, j in around if 0 <= i < 60 and 0 <= j < 50]
            if any(scored[i, j] and not inside[i, j] for i, j in inner):
                found.append((r, c))
        return np.array(found)

    a, b = outline(said), outline(so)
    distance = np.hypot(*(a[:, None] - b[None]).transpose(2, 0, 1))
    assert (whole.predicted, whole.true) == (len(a), len(b))
    assert whole.predicted_near == (distance.min(1) <= 2).sum()
    assert whole.true_near == (distance.min(0) <= 2).sum()
    p, r = whole.precision, whole.recall
    assert whole.f1 == pytest.approx(2 * p * r / (p + r))


def test_boundaries_that_are_not_there():
    empty = np.zeros((5, 5), bool)
    everywhere = (slice(None), slice(None))
    assert boundaries(empty, empty, ~empty, everywhere, 2).f1 is None
    one = empty.copy()
    one[2, 2] = True
    found = boundaries(one, empty, ~empty, everywhere, 2)
    assert (found.precision, found.recall, found.f1) == (0, None, 0)
    assert boundaries(one, one, ~empty, everywhere, 0).f1 == 1
