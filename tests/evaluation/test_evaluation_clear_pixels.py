"""Statistics of a new place, clouds left out."""

import numpy as np
import pytest

from keras_landslide.errors import NodataError
from keras_landslide.evaluation.clear_pixels import clear_statistics
from keras_landslide.patches.cache import PatchCache
from keras_landslide.patches.table import Patch


def cache(cloud):
    rng = np.random.default_rng(0)
    images = np.concatenate([rng.normal([3e4, 0.2], [5, 0.05], (3, 8, 8, 2)), cloud], axis=-1)
    images[..., 1] += np.where(cloud[..., 0] > 0, 0.6, 0)
    images[0, :2, :, 0] = np.nan
    patches = tuple(Patch(n, 8 * n, 0, 8, 8, "train", 0, n, 0.1, 1.0) for n in range(3))
    labels = np.zeros((3, 8, 8), np.uint8)
    kinds = ("continuous", "continuous", "categorical")
    names = ("elevation", "red", "cloud")
    return PatchCache(images.astype(np.float32), labels, patches, names, kinds)


def test_clouds_and_missing_pixels_do_not_count():
    cloud = np.zeros((3, 8, 8, 1))
    cloud[1, 4:], cloud[2, :, 6:] = 1, 2
    found = cache(cloud)
    mean, std = clear_statistics(found, "cloud")
    clear = found.images[found.images[..., 2] == 0][:, :2].astype(float)
    np.testing.assert_allclose(mean, np.nanmean(clear, axis=0), rtol=1e-12)
    np.testing.assert_allclose(std, np.nanstd(clear, axis=0), rtol=1e-9)
    assert clear_statistics(found)[1][1] > 2 * std[1]


def test_nothing_clear():
    with pytest.raises(NodataError, match="band elevation has no clear pixel in 3 patches"):
        clear_statistics(cache(np.ones((3, 8, 8, 1))), "cloud")
