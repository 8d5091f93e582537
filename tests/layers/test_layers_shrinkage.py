import keras
import numpy as np
import pytest

from keras_landslide.layers.shrinkage import MeanMagnitude, SoftThreshold, residual_shrinkage


def test_soft_threshold_by_hand():
    x = np.array([-3, -1, -0.5, 0, 0.5, 1, 3], "float32").reshape(1, 1, 7, 1)
    tau = np.ones((1, 1, 1, 1), "float32")
    np.testing.assert_array_equal(np.ravel(SoftThreshold()([x, tau])), [-2, 0, 0, 0, 0, 0, 2])
    np.testing.assert_array_equal(SoftThreshold()([x, 0 * tau]), x)


def test_each_channel_of_each_image_has_its_own_threshold():
    x = np.full((2, 3, 3, 2), -4, "float32")
    tau = np.array([[1, 2], [3, 5]], "float32").reshape(2, 1, 1, 2)
    y = np.asarray(SoftThreshold()([x, tau]))
    np.testing.assert_array_equal(y[:, 0, 0], [[-3, -2], [-1, 0]])
    assert (y == y[:, :1, :1]).all()


def test_mean_magnitude():
    x = np.array([[1, -3], [0, 4]], "float32").reshape(1, 2, 2, 1)
    y = MeanMagnitude()(x)
    assert y.shape == (1, 1, 1, 1)
    np.testing.assert_allclose(np.ravel(y), [2])


@pytest.mark.parametrize(("channels", "strides"), [(4, 1), (3, 1), (4, 2)])
def test_unit_against_numpy(channels, strides):
    keras.utils.set_random_seed(0)
    image = keras.Input((8, 8, channels))
    model = keras.Model(image, residual_shrinkage(image, 4, strides=strides, reduction=2, name="u"))
    x = np.random.default_rng(0).normal(size=(2, 8, 8, channels)).astype("float32")
    part = keras.Model(image, model.get_layer("u_conv2_bn").output)
    y = np.asarray(part(x), "float64")

    magnitude = np.abs(y).mean((1, 2), keepdims=True)
    first, first_bias = model.get_layer("u_squeeze").get_weights()
    second, second_bias = model.get_layer("u_share").get_weights()
    hidden = (magnitude @ first + first_bias) / np.sqrt(1 + 1e-3)
    tau = magnitude / (1 + np.exp(-(np.maximum(hidden, 0) @ second + second_bias)))
    shrunk = np.where(np.abs(y) > tau, y - np.copysign(tau, y), 0)
    shortcut = x
    if (channels, strides) != (4, 1):
        shortcut = np.asarray(keras.Model(image, model.get_layer("u_shortcut_bn").output)(x))
    np.testing.assert_allclose(model(x), np.maximum(shrunk + shortcut, 0), atol=1e-5)
    assert (np.abs(shrunk) < np.abs(y)).all()
