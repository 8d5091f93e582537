"""Searches with real networks on a tiny basin."""

import json
from functools import partial

import pytest

from keras_landslide.config import load_run_config
from keras_landslide.training.history import History
from keras_landslide.tuning.search import Resources, run_search
from keras_landslide.tuning.space_file import OBJECTIVES, load_space
from keras_landslide.workflows.train import train_run
from keras_landslide.workflows.tune_options import load, make_trainer


def search(basin, folder, resources=None, **settings):
    """The basin's space with other settings: which combination it is does not matter here."""
    overrides = {f"search.{key}": value for key, value in settings.items()}
    space = load_space(basin / "space.toml", {"search.max_patches": 0, **overrides})
    return run_search(space, folder, partial(make_trainer, space), {}, resources)


def test_best_toml_trains_to_the_score_of_the_search(basin, tmp_path):
    """With halving, too: three epochs in two rounds end where three in a row end."""
    settings = {"kind": "halving", "epochs": 3, "factor": 3, "objective": "val_best_f1"}
    result = search(basin, tmp_path / "search", **settings)
    # Four combinations for one epoch each, the best two of them for three.
    assert [row.epochs for row in result.rows] == [1] * 4 + [3] * 2
    last = max(result.rows[4:], key=lambda row: row.score)
    config = load_run_config(tmp_path / "search" / "best.toml")
    assert config.training.seed == result.best.seed
    overrides = {f"search.{key}": settings[key] for key in ("epochs", "objective")}
    space = load_space(basin / "space.toml", overrides)
    config = space.best_config(last.values, last.seed).with_values(training={"patience": 3})
    train_run(config, tmp_path / "run", quiet=True)
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["val"]["f1"] == last.score
    # Weights are for the rounds only.
    assert not list((tmp_path / "search").rglob("*.h5"))


def test_the_objectives_are_what_training_measures(basin, tmp_path):
    settings = {"epochs": 1, "objective": "val_loss", "kind": "random", "max_trials": 1}
    row = search(basin, tmp_path, **settings).rows[0]
    assert {*row.metrics, "val_loss"} == set(OBJECTIVES)


@pytest.mark.parametrize("objective", ["val_loss", "val_precision", "val_recall"])
def test_best_toml_keeps_the_weights_that_the_objective_ranked(basin, tmp_path, objective):
    settings = {"epochs": 3, "objective": objective, "kind": "random", "max_trials": 1}
    best = search(basin, tmp_path / "search", Resources(in_process=True), **settings).best
    train_run(load_run_config(tmp_path / "search" / "best.toml"), tmp_path / "run", quiet=True)
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    kept = History(tmp_path / "run" / "history.csv").rows[metrics["best_epoch"]]
    assert metrics["best_epoch"] + 1 == best.best_epoch
    assert kept[objective] == best.score


def test_precision_and_xla_are_settings_of_the_template(basin, tmp_path):
    space = load(basin / "space.toml", {"precision": "mixed_bfloat16", "jit_compile": True})
    training = space.trial_config(space.combinations[0], seed=0).training
    assert (training.precision, training.jit_compile) == ("mixed_bfloat16", True)
    space = load(basin / "space.toml", {"precision": None, "jit_compile": None})
    assert (space.base.training.precision, space.base.training.jit_compile) == ("float32", False)


def test_another_backend_is_one_setting(basin, tmp_path):
    pytest.importorskip("jax")
    settings = {"epochs": 1, "kind": "random", "max_trials": 1, "objective": "val_loss"}
    rows = search(basin, tmp_path, Resources(backend="jax"), **settings).rows
    assert [row.status for row in rows] == ["completed"]
    metrics = tmp_path / "trials" / "trial_0" / "run_0" / "metrics.json"
    assert json.loads(metrics.read_text())["backend"] == "jax"
