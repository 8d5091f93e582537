"""Distance from the centre: by hand, on any size, and in an exported graph."""

import keras
import numpy as np
import pytest

from keras_landslide.layers.centre_distance import CentreDistance


def test_by_hand():
    image = np.random.default_rng(0).normal(size=(2, 4, 2, 3)).astype("float32")
    out = keras.ops.convert_to_numpy(CentreDistance()(image))
    np.testing.assert_array_equal(out[..., :3], image)
    down, across = np.array([-0.75, -0.25, 0.25, 0.75]), np.array([-0.5, 0.5])
    expected = np.hypot(*np.meshgrid(down, across, indexing="ij"))
    np.testing.assert_allclose(out[..., 3], [expected, expected], rtol=1e-6)


def test_missing_values_have_a_place_too():
    out = keras.ops.convert_to_numpy(CentreDistance()(np.full((1, 6, 6, 1), np.nan, "float32")))
    assert np.isfinite(out[..., 1]).all() and np.isnan(out[..., 0]).all()


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="a TensorFlow graph")
def test_one_graph_for_all_sizes():
    import tensorflow as tf

    image = keras.Input((None, None, 2))
    model = keras.Model(image, CentreDistance()(image))
    assert model.output_shape == (None, None, None, 3)
    graph = tf.function(model, input_signature=[tf.TensorSpec((None, None, None, 2))])
    for shape in ((1, 5, 8, 2), (2, 16, 16, 2)):
        zeros = np.zeros(shape, "float32")
        np.testing.assert_allclose(graph(zeros), CentreDistance()(zeros), rtol=1e-6)
