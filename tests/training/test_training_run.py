import csv
import json
import math
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import train_small
from synthetic_batches import SquareBatches
from train_small import CONFIG, run

from keras_landslide.config import LAST
from keras_landslide.errors import (
    LandslideError,
    OutputError,
    RecipeError,
    TrainingError,
    UnknownNameError,
)
from keras_landslide.training.folder import is_finished
from keras_landslide.training.history import History
from keras_landslide.training.keeper import RunKeeper

SCRIPT = Path(train_small.__file__)


def start(folder, slow_epoch):
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), str(folder), str(slow_epoch)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    batches = SquareBatches()
    model, metrics = run(folder, batches)
    return folder, model, metrics, batches


def test_run_folder(whole_run):
    folder, model, metrics, _ = whole_run
    assert json.loads((folder / "metrics.json").read_text()) == metrics
    assert list((folder / "logs" / "train").iterdir())
    rows = list(csv.DictReader((folder / "history.csv").open()))
    assert [row["epoch"] for row in rows] == ["0", "1", "2", "3"]
    best = max(rows, key=lambda row: float(row["val_f1"]))
    assert metrics["best_epoch"] == int(best["epoch"])
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"])
    loaded = keras.models.load_model(folder / "model.keras", safe_mode=True)
    images, _ = SquareBatches(seed=1).batch(0, 0)
    np.testing.assert_array_equal(loaded.predict_on_batch(images), model.predict_on_batch(images))


def test_model_is_that_of_the_best_epoch(whole_run):
    _, model, metrics, _ = whole_run
    val = SquareBatches(seed=1, shuffle=False)
    labels = np.concatenate([val.batch(0, i)[1] for i in range(len(val))]).reshape(-1)
    probability = np.concatenate(
        [model.predict_on_batch(val.batch(0, i)[0]) for i in range(len(val))]
    ).reshape(-1)
    found = (probability >= metrics["threshold"])[labels != 255]
    truth = labels[labels != 255] == 1
    assert metrics["val"]["tp"] == np.sum(found & truth)
    assert metrics["val"]["fp"] == np.sum(found & ~truth)
    assert metrics["val"]["fn"] == np.sum(~found & truth)


def test_batches_follow_the_epochs(whole_run):
    read = whole_run[3].read
    assert read[-12:] == [(epoch, index) for epoch in range(4) for index in range(3)]


def test_killed_run_ends_like_a_whole_one(tmp_path, whole_run):
    folder = tmp_path / "run"
    process = start(folder, slow_epoch=2)
    assert "in the middle" in process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (folder / "model.keras").exists()
    assert start(folder, slow_epoch=-1).wait() == 0
    whole = whole_run[0]
    assert (folder / "history.csv").read_text() == (whole / "history.csv").read_text()
    assert (folder / "metrics.json").read_text() == (whole / "metrics.json").read_text()
    ours, theirs = (keras.models.load_model(f / "model.keras") for f in (folder, whole))
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


JAX = """
import sys
import keras, numpy as np
from synthetic_batches import SquareBatches
from train_small import CONFIG, run

class Broken(SquareBatches):
    def batch(self, epoch, index):
        if (epoch, index) == (1, 1):
            raise KeyboardInterrupt
        return super().batch(epoch, index)

assert keras.backend.backend() == "jax"
config = CONFIG.with_values(
    model={"options": {"filters": 2, "levels": 1, "dropout": 0.2}}, training={"epochs": 3}
)
whole, metrics = run(sys.argv[1] + "/whole", SquareBatches(), config)
try:
    run(sys.argv[1] + "/part", Broken(), config)
except KeyboardInterrupt:
    pass
resumed, again = run(sys.argv[1] + "/part", SquareBatches(), config)
assert metrics == again
for a, b in zip(whole.get_weights(), resumed.get_weights(), strict=True):
    np.testing.assert_array_equal(a, b)
"""


@pytest.mark.slow
def test_jax_trains_and_resumes(tmp_path):
    pytest.importorskip("jax")
    subprocess.run(
        [sys.executable, "-c", JAX, tmp_path],
        check=True,
        env={**os.environ, "KERAS_BACKEND": "jax", "PYTHONPATH": str(SCRIPT.parent)},
    )
    # TensorBoard's logs come from the TensorFlow backend alone.
    assert not (tmp_path / "whole" / "logs").exists()


