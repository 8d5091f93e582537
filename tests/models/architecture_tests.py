"""What every network has to do; a network's own test inherits it in a few lines."""

import functools
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
for line in sys.stdin:
    model_file, x_file, y_file = line.rstrip("\\n").split("\\t")
    model = keras.models.load_model(model_file, compile=False)
    np.save(y_file, model.predict_on_batch(np.load(x_file)))
    keras.backend.clear_session()
    print("done", flush=True)
"""


@functools.cache
def jax_process():
    """One process on JAX for all networks, since starting it takes longer than a prediction."""
    return subprocess.Popen(
        [sys.executable, "-c", JAX],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "KERAS_BACKEND": "jax"},
    )


def predict_on_jax(model, x, folder):
    """What a saved and loaded copy of `model` gives for `x` on JAX."""
    files = [folder / "m.keras", folder / "x.npy", folder / "y.npy"]
    model.save(files[0])
    np.save(files[1], x)
    process = jax_process()
    if process.poll() is not None:
        jax_process.cache_clear()
        process = jax_process()
    print(*files, sep="\t", file=process.stdin, flush=True)
    assert process.stdout.readline() == "done\n", "failed on JAX; the traceback is in stderr"
    return np.load(files[2])


def forget_faster(model):
    """Shorten the running means of batch normalisation, to fit the few steps of a test."""
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.9


def predict(model, x):
    """Without tracing, which takes longer than a single small prediction."""
    return np.asarray(model(x, training=False))


@functools.cache
def built(tests):
    return tests().normalised()


class ArchitectureTests:
    """Shared tests; set the class attributes.

    Attributes:
        name: key of `models.MODELS`.
        small: options of a quick version, used in all but the parameter counts.
        parameters: {(channels, ((option, value), ...)): documented trainable parameters}.
        size: side of the test images, px; a multiple of the stride, at least 32.
        minimum: smallest side that the network takes, px.
        channels: numbers of channels to build for.
        any_size: whether height and width may be None; otherwise models are built for the images.
        learns: whether there is anything to train.
        contrast: how far the landslide of the training patch stands out; the noise has 20.
        overfit_steps: steps of Adam at `learning_rate` that reach F1 0.95 on one patch.
    """

    name: ClassVar[str]
    small: ClassVar[dict] = {}
    parameters: ClassVar[dict] = {}
    size: ClassVar[int] = 32
    minimum: ClassVar[int] = 1
    channels: ClassVar[tuple] = (1, 3, 7)
    any_size: ClassVar[bool] = True
    learns: ClassVar[bool] = True
    contrast: ClassVar[float] = 30
    overfit_steps: ClassVar[int] = 100
    learning_rate: ClassVar[float] = 5e-3

    def build(self, image_shape=None, **options):
        shape = image_shape or self.shape(self.size, self.size, 3)
        return models.build(self.name, shape, **{**self.small, **options})

    def shape(self, height, width, channels):
        return (None, None, channels) if self.any_size else (height, width, channels)

    def normalised(self, image_shape=None):
        fix_seeds(0)
        model = self.build(image_shape)
        channels = model.input_shape[-1]
        model.get_layer("normalise").set_statistics([50.0] * channels, [20.0] * channels)
        return model

    @property
    def model(self):
        """One network for all tests that only look at it, since building takes seconds."""
        return built(type(self))

    @property
    def stride(self):
        return receptive_field(self.model).stride_px

    def images(self, *shape, seed=0):
        x = np.random.default_rng(seed).normal(50, 20, shape).astype("float32")
        x[:, :2, :3, 0] = np.nan
        return x

    def test_output_shape_and_range(self):
        stride = self.stride
        sides = max(2, math.ceil(self.minimum / stride))
        for channels in self.channels:
            model = None
            for height, width in ((sides * stride,) * 2, (sides * stride, (sides + 1) * stride)):
                if model is None or not self.any_size:
                    model = self.normalised(self.shape(height, width, channels))
                out = predict(model, self.images(2, height, width, channels))
                assert out.shape == (2, height, width, 1)
                assert out.dtype == np.float32
                assert np.isfinite(out).all()
                assert (out >= 0).all() and (out <= 1).all()

    def test_documented_parameter_counts(self):
        assert self.parameters
        for (channels, options), expected in self.parameters.items():
            shape = self.shape(self.size, self.size, channels)
            model = models.build(self.name, shape, **dict(options))
            assert sum(math.prod(w.shape) for w in model.trainable_weights) == expected

    def test_size_that_does_not_divide_names_the_next_one(self):
        stride = self.stride
        if stride == 1:
            pytest.skip("any size fits")
        side = max(2, math.ceil(self.minimum / stride)) * stride
        with pytest.raises(ModelError, match=f"next valid width is {side + stride} px"):
            self.build((side, side + 1, 3))

    def test_wrong_channels_and_unknown_option(self):
        with pytest.raises(ModelError, match="number of channels"):
            self.build((None, None, 0))
        with pytest.raises(ModelError, match=f"model '{self.name}' has no option 'colour'"):
            self.build(colour="red")

    def test_saved_and_loaded(self, tmp_path):
        model = self.model
        model.save(tmp_path / "m.keras")
        loaded = keras.models.load_model(tmp_path / "m.keras", safe_mode=True)
        x = self.images(1, self.size, self.size, 3)
        np.testing.assert_array_equal(predict(loaded, x), predict(model, x))

    def test_exported(self, tmp_path):
        import tensorflow as tf

        model = self.model
        model.export(tmp_path / "saved", format="tf_saved_model", verbose=False)
        x = self.images(1, self.size, self.size, 3)
        loaded = tf.saved_model.load(str(tmp_path / "saved"))
        np.testing.assert_allclose(loaded.serve(x).numpy(), predict(model, x), atol=1e-5)

    def test_overfits_one_patch(self):
        if not self.learns:
            pytest.skip("nothing to train")
        model = compile_model(
            self.normalised((self.size, self.size, 3)),
            TrainingConfig(learning_rate=self.learning_rate),
        )
        forget_faster(model)
        x = self.images(1, self.size, self.size, 3)
        y = np.zeros((1, self.size, self.size, 1), "float32")
        y[:, 8:18, 10:24] = 1
        y[:, 29:] = 255
        x[:, 8:18, 10:24] += self.contrast
        for _ in range(self.overfit_steps):
            model.train_on_batch(x, y)
        f1 = metrics.get("f1")
        f1.update_state(y, predict(model, x))
        assert float(f1.result()) >= 0.95

    @pytest.mark.parametrize(
        "policy", ["mixed_float16", pytest.param("mixed_bfloat16", marks=pytest.mark.slow)]
    )
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
        model = self.model
        x = self.images(1, self.size, self.size, 3)
        np.testing.assert_allclose(predict_on_jax(model, x, tmp_path), predict(model, x), atol=1e-5)

    @pytest.mark.slow
    def test_full_width(self, tmp_path):
        """At the paper's own width: a step of training, and the same after it on JAX."""
        pytest.importorskip("jax")
        fix_seeds(0)
        stride = self.stride
        side = stride * math.ceil(max(64, self.size, self.minimum) / stride)
        model = models.build(self.name, (side, side, 3))
        model.get_layer("normalise").set_statistics([50.0] * 3, [20.0] * 3)
        x = self.images(1, side, side, 3)
        if self.learns:
            y = (np.nan_to_num(x[..., :1]) > 60).astype("float32")
            # Not all: one image leaves a mean over it without gradient once it is normalised.
            kernels = [weight for weight in model.trainable_weights if len(weight.shape) > 1]
            before = [np.array(weight) for weight in kernels]
            loss = compile_model(model, TrainingConfig()).train_on_batch(x, y)
            assert np.isfinite(loss).all()
            pairs = zip(kernels, before, strict=True)
            assert np.mean([not np.array_equal(kernel, old) for kernel, old in pairs]) > 0.9
        out = predict(model, x)
        assert out.shape == (1, side, side, 1) and (out >= 0).all() and (out <= 1).all()
        np.testing.assert_allclose(predict_on_jax(model, x, tmp_path), out, atol=1e-4)
