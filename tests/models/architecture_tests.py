"""What every network has to do; a network's own test inherits it in a few lines."""

import math
import os
import subprocess
import sys
from typing import ClassVar

import keras
import numpy as np
import pytest

from keras_landslide import losses, metrics, models
from keras_landslide.config import TrainingConfig
from keras_landslide.errors import ModelError
from keras_landslide.models.receptive_field import receptive_field
from keras_landslide.training.compiling import compile_model, fix_seeds

JAX = """
import sys
import keras, numpy as np
from keras_landslide import models
assert keras.backend.backend() == "jax"
model = keras.models.load_model(sys.argv[1], compile=False)
np.save(sys.argv[3], model.predict_on_batch(np.load(sys.argv[2])))
"""


class ArchitectureTests:
    """Shared tests; set the class attributes.

    Attributes:
        name: key of `models.MODELS`.
        small: options of a quick version, used in all but the parameter counts.
        parameters: {(channels, ((option, value), ...)): documented trainable parameters}.
        size: side of the test images, px; a multiple of the stride, at least 32.
        overfit_steps: steps of Adam at `learning_rate` that reach F1 0.95 on one patch.
    """

    name: ClassVar[str]
    small: ClassVar[dict] = {}
    parameters: ClassVar[dict] = {}
    size: ClassVar[int] = 32
    overfit_steps: ClassVar[int] = 100
    learning_rate: ClassVar[float] = 5e-3

    def build(self, image_shape=(None, None, 3), **options):
        return models.build(self.name, image_shape, **{**self.small, **options})

    def normalised(self, image_shape=(None, None, 3)):
        fix_seeds(0)
        model = self.build(image_shape)
        channels = image_shape[-1]
        model.get_layer("normalise").set_statistics([50.0] * channels, [20.0] * channels)
        return model

    def images(self, *shape, seed=0):
        x = np.random.default_rng(seed).normal(50, 20, shape).astype("float32")
        x[:, :2, :3, 0] = np.nan
        return x

    @pytest.mark.parametrize("channels", [1, 3, 7])
    def test_output_shape_and_range(self, channels):
        model = self.normalised((None, None, channels))
        stride = receptive_field(model).stride_px
        for height, width in ((2 * stride, 2 * stride), (2 * stride, 3 * stride)):
            out = model.predict_on_batch(self.images(2, height, width, channels))
            assert out.shape == (2, height, width, 1)
            assert out.dtype == np.float32
            assert np.isfinite(out).all()
            assert (out >= 0).all() and (out <= 1).all()

    def test_documented_parameter_counts(self):
        assert self.parameters
        for (channels, options), expected in self.parameters.items():
            model = models.build(self.name, (None, None, channels), **dict(options))
            assert sum(math.prod(w.shape) for w in model.trainable_weights) == expected

    def test_size_that_does_not_divide_names_the_next_one(self):
        stride = receptive_field(self.build()).stride_px
        if stride == 1:
            pytest.skip("any size fits")
        with pytest.raises(ModelError, match=f"next valid width is {3 * stride} px"):
            self.build((stride, 2 * stride + 1, 3))

    def test_wrong_channels_and_unknown_option(self):
        with pytest.raises(ModelError, match="number of channels"):
            self.build((None, None, 0))
        with pytest.raises(ModelError, match=f"model '{self.name}' has no option 'colour'"):
            self.build(colour="red")

    def test_saved_and_loaded(self, tmp_path):
        model = self.normalised()
        model.save(tmp_path / "m.keras")
        loaded = keras.models.load_model(tmp_path / "m.keras", safe_mode=True)
        x = self.images(1, self.size, self.size, 3)
        np.testing.assert_array_equal(loaded.predict_on_batch(x), model.predict_on_batch(x))

    def test_exported(self, tmp_path):
        import tensorflow as tf

        model = self.normalised()
        model.export(tmp_path / "saved", format="tf_saved_model", verbose=False)
        x = self.images(1, self.size, self.size, 3)
        loaded = tf.saved_model.load(str(tmp_path / "saved"))
        np.testing.assert_allclose(loaded.serve(x).numpy(), model.predict_on_batch(x), atol=1e-5)

    def test_overfits_one_patch(self):
        model = compile_model(
            self.normalised((self.size, self.size, 3)),
            TrainingConfig(learning_rate=self.learning_rate),
        )
        x = self.images(1, self.size, self.size, 3)
        y = np.zeros((1, self.size, self.size, 1), "float32")
        y[:, 8:18, 10:24] = 1
        y[:, 29:] = 255
        x[:, 8:18, 10:24] += 30
        for _ in range(self.overfit_steps):
            model.train_on_batch(x, y)
        f1 = metrics.get("f1")
        f1.update_state(y, model.predict_on_batch(x))
        assert float(f1.result()) >= 0.95

    @pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
    def test_mixed_precision_stays_finite(self, policy):
        keras.config.set_dtype_policy(policy)
        try:
            model = self.normalised()
        finally:
            keras.config.set_dtype_policy("float32")
        x = self.images(1, self.size, self.size, 3)
        out = model(x, training=True)
        assert keras.backend.standardize_dtype(out.dtype) == "float32"
        assert np.isfinite(out).all()
        assert np.isfinite(losses.get("dice")(np.ones(out.shape), out))

    def test_same_output_on_jax(self, tmp_path):
        pytest.importorskip("jax")
        model = self.normalised()
        x = self.images(1, self.size, self.size, 3)
        model.save(tmp_path / "m.keras")
        np.save(tmp_path / "x.npy", x)
        subprocess.run(
            [
                sys.executable,
                "-c",
                JAX,
                tmp_path / "m.keras",
                tmp_path / "x.npy",
                tmp_path / "y.npy",
            ],
            check=True,
            env={**os.environ, "KERAS_BACKEND": "jax"},
        )
        np.testing.assert_allclose(
            np.load(tmp_path / "y.npy"), model.predict_on_batch(x), atol=1e-5
        )
