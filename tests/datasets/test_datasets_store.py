"""The decoded cache: keyed by content, shared by options alike, whole or absent."""

import os

import numpy as np
import pytest
from chip_folders import landslide4sense, pairs

from keras_landslide.datasets.registry import open_source
from keras_landslide.datasets.splits import fold_splits, random_shares, stratified_folds
from keras_landslide.datasets.store import open_chips
from keras_landslide.errors import SplitError
from keras_landslide.patches.statistics import band_statistics
from keras_landslide.samples.batches import PatchBatches


def test_key_follows_content_not_time_or_place(tmp_path):
    folder = pairs(tmp_path / "a", ".npy")
    first = open_chips(open_source(folder), tmp_path / "cache")
    for path in folder.rglob("*.npy"):
        os.utime(path, (1, 1))
    assert open_chips(open_source(folder), tmp_path / "cache").key == first.key
    folder.rename(tmp_path / "b")
    assert open_chips(open_source(tmp_path / "b"), tmp_path / "cache").key == first.key
    image = np.load(tmp_path / "b/img/c1.npy")
    image[0, 0, 0] += 1
    np.save(tmp_path / "b/img/c1.npy", image)
    changed = open_chips(open_source(tmp_path / "b"), tmp_path / "cache")
    assert changed.key != first.key
    np.testing.assert_array_equal(changed.images[1], image)
    assert first.images[1, 0, 0, 0] != image[0, 0, 0], "the old cache is left alone"


def test_second_opening_decodes_nothing(tmp_path):
    folder = pairs(tmp_path / "a", ".png")
    cache = open_chips(open_source(folder), tmp_path / "cache")
    home = tmp_path / "cache" / f"chips-{cache.key}"
    before = (home / "images.npy").stat().st_mtime_ns
    open_chips(open_source(folder), tmp_path / "cache")
    assert (home / "images.npy").stat().st_mtime_ns == before


def test_damaged_memory_of_digests_costs_nothing_but_time(tmp_path):
    folder = pairs(tmp_path / "a", ".npy")
    first = open_chips(open_source(folder), tmp_path / "cache")
    (tmp_path / "cache" / "digests.json").write_text("{half")
    assert open_chips(open_source(folder), tmp_path / "cache").key == first.key


def test_serves_batches_and_statistics(tmp_path):
    cache = open_chips(
        open_source(landslide4sense(tmp_path / "l4s", TrainData=3, TestData=1)), tmp_path / "c"
    )
    mean, std = band_statistics(cache)
    train = np.asarray(cache.images[:3], np.float64)
    np.testing.assert_allclose(mean, train.mean(axis=(0, 1, 2)), rtol=1e-9)
    np.testing.assert_allclose(std, train.std(axis=(0, 1, 2)), rtol=1e-9)
    batches = PatchBatches(cache, cache.indices("train"), batch_size=2, augment=True, seed=1)
    images, labels = batches.batch(0, 0)
    assert images.shape == (2, 128, 128, 6) and labels.shape == (2, 128, 128, 1)
    again = PatchBatches(cache, cache.indices("train"), batch_size=2, augment=True, seed=1)
    np.testing.assert_array_equal(images, again.batch(0, 0)[0])


def test_random_shares():
    splits = random_shares(770, (0.7, 0.0, 0.3), seed=0)
    assert (splits == "train").sum() == 539 and (splits == "test").sum() == 231
    assert not (splits == "val").any()
    splits = random_shares(197, (0.8, 0.1, 0.1), seed=0)
    assert [(splits == s).sum() for s in ("train", "val", "test")] == [159, 19, 19]
    assert (random_shares(3, (0.8, 0.1, 0.1), seed=5) != None).all()  # noqa: E711
    assert (random_shares(50, (0.5, 0.2, 0.3), 1) != random_shares(50, (0.5, 0.2, 0.3), 2)).any()
    with pytest.raises(SplitError, match="cannot be split"):
        random_shares(2, (0.8, 0.1, 0.1), seed=0)
    with pytest.raises(SplitError, match="sum to 1"):
        random_shares(20, (0.8, 0.1, 0.2), seed=0)


def test_folds_are_even_and_stratified():
    fraction = np.random.default_rng(0).random(23) ** 3
    folds = stratified_folds(fraction, 5, seed=0)
    sizes = np.bincount(folds)
    assert sizes.max() - sizes.min() <= 1
    tops = np.argsort(fraction)[-5:]  # after the deal of four fives, three are left over
    assert len(set(folds[np.argsort(fraction)[:5]])) == 5 and len(set(folds[tops])) >= 3
    for fold in range(5):
        splits = fold_splits(folds, fold, fraction, val_share=0.25, seed=0)
        assert ((splits == "test") == (folds == fold)).all()
        assert (splits == "val").sum() == round(0.25 * (folds != fold).sum())
        assert (fraction[splits == "val"] > 0).all()


def test_too_few_chips_for_folds():
    with pytest.raises(SplitError, match="cannot be dealt to 5 folds"):
        stratified_folds(np.ones(4), 5, seed=0)
    folds = np.array([0, 1, 1])
    with pytest.raises(SplitError, match="too few chips with landslides"):
        fold_splits(folds, 0, np.array([0.1, 0.0, 0.2]), val_share=0.2, seed=0)
