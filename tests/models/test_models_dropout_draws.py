import keras
import numpy as np

from keras_landslide import models
from keras_landslide.models.dropout_draws import dropout_draws


def test_no_dropout_nothing_to_draw():
    assert dropout_draws(models.build("unet", (None, None, 2), filters=4, levels=1)) is None


def test_draws_are_dropout_and_nothing_else():
    """On a network that ends in dropout: a value is gone, or scaled by 1 / (1 - rate)."""
    image = keras.Input((None, None, 4))
    x = keras.layers.BatchNormalization()(image)
    model = keras.Model(image, keras.layers.Dropout(0.25)(x))
    model.layers[1].set_weights([np.full(4, value, "float32") for value in (2, 1, 3, 0.5)])
    x = np.random.default_rng(0).normal(size=(1, 64, 64, 4)).astype("float32")
    whole = np.asarray(model(x, training=False))
    drawn = np.asarray(dropout_draws(model)(x, np.array([5, 7], "int32")))
    kept = drawn != 0
    assert abs(kept.mean() - 0.75) < 0.01
    np.testing.assert_allclose(drawn[kept], whole[kept] / 0.75, rtol=1e-5)


def test_same_seed_same_draw_and_layers_drop_apart():
    image = keras.Input((64, 64, 1))
    layers = [keras.layers.Dropout(0.5, name=name)(image) for name in "ab"]
    draw = dropout_draws(keras.Model(image, layers))
    ones = np.ones((1, 64, 64, 1), "float32")
    a, b = map(np.asarray, draw(ones, np.array([0, 1], "int32")))
    again, _ = map(np.asarray, draw(ones, np.array([0, 1], "int32")))
    other, _ = map(np.asarray, draw(ones, np.array([0, 2], "int32")))
    np.testing.assert_array_equal(a, again)
    assert 0.4 < (a == b).mean() < 0.6 and 0.4 < (a == other).mean() < 0.6
