"""What every network has to do; a network's own test inherits it in a few lines."""

import functools
import math
from typing import ClassVar

import keras
import numpy as np
import pytest
from other_backend import predict_on
from training_tests import TrainingTests, predict

from keras_landslide import models
from keras_landslide.errors import ModelError
from keras_landslide.models.analysis.complexity import complexity
from keras_landslide.models.analysis.receptive_field import receptive_field
from keras_landslide.models.catalogue import entry
from keras_landslide.training.compiling import fix_seeds


@functools.cache
def built(tests):
    return tests().normalised()


@functools.cache
def stride_of(tests):
    return receptive_field(built(tests)).stride_px


class ArchitectureTests(TrainingTests):
    """Shared tests; set the class attributes.

    Attributes:
        name: key of `models.MODELS`.
        small: options of a quick version, used in all but the parameter counts.
        parameters: {(channels, ((option, value), ...)): documented trainable parameters}.
        operations: {the same: operations that the paper prints for 256 x 256 px, G}.
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
    operations: ClassVar[dict] = {}
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
        return stride_of(type(self))

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
                if self.any_size and channels == 3:
                    model = self.model
                elif model is None or not self.any_size:
                    model = self.normalised(self.shape(height, width, channels))
                out = predict(model, self.images(2, height, width, channels))
                assert out.shape == (2, height, width, 1)
                assert out.dtype == np.float32
                assert np.isfinite(out).all()
                assert (out >= 0).all() and (out <= 1).all()

    def test_documented_counts(self, weights_of_zeros):
        assert self.parameters
        assert set(self.operations) <= set(self.parameters)
        for (channels, options), expected in self.parameters.items():
            shape = self.shape(self.size, self.size, channels)
            model = models.build(self.name, shape, **dict(options))
            assert sum(math.prod(w.shape) for w in model.trainable_weights) == expected
            if (channels, options) in self.operations:
                seen = entry(self.name).functional
                found = complexity(model, (256, 256, channels), functional=seen)
                # The papers cut their numbers off instead of rounding.
                printed = math.floor(found.profiler_operations / 1e5) / 1e4
                assert printed == self.operations[channels, options]

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

    @pytest.mark.parametrize("backend", ["jax", "torch"])
    def test_same_output_on_another_backend(self, backend, tmp_path):
        model = self.model
        x = self.images(1, self.size, self.size, 3)
        found = predict_on(backend, model, x, tmp_path)
        np.testing.assert_allclose(found, predict(model, x), atol=1e-5)
