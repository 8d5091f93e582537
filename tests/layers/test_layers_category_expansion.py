import keras
import numpy as np
import pytest
from sklearn.preprocessing import OneHotEncoder

from keras_landslide.errors import ModelError
from keras_landslide.layers.category_expansion import CategoryExpansion

nan = np.nan


def expand(values, *args):
    """One row of pixels, bands last."""
    x = np.array(values, "float32")[None, None]
    return np.asarray(CategoryExpansion(*args)(x))[0, 0]


def test_by_hand():
    out = expand([[12.5, 2, 1], [nan, 0, 7], [-3, nan, 0]], [0, 3, 2], [False, False, True])
    expected = [
        # continuous, three classes, two classes and unknown
        [12.5, 0, 0, 1, 0, 1, 0],
        [nan, 1, 0, 0, 0, 0, 1],
        [-3, 0, 0, 0, 1, 0, 0],
    ]
    np.testing.assert_array_equal(out, np.array(expected, "float32"))


def test_no_class():
    out = expand([[-1], [3], [1.5], [nan], [np.inf]], [3], True)
    np.testing.assert_array_equal(out, [[0, 0, 0, 1]] * 5)
    assert (expand([[-1], [3], [1.5], [nan], [np.inf]], [3]) == 0).all()


def test_equals_scikit_learn():
    classes = np.random.default_rng(0).integers(-2, 47, (50, 1))
    encoder = OneHotEncoder(categories=[np.arange(44)], handle_unknown="ignore")
    expected = encoder.fit_transform(classes).toarray()
    np.testing.assert_array_equal(expand(classes, [44]), expected)


def test_channels_of_the_veneto_study():
    layer = CategoryExpansion([0, 44, 5, 4, 38, 0], [False, False, False, True, False, False])
    assert layer.channels == 94
    assert layer(keras.Input((None, None, 6))).shape == (None, None, None, 94)


def test_large_values_pass_under_mixed_precision():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        out = expand([[80050, 1]], [0, 2])
    finally:
        keras.config.set_dtype_policy("float32")
    np.testing.assert_array_equal(out, [[80050, 0, 1]])


def test_saved_and_loaded(tmp_path):
    layer = CategoryExpansion([0, 3], True)
    model = keras.Sequential([keras.Input((None, None, 2)), layer])
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras", safe_mode=True)
    x = np.random.default_rng(0).integers(-1, 4, (1, 4, 5, 2)).astype("float32")
    assert loaded(x).shape == (1, 4, 5, 5)
    np.testing.assert_array_equal(loaded(x), model(x))


def test_refuses_wrong_tables():
    with pytest.raises(ModelError, match="numbers of classes"):
        CategoryExpansion([0, -1])
    with pytest.raises(ModelError, match="numbers of classes"):
        CategoryExpansion([])
    with pytest.raises(ModelError, match="1 values for 2 bands"):
        CategoryExpansion([0, 3], [True])
    with pytest.raises(ModelError, match="the input has 3"):
        CategoryExpansion([0, 3])(np.zeros((1, 2, 2, 3), "float32"))
