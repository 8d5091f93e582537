"""Heavy augmentation: seeded, keeps image and label together, and marks what it does not know."""

import numpy as np

from keras_landslide.patches.cache import PatchCache
from keras_landslide.patches.table import Patch
from keras_landslide.samples.augmentation import HeavyBatches, cut_mix, shade, warp
from keras_landslide.samples.batches import PatchBatches


def _cache(count=4, size=32):
    rng = np.random.default_rng(0)
    labels = np.zeros((count, size, size), np.uint8)
    labels[:, 10:20, 12:22] = 1
    images = rng.normal(0, 0.1, (count, size, size, 2)).astype(np.float32)
    images[..., 0] += 5 * labels
    patches = tuple(Patch(i, 0, 0, size, size, "train", -1, i, 0.1, 1.0) for i in range(count))
    return PatchCache(images, labels, patches, ("a", "b"), ("continuous",) * 2)


def test_same_arguments_same_batches():
    cache = _cache()

    def batches(seed):
        return HeavyBatches(PatchBatches(cache, range(4), batch_size=2, seed=seed), seed)

    first, again, other = batches(0), batches(0), batches(1)
    assert len(first) == 2
    np.testing.assert_array_equal(first.batch(3, 1)[0], again.batch(3, 1)[0])
    assert not np.array_equal(first.batch(3, 1)[0], first.batch(4, 1)[0], equal_nan=True)
    assert not np.array_equal(first.batch(3, 1)[0], other.batch(3, 1)[0], equal_nan=True)


def test_warp_moves_label_with_image():
    cache = _cache()
    seen = 0
    for seed in range(20):
        image, label = warp(
            cache.images[0], cache.labels[0].astype(np.float32), np.random.default_rng(seed)
        )
        assert set(np.unique(label)) <= {0, 1, 255}
        assert (label[np.isnan(image).any(axis=-1)] == 255).all()
        inside, outside = image[..., 0][label == 1], image[..., 0][label == 0]
        seen += len(inside)
        # The step of 5 moves with the label; linear interpolation softens its rim alone.
        assert np.median(inside) > 4 and np.median(outside) < 0.5
    assert seen > 20 * 30


def test_shade_keeps_nodata_and_order_of_brightness():
    image = np.random.default_rng(1).normal(3, 1, (64, 64, 3)).astype(np.float32)
    image[:5] = np.nan
    out = shade(image.copy(), np.random.default_rng(0))
    np.testing.assert_array_equal(np.isnan(out), np.isnan(image))
    known = ~np.isnan(image[..., 0])
    assert np.corrcoef(out[known][:, 0], image[known][:, 0])[0, 1] > 0.98
    blank = np.full((8, 8, 2), np.nan, np.float32)
    assert np.isnan(shade(blank, np.random.default_rng(0))).all()


def test_cut_mix_takes_labels_along():
    images = np.stack([np.full((16, 16, 1), value, np.float32) for value in range(4)])
    labels = images.copy()
    before = images.copy()
    for seed in range(10):
        cut_mix(images, labels, np.random.default_rng(seed))
    np.testing.assert_array_equal(images, labels)
    assert (images != before).any()
