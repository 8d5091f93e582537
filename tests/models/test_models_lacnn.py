import keras
import numpy as np
import pytest
from architecture_tests import ArchitectureTests, predict

from keras_landslide import models
from keras_landslide.errors import ModelError
from keras_landslide.models.analysis.receptive_field import receptive_field
from keras_landslide.models.recorded import ReceptiveField


class TestNaive(ArchitectureTests):
    name = "naive"
    parameters = {(94, ()): 0}  # noqa: RUF012
    learns = False


class TestLlr(ArchitectureTests):
    name = "llr"
    parameters = {(94, ()): 95}  # noqa: RUF012
    learning_rate = 0.2
    contrast = 100


class TestNn(ArchitectureTests):
    name = "nn"
    parameters = {(94, ()): 3_177}  # noqa: RUF012
    learning_rate = 2e-2
    contrast = 100


class TestLann(ArchitectureTests):
    name = "lann"
    small = {"activation": "softmax"}  # noqa: RUF012
    parameters = {(160, ()): 5_289}  # noqa: RUF012
    learning_rate = 2e-2
    contrast = 100


class TestCnn(ArchitectureTests):
    name = "cnn"
    small = {"filters": 8, "levels": 2, "pad_odd": False}  # noqa: RUF012
    parameters = {(94, ()): 850_897}  # noqa: RUF012


class TestLacnn(ArchitectureTests):
    name = "lacnn"
    small = {"filters": 4, "levels": 2, "pad_odd": False, "normalisation": "batch"}  # noqa: RUF012
    parameters = {(160, ()): 860_401}  # noqa: RUF012


def images(height, width, channels=2):
    return np.random.default_rng(0).normal(size=(1, height, width, channels)).astype("float32")


def test_naive_gives_its_probability_everywhere():
    out = predict(models.build("naive", (None, None, 3), probability=0.2), images(5, 7, 3))
    np.testing.assert_allclose(out, 0.2, rtol=1e-6)
    assert receptive_field(models.build("naive", (None, None, 3))) == ReceptiveField(0, 1, True)


def test_size_of_the_study():
    model = models.build("cnn", (628, 628, 94))
    assert model.output_shape == (None, 628, 628, 1)
    sides = [model.get_layer(f"decoder{level}_up").output.shape[1] for level in (4, 3, 2, 1)]
    assert sides == [78, 156, 314, 628]
    assert receptive_field(model) == ReceptiveField(122, 16, True)


@pytest.mark.parametrize("size", [(16, 31), (39, 50), (48, 32)])
def test_odd_sizes_known_and_unknown_when_built(size, tmp_path):
    import tensorflow as tf

    keras.utils.set_random_seed(0)
    model = models.build("cnn", (None, None, 2), filters=2)
    fixed = models.build("cnn", (*size, 2), filters=2)
    fixed.set_weights(model.get_weights())
    x = images(*size)
    expected = predict(model, x)
    assert expected.shape == (1, *size, 1)
    np.testing.assert_array_equal(predict(fixed, x), expected)
    model.export(tmp_path / "saved", format="tf_saved_model", verbose=False)
    loaded = tf.saved_model.load(str(tmp_path / "saved"))
    np.testing.assert_allclose(loaded.serve(x), expected, atol=1e-5)


def test_odd_image_gives_what_a_larger_one_does_away_from_its_end():
    keras.utils.set_random_seed(0)
    model = models.build("cnn", (None, None, 2), filters=2, levels=2)
    found = receptive_field(model)
    x = images(128, 128)
    whole, part = predict(model, x), predict(model, x[:, :91, :90])
    near = 91 - found.radius_px - found.stride_px
    np.testing.assert_allclose(part[:, :near, :near], whole[:, :near, :near], atol=1e-6)
    assert receptive_field(model) == receptive_field(
        models.build("cnn", (None, None, 2), filters=2, levels=2, pad_odd=False)
    )


def test_multiples_of_the_stride_are_not_touched():
    keras.utils.set_random_seed(0)
    padded, strict = (
        models.build("cnn", (None, None, 2), filters=2, pad_odd=pad) for pad in (True, False)
    )
    strict.set_weights(padded.get_weights())
    x = images(32, 48)
    np.testing.assert_array_equal(predict(padded, x), predict(strict, x))


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("naive", {"probability": 0}, "probability"),
        ("nn", {"hidden": 0}, "hidden"),
        ("lann", {"activation": "relu"}, "activation"),
        ("cnn", {"normalisation": "layer"}, "normalisation"),
        ("lacnn", {"pad_odd": 2}, "pad_odd"),
        ("cnn", {"levels": 7}, "smallest side is 128 px"),
    ],
)
def test_options_out_of_range(name, options, message):
    with pytest.raises(ModelError, match=message):
        models.build(name, (64, 64, 3), **options)


def test_head_that_sees_the_features():
    """With a head of zeros but for the features, the network is a logistic regression."""
    keras.utils.set_random_seed(0)
    model = models.build("lacnn", (None, None, 3), filters=2, levels=2, features_to_head=True)
    plain = models.build("lacnn", (None, None, 3), filters=2, levels=2)
    assert model.count_params() == plain.count_params() + 3
    kernel, bias = model.get_layer("head").get_weights()
    kernel[:] = 0
    kernel[0, 0, -3:, 0] = [0.5, -1, 2]
    model.get_layer("head").set_weights([kernel, bias + 0.1])
    x = images(12, 9, 3)
    odds = x @ np.array([0.5, -1, 2]) + 0.1
    np.testing.assert_allclose(predict(model, x)[..., 0], 1 / (1 + np.exp(-odds)), atol=1e-6)
    assert receptive_field(model) == receptive_field(plain)
