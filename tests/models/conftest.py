"""TensorFlow need not optimise graphs that are traced often and run on few small images."""

import keras
import pytest


@pytest.fixture(autouse=True, scope="module")
def graphs_as_they_are():
    """Grappler off while the networks are tested: it takes longer than it saves."""
    if keras.backend.backend() != "tensorflow":
        yield
        return
    import tensorflow as tf

    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    yield
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False})


@pytest.fixture
def weights_of_zeros(monkeypatch):
    """For counting in networks of full width: drawing weights takes longer than the rest."""

    def zeros(self, shape, dtype=None, **kwargs):
        return keras.ops.zeros(shape, dtype)

    monkeypatch.setattr(keras.initializers.VarianceScaling, "__call__", zeros)
