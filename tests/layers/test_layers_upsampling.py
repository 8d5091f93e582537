import keras
import numpy as np
import pytest

from keras_landslide.errors import ModelError
from keras_landslide.layers.upsampling import upsample


def network(kind, factor, **options):
    image = keras.Input((None, None, 3))
    return keras.Model(image, upsample(image, factor, kind=kind, **options))


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_frozen_interpolates_away_from_the_border(factor):
    x = np.random.default_rng(0).normal(size=(2, 6, 5, 3)).astype("float32")
    frozen = network("frozen", factor)
    plain = network("bilinear", factor)
    border = factor // 2
    inside = slice(border, -border)
    np.testing.assert_allclose(
        np.asarray(frozen(x))[:, inside, inside],
        np.asarray(plain(x))[:, inside, inside],
        atol=1e-6,
    )
    assert frozen.trainable_weights == []


def test_weights_of_factor_two_by_hand():
    line = np.array([0.25, 0.75, 0.75, 0.25])
    kernel = np.asarray(network("frozen", 2).layers[-1].kernel)
    np.testing.assert_allclose(kernel[:, :, 1, 1], np.outer(line, line))
    assert (kernel[:, :, 0, 1] == 0).all()


def test_learned_changes_the_channels():
    model = network("learned", 4, filters=5)
    assert model.output_shape == (None, None, None, 5)
    assert sum(int(np.prod(w.shape)) for w in model.trainable_weights) == 8 * 8 * 3 * 5 + 5


def test_saved_and_loaded(tmp_path):
    model = network("frozen", 2)
    model.save(tmp_path / "m.keras")
    x = np.ones((1, 4, 4, 3), "float32")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(loaded(x), model(x))


def test_bilinear_kernel_refuses_other_shapes():
    from keras_landslide.layers.upsampling import BilinearKernel

    for shape in ((3, 3, 2, 2), (4, 4, 2, 3), (4, 2, 2, 2)):
        with pytest.raises(ModelError, match="bilinear kernel"):
            BilinearKernel()(shape)
