import keras
import numpy as np
import pytest

from keras_landslide.layers.pyramid_pooling import (
    AdaptiveAveragePooling,
    ResizeLike,
    pyramid_pooling,
)


def bins_by_hand(x, bins):
    """Mean of every bin, cut out one by one."""
    batch, height, width, channels = x.shape
    out = np.empty((batch, bins, bins, channels))
    for i in range(bins):
        rows = slice(i * height // bins, -(-(i + 1) * height // bins))
        for j in range(bins):
            columns = slice(j * width // bins, -(-(j + 1) * width // bins))
            out[:, i, j] = x[:, rows, columns].mean((1, 2))
    return out


@pytest.mark.parametrize("bins", [1, 2, 3, 6])
@pytest.mark.parametrize("size", [(12, 6), (7, 10), (4, 5)])
def test_bins_of_sizes_that_divide_or_do_not_or_are_smaller(bins, size):
    x = np.random.default_rng(0).normal(size=(2, *size, 3)).astype("float32")
    y = AdaptiveAveragePooling(bins)(x)
    np.testing.assert_allclose(y, bins_by_hand(x, bins), atol=1e-6)


def test_overlapping_bins_worked_by_hand():
    # Five pixels in two bins: pixels 0 to 2 and 2 to 4.
    x = np.array([1, 2, 3, 10, 20], "float32").reshape(1, 5, 1, 1)
    np.testing.assert_allclose(np.ravel(AdaptiveAveragePooling(2)(x)), [2, 2, 11, 11])


def test_one_model_pools_images_of_several_sizes():
    image = keras.Input((None, None, 2))
    pooled = AdaptiveAveragePooling(3)(image)
    assert pooled.shape == (None, 3, 3, 2)
    model = keras.Model(image, pooled)
    for size in ((9, 7), (4, 16)):
        x = np.random.default_rng(1).normal(size=(1, *size, 2)).astype("float32")
        # predict traces one graph for both sizes
        np.testing.assert_allclose(model.predict(x, verbose=0), bins_by_hand(x, 3), atol=1e-6)


def test_half_precision_does_not_overflow():
    x = np.full((1, 40, 40, 1), 60000, "float16")
    y = AdaptiveAveragePooling(1, dtype="float16")(x)
    assert np.asarray(y).dtype == np.float16
    np.testing.assert_allclose(y, 60000, rtol=1e-3)


def test_resize_like_takes_the_size_alone():
    x = np.array([0, 4], "float32").reshape(1, 1, 2, 1)
    y = ResizeLike()([x, np.zeros((1, 2, 4, 7), "float32")])
    # Centres of the four pixels lie at -1/4, 1/4, 3/4 and 5/4 of the two; ends are repeated.
    np.testing.assert_allclose(y, np.array([[0, 1, 3, 4]] * 2).reshape(1, 2, 4, 1), atol=1e-6)


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (6, 6)])
def test_resizing_equals_the_library(size):
    x = np.random.default_rng(3).normal(size=(2, *size, 3)).astype("float32")
    y = ResizeLike()([x, np.zeros((2, 10, 4, 1), "float32")])
    expected = keras.ops.image.resize(x, (10, 4), interpolation="bilinear")
    np.testing.assert_allclose(y, expected, atol=1e-6)


def test_pyramid_with_an_identity_convolution_is_the_features_and_their_means():
    x = np.random.default_rng(2).normal(size=(1, 6, 6, 2)).astype("float32")
    image = keras.Input((None, None, 2))
    y = pyramid_pooling(
        image, 2, bins=(1, 6), convolution=lambda x, filters, kernel, name: x, name="p"
    )
    out = np.asarray(keras.Model(image, y)(x))
    np.testing.assert_allclose(out[..., :2], x)
    np.testing.assert_allclose(out[..., 2:4], np.broadcast_to(x.mean((1, 2)), (1, 6, 6, 2)), 1e-5)
    np.testing.assert_allclose(out[..., 4:], x, atol=1e-6)
