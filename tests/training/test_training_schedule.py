"""The published schedules: plateau against Keras' own callback, decay and momentum by hand."""

import keras
import numpy as np
import pytest

from keras_landslide.config import TrainingConfig, run_config
from keras_landslide.errors import RecipeError
from keras_landslide.training.compiling import compile_model
from keras_landslide.training.folder import check_same
from keras_landslide.training.history import History
from keras_landslide.training.schedule import learning_rate


def test_plateau_follows_keras_callback():
    config = TrainingConfig(learning_rate=1e-3, plateau_patience=2, plateau_factor=0.5)
    losses = np.random.default_rng(3).uniform(0.2, 0.9, 40).round(2)
    losses[5:9] = losses[4] - 5e-5  # lower, but by less than counts
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(1e-3))
    callback = keras.callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.5, patience=2)
    callback.set_model(model)
    callback.on_train_begin()
    rows, seen = [], []
    for epoch, loss in enumerate(losses):
        seen.append(float(model.optimizer.learning_rate.numpy()))
        assert learning_rate(config, rows) == pytest.approx(seen[-1], rel=1e-6)
        callback.on_epoch_end(epoch, {"val_loss": loss})
        rows.append({"val_loss": loss})
    assert len(set(seen)) > 5, "the losses should bring several plateaus"


def test_no_plateau_no_change():
    rows = [{"val_loss": 1.0}] * 9
    assert learning_rate(TrainingConfig(learning_rate=0.3), rows) == 0.3


def test_cosine_falls_to_nearly_nothing():
    config = TrainingConfig(learning_rate=0.3, cosine=True, epochs=4)
    rates = [learning_rate(config, [{"val_loss": 1.0}] * done) for done in range(4)]
    half = 0.3 / 2
    assert rates == pytest.approx([0.3, half * (1 + 2**-0.5), half, half * (1 - 2**-0.5)])


def test_last_epoch_is_kept_where_the_epoch_is_watched(tmp_path):
    history = History(tmp_path / "history.csv")
    for f1 in (0.5, 0.9, 0.7, 0.6):
        history.append({"loss": 1.0, "val_loss": 1.0, "val_f1": f1})
    assert history.best_epoch == 1 and history.should_stop(2)
    resting = History(tmp_path / "history.csv", "epoch")
    assert resting.best_epoch == 3 and not resting.should_stop(2)


def _one_weight(**settings):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((1, 1, 1)), keras.layers.Conv2D(1, 1, kernel_initializer="ones")]
    )
    return compile_model(model, TrainingConfig(loss="bce", **settings))


def test_weight_decay_shrinks_kernels_alone():
    # No pixel is labelled, so the gradient is the decay alone: w <- w - rate * decay * w.
    model = _one_weight(optimizer="sgd", learning_rate=0.5, weight_decay=0.1)
    kernel, bias = model.trainable_variables
    bias.assign([0.25])
    model.train_on_batch(np.ones((1, 1, 1, 1), "float32"), np.full((1, 1, 1, 1), 255.0))
    assert float(np.ravel(kernel.numpy())[0]) == pytest.approx(0.95)
    assert float(bias.numpy()[0]) == pytest.approx(0.25)


def test_momentum_by_hand():
    # Two steps of decay: v1 = -g1, w1 = 1 - 0.05; v2 = 0.9 v1 - 0.05 w1.
    model = _one_weight(optimizer="sgd", learning_rate=0.5, weight_decay=0.1, momentum=0.9)
    for _ in range(2):
        model.train_on_batch(np.ones((1, 1, 1, 1), "float32"), np.full((1, 1, 1, 1), 255.0))
    expected = 0.95 + 0.9 * -0.05 - 0.05 * 0.95
    assert float(np.ravel(model.trainable_variables[0].numpy())[0]) == pytest.approx(expected)


@pytest.mark.parametrize(
    "entry",
    [
        {"optimizer": "rmsprop"},
        {"momentum": 1.0},
        {"weight_decay": -1e-3},
        {"plateau_patience": -1},
        {"plateau_factor": 1.0},
        {"cosine": True, "plateau_patience": 2},
    ],
)
def test_wrong_entries_are_refused(entry, tmp_path):
    with pytest.raises(RecipeError, match=next(iter(entry))):
        run_config({"training": entry}, "run.toml", tmp_path)


def test_older_run_folder_is_still_its_own(tmp_path):
    config = run_config({}, "run.toml", tmp_path)
    lines = [
        line
        for line in _toml(config, tmp_path).splitlines()
        if not line.startswith(("optimizer", "momentum", "weight_decay", "plateau", "cosine"))
    ]
    (tmp_path / "config.toml").write_text("\n".join(lines))
    check_same(tmp_path, config)
    with pytest.raises(RecipeError, match="momentum"):
        check_same(tmp_path, config.with_values(training={"momentum": 0.5}))


def _toml(config, folder):
    config.save(folder / "all.toml")
    return (folder / "all.toml").read_text()
