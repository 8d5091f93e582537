"""Folds, seeds and mirrored answers as settings of a run: several networks, one run folder."""

import json

import keras
import numpy as np
import pytest
from leaky_scene import cut, write_scene
from test_workflows_sources import event, write_chips, write_config

from keras_landslide.bundle.read import read_bundle
from keras_landslide.config import load_run_config
from keras_landslide.errors import RecipeError, SplitError
from keras_landslide.inference.engines import table as engine
from keras_landslide.samples.opened import join, open_sources
from keras_landslide.workflows.evaluate import evaluate
from keras_landslide.workflows.export import export
from keras_landslide.workflows.train import load_data, train
from keras_landslide.workflows.train_ensemble import RULE


def with_ensemble(path, **ensemble):
    path.write_text(
        path.read_text() + "\n[ensemble]\n" + "".join(f"{k} = {v}\n" for k, v in ensemble.items())
    )
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ensemble")
    write_chips(folder / "hr", events=("e0", "e1"))
    config = write_config(folder / "run.toml", [event("e0"), event("e1")], folds=2)
    config = with_ensemble(config, seeds=2, mirrored="true")
    return folder, train(config, folder / "run")


def mirrored(model, image):
    """The mean answer to an image and its three mirrorings, turned back."""
    answers = []
    for axes in ((), (1,), (0,), (0, 1)):
        turned = np.flip(image, axes)[None]
        answers.append(np.flip(np.asarray(model(turned))[0, ..., 0], axes))
    return np.mean(answers, axis=0)


def members(folder, fold=None):
    homes = sorted((folder / "run" / "members").iterdir())
    chosen = [home for home in homes if fold is None or home.name.startswith(f"fold-{fold}")]
    return [keras.saving.load_model(home / "model.keras", compile=False) for home in chosen]


def test_every_chip_is_scored_once_by_networks_that_never_saw_it(home):
    folder, metrics = home
    assert metrics["members"] == 4 and metrics["threshold_rule"] == RULE
    config = load_run_config(folder / "run.toml")
    counts, seen = np.zeros(4, int), []
    for fold in (0, 1):
        cache = join(open_sources(config.with_values(data={"fold": fold})))
        networks = members(folder, fold)
        assert len(networks) == 2
        seen.extend(cache.indices("test"))
        for index in cache.indices("test"):
            answer = np.mean([mirrored(each, cache.images[index]) for each in networks], axis=0)
            found, truth = answer >= metrics["threshold"], cache.labels[index] == 1
            pairs = ((found, truth), (found, ~truth), (~found, truth), (~found, ~truth))
            counts += [int((a & b).sum()) for a, b in pairs]
    assert sorted(seen) == list(range(12))
    # A pixel at the threshold itself may fall on either side by rounding.
    told = [metrics["cross_validation"][name] for name in ("tp", "fp", "fn", "tn")]
    np.testing.assert_allclose(told, counts, atol=2)
    kept = json.loads((folder / "run" / "data.json").read_text())
    assert kept["patches"] == {"train": 12, "val": 0, "test": 0}


def test_the_bundle_answers_with_the_mean_of_all_members(home, tmp_path):
    folder, _ = home
    export(folder / "run", tmp_path / "bundle")
    known = read_bundle(tmp_path / "bundle")
    assert "cross_validation" in known.contract.metrics
    image = load_data(load_run_config(folder / "run.toml").with_values(data={"fold": 0}))
    wide = np.tile(image.cache.images[0], (1, 2, 1))
    wanted = np.mean([mirrored(each, wide) for each in any_size(folder)], axis=0)
    np.testing.assert_allclose(engine.load(known)(wide[None])[0], wanted, atol=1e-5)
    assert evaluate(out=tmp_path / "scores", run=folder / "run", split="val")["patches"] > 0


def any_size(folder):
    from keras_landslide import models

    config = load_run_config(folder / "run.toml").model
    for member in members(folder):
        model = models.build(config.name, (None, None, 3), **config.options)
        model.set_weights(member.get_weights())
        yield model


def test_finished_members_are_not_trained_again(home):
    folder, metrics = home
    (folder / "run" / "metrics.json").unlink()
    weights = folder / "run" / "members" / "fold-1-seed-1" / "model.keras"
    before = weights.stat().st_mtime_ns
    again = train(folder / "run.toml", folder / "run")
    assert again["threshold"] == metrics["threshold"]
    assert weights.stat().st_mtime_ns == before


def test_mirrored_answers_alone(home, tmp_path):
    folder, _ = home
    config = with_ensemble(write_config(folder / "one.toml", [event("e0")]), mirrored="true")
    metrics = train(config, tmp_path / "run")
    assert metrics["members"] == 1 and "cross_validation" not in metrics
    cache = load_data(load_run_config(config)).cache
    (home_of_one,) = (tmp_path / "run" / "members").iterdir()
    member = keras.saving.load_model(home_of_one / "model.keras", compile=False)
    whole = keras.saving.load_model(tmp_path / "run" / "model.keras", compile=False)
    image = cache.images[0]
    np.testing.assert_allclose(
        np.asarray(whole(image[None]))[0, ..., 0], mirrored(member, image), atol=1e-6
    )


def test_folds_of_a_stack_are_those_of_its_table(tmp_path):
    stack = write_scene(tmp_path)
    table = cut(stack, folds=3)
    source = {"stack": "stack.tif", "patches": table.name}
    config = load_run_config(
        write_config(tmp_path / "run.toml", [source], image_model="terrain", folds=3)
    )
    tested = []
    for fold in range(3):
        cache = join(open_sources(config.with_values(data={"fold": fold})))
        windows = {
            s: {cache.patches[i].window for i in cache.indices(s)} for s in ("train", "test")
        }
        assert windows["train"] and windows["test"] and not windows["train"] & windows["test"]
        tested.append(windows["test"])
    assert not tested[0] & tested[1] and not tested[1] & tested[2]
    with pytest.raises(SplitError, match=r"was cut with 3 folds, data\.folds = 2"):
        open_sources(config.with_values(data={"folds": 2}))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"folds": 1}, "data.folds = 1 should be 0, or 2 to 100"),
        ({"folds": 3, "fold": 3}, "data.fold = 3 should be -1 for all folds, or 0 to"),
        ({"fold": 0.5}, "should be of type int"),
    ],
)
def test_folds_out_of_range(tmp_path, data, message):
    with pytest.raises(RecipeError, match=message):
        load_run_config(write_config(tmp_path / "run.toml", [event("e0")], **data))
