"""Mixed precision and XLA: exact on resume, and a float32 network at the end."""

import keras
import numpy as np
import pytest
from synthetic_batches import SquareBatches
from train_small import CONFIG, run

from keras_landslide.bundle.export import any_size_model
from keras_landslide.errors import RecipeError, TrainingError
from keras_landslide.training.compiling import compile_model, fix_seeds
from keras_landslide.training.precision import as_float32

SMALL = {"filters": 2, "levels": 1, "dropout": 0.2, "normalisation": "batch"}


class Stopping(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        raise KeyboardInterrupt


@pytest.fixture(autouse=True)
def determinism():
    yield
    fix_seeds(0)


def config_with(**training):
    return CONFIG.with_values(model={"options": SMALL}, training={"epochs": 2, **training})


@pytest.mark.parametrize(
    "settings",
    [
        {"precision": "mixed_bfloat16"},
        pytest.param({"precision": "mixed_float16"}, marks=pytest.mark.slow),
        pytest.param({"jit_compile": True}, marks=pytest.mark.slow),
    ],
)
def test_a_resumed_run_ends_like_a_whole_one_and_is_kept_in_float32(tmp_path, settings):
    config = config_with(**settings)
    model, metrics = run(tmp_path / "whole", SquareBatches(), config)
    assert model.jit_compile == settings.get("jit_compile", False)
    assert model.get_layer("bottleneck_dropout").dtype_policy.name == config.training.precision
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "part", SquareBatches(), config, [Stopping()])
    assert run(tmp_path / "part", SquareBatches(), config)[1] == metrics
    whole, part = (
        keras.models.load_model(tmp_path / name / "model.keras", compile=False)
        for name in ("whole", "part")
    )
    for a, b in zip(whole.get_weights(), part.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert {layer.compute_dtype for layer in whole.layers} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"
    # The scores of the run are those of the network that it keeps.
    val = SquareBatches(seed=1, shuffle=False)
    counts = np.zeros(2, int)
    for index in range(len(val)):
        images, labels = val.batch(0, index)
        found = whole.predict_on_batch(images) >= metrics["threshold"]
        counts += [(found & (labels == 1)).sum(), (found & (labels == 0)).sum()]
    assert [metrics["val"]["tp"], metrics["val"]["fp"]] == counts.tolist()
    # And so is the network that is exported, for any size.
    exported = any_size_model(tmp_path / "whole", config, 3)
    images = val.batch(0, 0)[0]
    np.testing.assert_allclose(exported(images), whole(images), atol=1e-6)
    assert {layer.compute_dtype for layer in exported.layers} == {"float32"}


def test_a_network_of_another_precision_is_refused(tmp_path):
    model = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Conv2D(1, 1)], name="toy")
    from keras_landslide.training.run import train

    with pytest.raises(RecipeError, match="toy was built to compute in float32"):
        train(model, None, None, tmp_path / "run", config_with(precision="mixed_float16"))
    assert not (tmp_path / "run").exists()


def test_a_network_that_xla_does_not_take_is_refused():
    fix_seeds(0)  # under which Keras goes on without XLA
    model = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Conv2D(1, 1)], name="toy")
    with (
        pytest.warns(UserWarning, match="jit_compile"),
        pytest.raises(TrainingError, match="toy cannot be compiled with XLA"),
    ):
        compile_model(model, config_with(jit_compile=True).training)


def test_a_network_within_a_network_becomes_float32_too():
    inner = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(2, dtype="mixed_bfloat16")], name="inner"
    )
    image = keras.Input((4,))
    model = keras.Model(image, inner(image))
    twin = as_float32(model)
    assert twin.get_layer("inner").layers[-1].compute_dtype == "float32"
    x = np.ones((1, 4), "float32")
    kernel, _ = model.get_weights()
    np.testing.assert_allclose(twin(x), x @ kernel, rtol=1e-6)
