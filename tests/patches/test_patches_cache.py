import errno
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from patch_scenes import make_stack

from keras_landslide.errors import (
    BandError,
    GridMismatchError,
    NodataError,
    OutputError,
    SplitError,
)
from keras_landslide.patches.cache import open_cache
from keras_landslide.patches.statistics import band_ranges, band_statistics
from keras_landslide.patches.symmetries import transform, turn_azimuth
from keras_landslide.rasters.read import stack_info
from keras_landslide.rasters.write import write_raster
from keras_landslide.samples.batches import PatchBatches

BANDS = ("red", "aspect")


@pytest.fixture
def cache(stack, patches, tmp_path):
    return open_cache(stack[0], patches, BANDS, tmp_path / "cache")


def expected_label(values, window):
    image, label = values[window.slices][..., [0, 2]], values[window.slices][..., -1]
    return np.where(np.isfinite(image).all(-1), label, 255)


@pytest.mark.parametrize("strip", [2048, 80])
def test_cache_holds_the_pixels_of_the_stack(stack, patches, tmp_path, monkeypatch, strip):
    monkeypatch.setattr("keras_landslide.patches.cache.STRIP_PX", strip)
    values = stack[1]
    # Any order of the table, as after a change of split.
    cache = open_cache(stack[0], patches[::-1], BANDS, tmp_path)
    assert cache.images.dtype == np.float32 and cache.labels.dtype == np.uint8
    assert {p.split for p in cache.patches} == {"train", "val", "test"}
    for i, patch in enumerate(cache.patches):
        np.testing.assert_array_equal(cache.images[i], values[patch.window.slices][..., [0, 2]])
        np.testing.assert_array_equal(cache.labels[i], expected_label(values, patch.window))
    assert cache.kinds == ("continuous", "azimuth")
    assert len(cache.indices("val")) == sum(p.split == "val" for p in patches)


def test_infinite_values_are_missing_ones(stack, patches, tmp_path):
    path, values = stack
    values = values.copy()
    values[:, :, 0][values[:, :, 0] > 3] = np.inf
    write_raster(path, values, stack_info(path).grid, names=["red", "slope", "aspect", "label"])
    cache = open_cache(path, patches, BANDS, tmp_path / "inf")
    assert not np.isinf(cache.images).any() and np.isnan(cache.images).any()
    assert (cache.labels[np.isnan(cache.images).any(axis=-1)] == 255).all()
    assert np.isfinite(band_statistics(cache)).all()


def test_cache_is_used_again_until_something_changes(stack, patches, tmp_path):
    folder = tmp_path / "c"

    def caches():
        return {p.name: (p / "images.npy").stat().st_mtime_ns for p in folder.iterdir()}

    open_cache(stack[0], patches, BANDS, folder)
    first = caches()
    open_cache(stack[0], patches, BANDS, folder)
    assert caches() == first
    open_cache(stack[0], patches, ("red",), folder)
    assert len(caches()) == 2
    values = make_stack(stack[0], seed=7)
    again = open_cache(stack[0], patches, BANDS, folder)
    assert len(caches()) == 3
    window = again.patches[0].window
    np.testing.assert_array_equal(again.images[0], values[window.slices][..., [0, 2]])


def test_a_damaged_cache_is_cut_again(stack, patches, tmp_path):
    first = open_cache(stack[0], patches, BANDS, tmp_path)
    images = np.array(first.images)
    (folder,) = tmp_path.glob("patches-*")
    for damaged in (b"", b"no array", (folder / "images.npy").read_bytes()[:200]):
        (folder / "images.npy").write_bytes(damaged)
        np.testing.assert_array_equal(open_cache(stack[0], patches, BANDS, tmp_path).images, images)


def test_values_that_are_no_measurement_are_refused(cache):
    images = np.array(cache.images)
    images[0, 0, 0, 0] = 1e38
    with pytest.raises(BandError, match=r"band .* holds 1e\+38"):
        band_statistics(replace(cache, images=images), range(len(images)))