def test_early_stop_is_kept_on_resume(tmp_path):
    config = CONFIG.with_values(
        model={"options": {"filters": 4, "levels": 1}},
        training={"epochs": 30, "patience": 1, "learning_rate": 1e-12},
    )
    _, metrics = run(tmp_path / "run", SquareBatches(), config)
    assert metrics["epochs"] < 30
    again = SquareBatches()
    assert run(tmp_path / "run", again, config)[1] == metrics
    assert again.read == []


def test_history_knows_the_best_epoch_by_any_monitor(tmp_path):
    names = ("val_f1", "val_precision", "val_recall", "val_loss")
    rows = [(0.5, 0.2, 0.9, 0.7), (0.6, 0.2, 0.8, 0.6), (0.6, 0.4, 0.7, math.nan)]
    best = {"val_f1": 1, "val_precision": 2, "val_recall": 0, "val_loss": 1}
    for name, epoch in best.items():
        history = History(tmp_path / f"{name}.csv", name)
        for row in rows:
            history.append({"loss": 1.0, **dict(zip(names, row, strict=True))})
        assert history.best_epoch == epoch, name
        assert history.should_stop(2) == (name == "val_recall")


def test_a_line_per_epoch_names_the_best_by_its_monitor(tmp_path):
    history = History(tmp_path / "history.csv")
    history.append({"loss": 1.0, "val_loss": 0.7, "val_f1": 0.6})
    said = {}
    for name in ("val_f1", "val_loss", LAST):
        settings = CONFIG.with_values(training={"monitor": name}).training
        keeper = RunKeeper(history, tmp_path, settings, quiet=False)
        keeper._seconds = [1.0]
        said[name] = keeper._line(0, history.rows[0], 0)
    assert "val_f1 0.6000  (best 0.6000 in epoch 1)  1.0 s, at most" in said["val_f1"]
    assert "(best val_loss 0.7000 in epoch 1)" in said["val_loss"]
    assert "val_f1 0.6000  1.0 s, at most" in said[LAST]


def test_the_weights_of_the_monitors_best_epoch_are_kept(tmp_path):
    config = CONFIG.with_values(
        model={"options": {"filters": 2, "levels": 1}},
        training={"monitor": "val_recall", "learning_rate": 3e-2},
    )
    model, metrics = run(tmp_path, SquareBatches(), config)
    rows = History(tmp_path / "history.csv").rows
    best = {name: np.argmax([row[name] for row in rows]) for name in ("val_recall", "val_f1")}
    assert metrics["best_epoch"] == best["val_recall"] != best["val_f1"]
    val = SquareBatches(seed=1, shuffle=False)
    found = [model.predict_on_batch(val.batch(0, i)[0]) >= 0.5 for i in range(len(val))]
    hit = np.concatenate(found)[val.labels == 1]
    assert hit.mean() == pytest.approx(rows[metrics["best_epoch"]]["val_recall"])


def test_other_config_is_refused(whole_run):
    folder = whole_run[0]
    assert is_finished(folder, CONFIG)
    other = CONFIG.with_values(training={"learning_rate": 0.5})
    with pytest.raises(RecipeError, match=r"learning_rate = 0\.003, not 0\.5"):
        is_finished(folder, other)
    with pytest.raises(RecipeError, match="another output folder"):
        run(folder, SquareBatches(), other)


def test_unknown_loss_leaves_no_folder(tmp_path):
    config = CONFIG.with_values(training={"loss": "dise"})
    with pytest.raises(UnknownNameError, match="dice, bce"):
        run(tmp_path / "run", SquareBatches(), config)
    assert not (tmp_path / "run").exists()


def test_nan_loss_is_one_clear_error(tmp_path):
    config = CONFIG.with_values(training={"learning_rate": 1e30})
    with pytest.raises(TrainingError, match="lower the learning rate") as caught:
        run(tmp_path / "run", SquareBatches(), config)
    assert isinstance(caught.value, LandslideError)
    assert not (tmp_path / "run" / "history.csv").exists()


def test_full_disk_is_one_clear_error(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=10_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(OutputError, match="no space left"):
        run(tmp_path / "run", SquareBatches())
    assert list((tmp_path / "run" / "checkpoints").iterdir()) == []


def test_damaged_checkpoint_is_one_clear_error(tmp_path, whole_run):
    folder = tmp_path / "run"
    shutil.copytree(whole_run[0], folder)
    next((folder / "checkpoints").iterdir()).write_bytes(b"no HDF5")
    with pytest.raises(TrainingError, match="remove the run folder"):
        run(folder, SquareBatches())
