import keras
import numpy as np

from keras_landslide.layers.unpooling import MaxPoolingWithIndices, MaxUnpooling


def test_by_hand_with_ties():
    image = np.array([[1, 2, 5, 5], [3, 0, 5, 5], [-1, -1, 0, 0], [-2, -1, 0, 7]], "float32")
    best, index = MaxPoolingWithIndices()(image[None, ..., None])
    np.testing.assert_array_equal(np.asarray(best)[0, ..., 0], [[3, 5], [-1, 7]])
    np.testing.assert_array_equal(np.asarray(index)[0, ..., 0], [[2, 0], [0, 3]])
    back = np.asarray(MaxUnpooling()([best, index]))[0, ..., 0]
    expected = [[0, 0, 5, 0], [3, 0, 0, 0], [-1, 0, 0, 0], [0, 0, 0, 7]]
    np.testing.assert_array_equal(back, expected)


def test_equals_max_pooling_and_a_loop():
    x = np.random.default_rng(0).integers(0, 4, (2, 6, 8, 3)).astype("float32")
    best, index = map(np.asarray, MaxPoolingWithIndices()(x))
    np.testing.assert_array_equal(best, keras.layers.MaxPooling2D(2)(x))
    values = np.random.default_rng(1).normal(size=best.shape).astype("float32")
    back = np.asarray(MaxUnpooling()([values, index]))
    expected = np.zeros_like(x)
    for b, i, j, c in np.ndindex(*best.shape):
        window = x[b, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2, c]
        row, column = divmod(int(window.argmax()), 2)
        expected[b, 2 * i + row, 2 * j + column, c] = values[b, i, j, c]
    np.testing.assert_array_equal(back, expected)


def test_the_first_maximum_alone_has_a_gradient():
    import tensorflow as tf

    x = tf.ones((1, 2, 2, 1))
    with tf.GradientTape() as tape:
        tape.watch(x)
        best, _ = MaxPoolingWithIndices()(x)
    np.testing.assert_array_equal(tape.gradient(best, x)[0, ..., 0], [[1, 0], [0, 0]])


def test_shapes_of_any_size():
    image = keras.Input((None, 8, 3))
    best, index = MaxPoolingWithIndices()(image)
    assert best.shape == index.shape == (None, None, 4, 3)
    assert index.dtype == "uint8"
    assert MaxUnpooling()([best, index]).shape == (None, None, 8, 3)
