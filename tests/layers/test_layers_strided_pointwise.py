import keras
import numpy as np
import pytest

from keras_landslide.errors import ModelError
from keras_landslide.layers.strided_pointwise import StridedPointwise


def test_equals_the_strided_convolution():
    x = np.random.default_rng(0).normal(size=(2, 8, 7, 3)).astype("float32")
    ours = StridedPointwise(5, 1, strides=2, activation="relu", bias_initializer="ones")
    plain = keras.layers.Conv2D(5, 1, strides=2, padding="same", activation="relu")
    plain.build(x.shape)
    out = ours(x)
    plain.set_weights(ours.get_weights())
    np.testing.assert_allclose(out, plain(x), rtol=1e-6)
    assert ours.compute_output_shape((None, 8, 7, 3)) == (None, 4, 4, 5)


def test_gradient_with_few_channels():
    image = keras.Input((32, 32, 4))
    model = keras.Model(image, StridedPointwise(8, 1, strides=2)(image))
    model.compile("sgd", "mse")
    x = np.ones((1, 32, 32, 4), "float32")
    y = np.zeros((1, 16, 16, 8), "float32")
    losses = [model.train_on_batch(x, y) for _ in range(20)]
    assert np.isfinite(losses).all() and losses[-1] < losses[0]


def test_refuses_larger_kernels():
    with pytest.raises(ModelError, match="not 3 x 1"):
        StridedPointwise(5, (3, 1), strides=2)
    layer = StridedPointwise(5, 1, strides=2, use_bias=False)
    assert StridedPointwise.from_config(layer.get_config()).strides == (2, 2)