def test_a_full_disk_leaves_no_cache(stack, patches, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("keras_landslide.patches.cache.NpyWriter.write", full)
    with pytest.raises(OutputError, match="no space left"):
        open_cache(stack[0], patches, BANDS, tmp_path / "c")
    assert list((tmp_path / "c").iterdir()) == []


def test_cache_refuses_what_does_not_fit(stack, patches, tmp_path):
    with pytest.raises(BandError, match="nir"):
        open_cache(stack[0], patches, ("red", "nir"), tmp_path)
    outside = [replace(patches[0], split="train", row_off=240)]
    with pytest.raises(GridMismatchError, match="another stack"):
        open_cache(stack[0], outside, BANDS, tmp_path)
    with pytest.raises(SplitError, match="no train, val or test"):
        open_cache(stack[0], [replace(p, split="buffer") for p in patches], BANDS, tmp_path)


def test_batches_hold_every_patch_once_and_positives_more_often(cache):
    train = cache.indices("train")
    batches = PatchBatches(cache, train, batch_size=7, oversample=5, seed=3)
    order, _ = batches.order(0)
    counts = Counter(order.tolist())
    assert set(counts) == set(train.tolist())
    for i in train:
        assert counts[i] == (5 if (cache.labels[i] == 1).any() else 1)
    assert len(batches) == -(-len(order) // 7)
    sizes = [len(batches.batch(0, i)[0]) for i in range(len(batches))]
    assert sum(sizes) == len(order) and set(sizes[:-1]) == {7}
    with pytest.raises(IndexError):
        batches.batch(0, len(batches))


def test_batches_depend_on_seed_and_epoch_only(cache):
    train = cache.indices("train")
    a = PatchBatches(cache, train, batch_size=8, augment=True, seed=1)
    b = PatchBatches(cache, train, batch_size=8, augment=True, seed=1)
    a.batch(0, 0), a.batch(5, 1)  # what was asked before does not matter
    for left, right in zip(a.batch(2, 1), b.batch(2, 1), strict=True):
        np.testing.assert_array_equal(left, right)
    assert a.order(0)[0].tolist() != a.order(1)[0].tolist()
    assert a.order(0)[1].tolist() != a.order(1)[1].tolist()
    other = PatchBatches(cache, train, batch_size=8, augment=True, seed=2)
    assert other.order(0)[0].tolist() != a.order(0)[0].tolist()
    assert set(a.order(0)[1]) <= set(range(8)) and len(set(a.order(0)[1])) > 4


def test_augmented_batch_is_the_patch_transformed(cache):
    batches = PatchBatches(cache, cache.indices("train"), batch_size=8, augment=True)
    order, codes = batches.order(4)
    x, y = batches.batch(4, 0)
    assert x.dtype == y.dtype == np.float32
    assert x.shape == (8, 32, 32, 2) and y.shape == (8, 32, 32, 1)
    for k in range(8):
        image, code = cache.images[order[k]], codes[k]
        np.testing.assert_array_equal(x[k, ..., 0], transform(image[..., 0], code))
        expected = turn_azimuth(transform(image[..., 1], code), code) if code else image[..., 1]
        np.testing.assert_array_equal(x[k, ..., 1], expected)
        np.testing.assert_array_equal(y[k, ..., 0], transform(cache.labels[order[k]], code))


def test_plain_batches_keep_the_order(cache):
    val = cache.indices("val")
    batches = PatchBatches(cache, val, batch_size=4, shuffle=False)
    x, y = batches.batch(9, 0)
    np.testing.assert_array_equal(x, cache.images[val[:4]])
    np.testing.assert_array_equal(y[..., 0], cache.labels[val[:4]])
    with pytest.raises(SplitError):
        PatchBatches(cache, [])


def test_statistics_against_numpy(cache):
    everything = range(len(cache.patches))
    pixels = cache.images.astype(np.float64)
    assert np.isnan(pixels).any()
    mean, std = band_statistics(cache, everything)
    np.testing.assert_allclose(mean, np.nanmean(pixels, axis=(0, 1, 2)), rtol=1e-12)
    np.testing.assert_allclose(std, np.nanstd(pixels, axis=(0, 1, 2)), rtol=1e-12)
    for c, (name, got) in enumerate(band_ranges(cache, everything).items()):
        band = pixels[..., c]
        assert name == BANDS[c]
        assert (got["min"], got["max"]) == (np.nanmin(band), np.nanmax(band))
        tolerance = 2 * (got["max"] - got["min"]) / 16384
        assert got["p01"] == pytest.approx(np.nanpercentile(band, 1), abs=tolerance)
        assert got["p99"] == pytest.approx(np.nanpercentile(band, 99), abs=tolerance)


def test_statistics_come_from_train_alone(cache):
    train = cache.images[cache.indices("train")].astype(np.float64)
    mean, _ = band_statistics(cache)
    np.testing.assert_allclose(mean, np.nanmean(train, axis=(0, 1, 2)), rtol=1e-12)


def test_statistics_keep_their_digits_far_from_zero(cache):
    far = replace(cache, images=cache.images[:, :8, :8, :1] * 0.01 + 1e4, band_names=("red",))
    _, std = band_statistics(far, range(len(far.images)))
    np.testing.assert_allclose(std, np.nanstd(far.images.astype(np.float64)), rtol=1e-9)


def test_a_band_without_a_valid_pixel_is_named(cache):
    images = np.array(cache.images)
    images[..., 1] = np.nan
    with pytest.raises(NodataError, match="band aspect has no valid pixel"):
        band_statistics(replace(cache, images=images))
