import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_landslide.layers.bilinear import BilinearUpSampling2D


def images(height, width):
    return np.random.default_rng(0).normal(size=(2, height, width, 3)).astype("float32")


def test_by_hand():
    out = BilinearUpSampling2D(2)(np.array([0, 4, 8], "float32").reshape(1, 1, 3, 1))
    np.testing.assert_allclose(np.asarray(out)[0, 0, :, 0], [0, 1, 3, 5, 7, 8])


@pytest.mark.parametrize("factor", [2, 3, 4, 8])
@pytest.mark.parametrize("size", [(5, 7), (1, 2), (1, 1)])
def test_graph_of_unknown_size_equals_keras(factor, size):
    layer = BilinearUpSampling2D(factor)
    graph = tf.function(layer, input_signature=[tf.TensorSpec((None, None, None, 3))])
    x = images(*size)
    expected = keras.layers.UpSampling2D(factor, interpolation="bilinear")(x)
    np.testing.assert_allclose(graph(x), expected, atol=5e-6)
    np.testing.assert_array_equal(layer(x), expected)


def test_saved_and_loaded(tmp_path):
    model = keras.Sequential([keras.Input((None, None, 3)), BilinearUpSampling2D(4)])
    assert model.output_shape == (None, None, None, 3)
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    assert loaded.layers[0].size == (4, 4)
    x = images(4, 4)
    np.testing.assert_array_equal(loaded(x), model(x))
