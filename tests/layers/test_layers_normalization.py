import keras
import numpy as np
import pytest

from keras_landslide.errors import ModelError
from keras_landslide.layers import BandNormalization


def built(channels=3):
    layer = BandNormalization()
    layer.build((None, None, None, channels))
    return layer


def images():
    return np.random.default_rng(0).normal([1000, 0.2, -12], [300, 0.1, 4], (2, 8, 8, 3))


def test_identity_until_statistics_are_set():
    x = images().astype("float32")
    np.testing.assert_array_equal(built()(x), x)


def test_z_score_and_missing_values():
    x = images().astype("float32")
    x[0, :2, :3, 1] = np.nan
    mean, std = np.nanmean(x, (0, 1, 2)), np.nanstd(x, (0, 1, 2))
    layer = built()
    layer.set_statistics(mean, std)
    out = np.asarray(layer(x))
    assert (out[0, :2, :3, 1] == 0).all()
    valid = ~np.isnan(x)
    np.testing.assert_allclose(out[valid], ((x - mean) / std)[valid], rtol=1e-5, atol=1e-6)


def test_infinities_become_the_mean():
    layer = built(2)
    layer.set_statistics([5.0, 5.0], [1e-30, 2.0])
    # 1e9 / 1e-30 is beyond float32.
    x = np.array([1e9, -1e9, np.inf, 5, np.nan, np.inf, -np.inf, 9], "float32").reshape(1, 2, 2, 2)
    out = np.asarray(layer(x)).ravel()
    assert out[[0, 2, 4, 5, 6]].tolist() == [0, 0, 0, 0, 0]
    np.testing.assert_allclose(out[[1, 3, 7]], (x.ravel()[[1, 3, 7]] - 5) / 2)


def test_constant_band_becomes_zero():
    layer = built(1)
    layer.set_statistics([7.0], [0.0])
    assert (np.asarray(layer(np.full((1, 2, 2, 1), 7.0, "float32"))) == 0).all()


def test_statistics_are_not_trainable_and_survive_saving(tmp_path):
    model = keras.Sequential([keras.Input((4, 4, 3)), BandNormalization()])
    model.layers[0].set_statistics([1, 2, 3], [4, 5, 6])
    assert model.trainable_weights == []
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    x = images()[:, :4, :4].astype("float32")
    np.testing.assert_array_equal(loaded.predict_on_batch(x), model.predict_on_batch(x))


def test_keeps_float32_under_mixed_precision():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = keras.Sequential([keras.Input((2, 2, 1)), BandNormalization()])
    finally:
        keras.config.set_dtype_policy("float32")
    model.layers[0].set_statistics([80000.0], [100.0])
    out = model.predict_on_batch(np.full((1, 2, 2, 1), 80050.0, "float32"))
    np.testing.assert_allclose(out, 0.5)


@pytest.mark.parametrize(
    ("mean", "std"), [([1, 2], [1, 1]), ([1, 2, np.nan], [1, 1, 1]), ([1, 2, 3], [1, -1, 1])]
)
def test_refuses_wrong_statistics(mean, std):
    with pytest.raises(ModelError):
        built().set_statistics(mean, std)
