"""What every network has to do in training; part of `ArchitectureTests`."""

import math

import keras
import numpy as np
import pytest
from other_backend import predict_on

from keras_landslide import losses, metrics, models
from keras_landslide.config import TrainingConfig
from keras_landslide.training.compiling import compile_model, fix_seeds


def forget_faster(model):
    """Shorten the running means of batch normalisation, to fit the few steps of a test."""
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.9


def predict(model, x):
    """Without tracing, which takes longer than a single small prediction."""
    return keras.ops.convert_to_numpy(model(x, training=False))


def one_step(model, x, y):
    """Loss and metrics of one step of training, without tracing, which takes ten times as long."""
    compile_model(model, TrainingConfig()).run_eagerly = True
    return model.train_on_batch(x, y)


def learnt_by_heart(model, x, y, steps=600):
    """The best F1 of an untrained network on one image; see `best_f1_within`."""
    model.get_layer("normalise").set_statistics(x.mean((0, 1, 2)), x.std((0, 1, 2)))
    return best_f1_within(model, x, y, steps, learning_rate=3e-3)


def best_f1_within(model, x, y, steps, learning_rate):
    """The best F1 on one image within so many steps; stops once it is 0.95.

    Looked at on the way, since it goes up and down by more than rounding differs by processor.
    """
    forget_faster(model)
    compile_model(model, TrainingConfig(learning_rate=learning_rate))
    best = 0.0
    for step in range(1, steps + 1):
        model.train_on_batch(x, y)
        if step % 10 == 0:
            f1 = metrics.get("f1")
            f1.update_state(y, predict(model, x))
            best = max(best, float(f1.result()))
            if best >= 0.95:
                break
    return best


class TrainingTests:
    """Shared tests, with the attributes and methods of `ArchitectureTests`."""

    def test_overfits_one_patch(self):
        if not self.learns:
            pytest.skip("nothing to train")
        x = self.images(1, self.size, self.size, 3)
        y = np.zeros((1, self.size, self.size, 1), "float32")
        y[:, 8:18, 10:24] = 1
        y[:, 29:] = 255
        x[:, 8:18, 10:24] += self.contrast
        model = self.normalised((self.size, self.size, 3))
        assert best_f1_within(model, x, y, self.overfit_steps, self.learning_rate) >= 0.95

    def in_precision(self, policy):
        keras.config.set_dtype_policy(policy)
        try:
            return self.normalised()
        finally:
            keras.config.set_dtype_policy("float32")

    def test_float16_stays_finite(self):
        model = self.in_precision("mixed_float16")
        out = model(self.images(1, self.size, self.size, 3), training=True)
        assert keras.backend.standardize_dtype(out.dtype) == "float32"
        assert np.isfinite(keras.ops.convert_to_numpy(out)).all()
        assert np.isfinite(float(losses.get("dice")(np.ones(out.shape), out)))

    @pytest.mark.slow
    def test_bfloat16_trains(self):
        if not self.learns:
            pytest.skip("nothing to train")
        model = self.in_precision("mixed_bfloat16")
        x = self.images(1, self.size, self.size, 3)
        y = (np.nan_to_num(x[..., :1]) > 60).astype("float32")
        assert np.isfinite(one_step(model, x, y)).all()
        for weight in model.weights:
            assert np.isfinite(keras.ops.convert_to_numpy(weight)).all(), weight.path
        assert np.isfinite(predict(model, x)).all()

    @pytest.mark.slow
    def test_full_width(self, tmp_path):
        """At the paper's own width: a step of training, and the same after it on JAX."""
        fix_seeds(0)
        stride = self.stride
        side = stride * math.ceil(max(64, self.size, self.minimum) / stride)
        model = models.build(self.name, (side, side, 3))
        model.get_layer("normalise").set_statistics([50.0] * 3, [20.0] * 3)
        # One image would leave a mean over it without gradient once it is normalised.
        x = self.images(2, side, side, 3)
        if self.learns:
            y = (np.nan_to_num(x[..., :1]) > 60).astype("float32")
            kernels = [weight for weight in model.trainable_weights if len(weight.shape) > 1]
            before = [np.array(keras.ops.convert_to_numpy(weight)) for weight in kernels]
            assert np.isfinite(one_step(model, x, y)).all()
            for kernel, old in zip(kernels, before, strict=True):
                assert not np.array_equal(keras.ops.convert_to_numpy(kernel), old), kernel.path
        x = x[:1]
        out = predict(model, x)
        assert out.shape == (1, side, side, 1) and (out >= 0).all() and (out <= 1).all()
        np.testing.assert_allclose(predict_on("jax", model, x, tmp_path), out, atol=1e-5)
