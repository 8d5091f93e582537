import numpy as np
import pytest

from keras_landslide.errors import SplitError
from keras_landslide.susceptibility_study.folds import held_out, make_folds


def a_label():
    """Unlabelled in the east, landslides all over the west."""
    rng = np.random.default_rng(0)
    label = (rng.random((100, 80)) < 0.05).astype("uint8")
    label[:, 60:] = 255
    return label


def test_strips_are_whole_and_of_one_width():
    label = a_label()
    rows, cols = make_folds(label, "rows", 4), make_folds(label, "columns", 3)
    assert (rows[:, :60] == np.repeat(np.arange(4), 25)[:, None]).all()
    assert (cols[:, :60] == np.repeat(np.arange(3), 20)).all()
    assert (rows[:, 60:] == -1).all() and (cols[:, 60:] == -1).all()


def test_blocks_are_dealt_evenly_and_whole():
    label = a_label()
    fold = make_folds(label, "blocks", 5, block_px=10, seed=1)
    squares = fold[:, :60].reshape(10, 10, 6, 10).swapaxes(1, 2).reshape(60, 100)
    assert (squares == squares[:, :1]).all()
    assert np.bincount(squares[:, 0]).tolist() == [12] * 5
    assert (make_folds(label, "blocks", 5, block_px=10, seed=1) == fold).all()
    assert (make_folds(label, "blocks", 5, block_px=10, seed=2) != fold).any()


def test_held_out_is_not_learnt_from():
    label = a_label()
    fold = make_folds(label, "rows", 4)
    learn, score = held_out(label, fold, 2)
    assert ((learn != 255) & (score != 255)).sum() == 0
    np.testing.assert_array_equal(np.where(learn == 255, score, learn), label)
    assert ((score != 255) == (fold == 2)).all()


def test_a_buffer_around_what_is_held_out():
    label = a_label()
    fold = make_folds(label, "rows", 4)
    plain, score = held_out(label, fold, 1)
    learn, same = held_out(label, fold, 1, buffer_px=7)
    np.testing.assert_array_equal(same, score)
    assert (learn[25 - 7 : 50 + 7] == 255).all()
    np.testing.assert_array_equal(learn[:18], plain[:18])
    np.testing.assert_array_equal(learn[57:], plain[57:])


@pytest.mark.parametrize(
    ("kind", "folds", "change", "message"),
    [
        ("strips", 2, None, "unknown folds 'strips'"),
        ("rows", 1, None, "at least 2"),
        ("rows", 4, (slice(25, 50), 0), "fold 2 of 4 .rows. has no landslide pixel"),
        ("columns", 3, (slice(None), 255), "no pixel is labelled"),
        ("rows", 2, (slice(50, 100), 1), "nothing but landslides"),
    ],
)
def test_folds_that_cannot_be(kind, folds, change, message):
    label = a_label()
    if change:
        rows, value = change
        label[rows, :60] = value
    with pytest.raises(SplitError, match=message) as caught:
        make_folds(label, kind, folds)
    assert "\n" not in str(caught.value)
